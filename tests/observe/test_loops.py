import textwrap
from pathlib import Path

import numpy as np

from convalesce import core
from convalesce.observe import observe_script
from convalesce.observe.options import Options

BEGIN = """
import keras
import numpy as np
import tensorflow as tf
from keras import layers

keras.utils.set_random_seed(3)
x = np.random.default_rng(0).normal(size=(32, 4)).astype("float32")
y = x[:, :1] * 2

def net():
    model = keras.Sequential([keras.Input((4,)), layers.Dense(1)])
    model.compile("sgd", "mse")
    return model
"""

TAPE = """
model, optimizer = net(), keras.optimizers.SGD(0.1)

def step(x, y):
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean((model(x, training=True) - y) ** 2)
    gradients = tape.gradient(loss, model.trainable_variables)
    optimizer.apply_gradients(zip(gradients, model.trainable_variables))
    return loss
"""


def observed(folder: Path, *parts: str, options: Options | None = None) -> core.Run:
    script = folder / "train.py"
    text = "".join(textwrap.dedent(part) for part in (BEGIN, *parts))
    script.write_text(text, encoding="utf-8")
    return observe_script(str(script), (), options or Options())


def test_a_loop_of_train_on_batch_gives_losses_model_set_up_and_data(tmp_path: Path) -> None:
    run = observed(
        tmp_path,
        """
        model = net()
        for _ in range(5):
            model.train_on_batch(x[:8], y[:8])
        """,
    )
    (fit,) = run.fits
    setup = fit.signals[core.SETUP]
    assert setup.partial == "train_on_batch" and setup.batch_size == 8
    assert setup.losses[0].name in {"mean_squared_error", "mse"}
    assert len(fit.signals[core.LOSS]) == 5
    assert np.all(np.diff(fit.signals[core.LOSS].values) < 0)
    assert [layer.kind for layer in fit.signals[core.MODEL].layers] == ["Dense"]
    assert fit.signals[core.TRAIN].scanned == 40
    assert "5 calls of train_on_batch is covered in part" in fit.remarks[0]
    assert fit.site is not None and Path(fit.site.file).name == "train.py"


def test_losses_are_read_from_dictionaries_too(tmp_path: Path) -> None:
    run = observed(tmp_path, "net().train_on_batch(x, y, return_dict=True)")
    assert np.isfinite(run.fits[0].signals[core.LOSS].values).all()


def test_an_eager_loop_gives_gradients_and_updates(tmp_path: Path) -> None:
    run = observed(tmp_path, TAPE, "for _ in range(60):\n    step(x, y)\n")
    (fit,) = run.fits
    assert len(fit.remarks) == 1
    norms = fit.signals[core.GRADIENT_NORM]
    assert list(norms.steps) == [*range(20), 50]
    assert len(norms.labels) == 2 and norms.labels[0].endswith("kernel")
    ratios = fit.signals[core.UPDATE_RATIO].column(norms.labels[0])
    weights = fit.signals[core.WEIGHT_NORM].column(norms.labels[0])
    gradients = norms.column(norms.labels[0])
    np.testing.assert_allclose(ratios, 0.1 * gradients / weights, rtol=1e-3)
    assert [layer.kind for layer in fit.signals[core.MODEL].layers] == ["Dense"]
    setup = fit.signals[core.SETUP]
    assert setup.partial == "GradientTape" and setup.optimizer is not None
    assert setup.optimizer.name == "SGD" and setup.losses == ()
    assert "60 updates is covered in part" in fit.remarks[0]


def test_a_loop_inside_a_function_graph_is_noted_with_its_count(tmp_path: Path) -> None:
    run = observed(tmp_path, TAPE, "fast = tf.function(step)\nfor _ in range(7):\n    fast(x, y)\n")
    (fit,) = run.fits
    assert core.GRADIENT_NORM not in fit.signals
    assert "of 7 updates inside a tf.function is covered in part" in fit.remarks[0]
    assert core.MODEL in fit.signals and not any("failed" in r for r in fit.remarks)


def test_an_optimizer_inside_fit_is_no_loop(tmp_path: Path) -> None:
    run = observed(tmp_path, "net().fit(x, y, verbose=0)\n")
    assert len(run.fits) == 1 and run.fits[0].signals[core.SETUP].partial == ""


def test_loops_come_after_the_fits(tmp_path: Path) -> None:
    run = observed(tmp_path, "net().train_on_batch(x, y)\nnet().fit(x, y, verbose=0)\n")
    assert [fit.signals[core.SETUP].partial for fit in run.fits] == ["", "train_on_batch"]
    assert [fit.index for fit in run.fits] == [0, 1]


def test_models_trained_in_turn_are_not_judged_alone(tmp_path: Path) -> None:
    run = observed(
        tmp_path,
        """
        a, b = net(), net()
        for _ in range(6):
            a.train_on_batch(x, y)
            b.train_on_batch(x, y)
        """,
    )
    assert [set(fit.signals.recorded) for fit in run.fits] == [{core.LOSS}, {core.LOSS}]
    assert "2 models are trained in turn" in run.remarks[0]


def test_check_says_that_a_loop_ran_to_its_end(tmp_path: Path) -> None:
    run = observed(tmp_path, "net().train_on_batch(x, y)", options=Options(cut=100))
    assert "It ran to its end" in run.fits[0].remarks[0]


def test_a_watched_loop_ends_with_the_same_weights(tmp_path: Path) -> None:
    text = """
    import random
    for _ in range(25):
        step(x, y)
    other = net()
    for _ in range(3):
        other.train_on_batch(x, y)
    state = [w.numpy() for m in (model, other) for w in m.weights]
    state += [np.array(random.random()), np.random.rand(2), tf.random.uniform([2]).numpy()]
    np.savez("NAME", *state)
    """
    arms = []
    for arm, every in (("watched", None), ("unwatched", 0)):
        target = str(tmp_path / f"{arm}.npz")
        seeded = "import random\nrandom.seed(1)\n" + textwrap.dedent(text).replace("NAME", target)
        assert observed(tmp_path, TAPE, seeded, options=Options(every=every)).status == 0
        arms.append(np.load(target))
    assert arms[0].files == arms[1].files
    for name in arms[0].files:
        np.testing.assert_array_equal(arms[0][name], arms[1][name])
