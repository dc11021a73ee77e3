"""What the graph reports is what a tape and numpy find, step by step."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf

from convalesce import core
from convalesce.observe.monitor import Instrument
from tests.observe.monitor.nets import CLASSES, Watch, compiled, images

layers = keras.layers
CLOSE = 2e-5


def net(**options: Any) -> Any:
    keras.backend.clear_session()
    keras.utils.set_random_seed(9)
    shared = layers.Dense(6, activation="tanh", name="mid")
    model = keras.Sequential(
        [
            keras.Input((8, 8, 3)),
            layers.Conv2D(20, 3, activation="relu", name="conv"),
            layers.Flatten(),
            shared,
            layers.Dense(CLASSES, activation="softmax", kernel_regularizer="l2", name="out"),
        ]
    )
    weight = model.get_layer("conv").bias
    weight.assign(np.where(np.arange(20) < 5, -100.0, 0.0))
    return compiled(model, optimizer=keras.optimizers.SGD(0.5), **options)


def recomputed(steps: int, size: int, **options: Any) -> list[dict[str, Any]]:
    """The same training written by hand."""
    model = net(**options)
    x, y = images()
    x = x.astype("float32")
    found = []
    for step in range(steps):
        rows = slice(step * size, (step + 1) * size)
        with tf.GradientTape() as tape:
            loss = model.compute_loss(x[rows], y[rows], model(x[rows], training=True))
        variables = model.trainable_variables
        gradients = [g.numpy() for g in tape.gradient(loss, variables)]
        before = [v.numpy() for v in variables]
        outputs = {}
        h = x[rows]
        for layer in model.layers:
            h = layer(h)
            outputs[layer.name] = np.asarray(h, np.float64)
        for variable, value, gradient in zip(variables, before, gradients, strict=True):
            variable.assign(value - 0.5 * gradient)
        found.append(
            {
                "loss": float(loss),
                "penalty": float(sum(model.losses)) if step == 0 else None,
                "gradients": gradients,
                "before": before,
                "after": [v.numpy() for v in variables],
                "outputs": outputs,
                "labels": np.bincount(y[rows], minlength=CLASSES),
                "x": x[rows],
            }
        )
    return found


@pytest.fixture(scope="module")
def observed() -> dict[Any, core.Series]:
    instrument = Instrument(every=1)
    x, y = images()
    net().fit(x, y, batch_size=8, shuffle=False, verbose=0, callbacks=[Watch(instrument)])
    assert instrument.remarks == []
    return instrument.series()


@pytest.fixture(scope="module")
def expected() -> list[dict[str, Any]]:
    return recomputed(5, 8)


def test_losses_are_those_of_the_batches(observed: Any, expected: Any) -> None:
    np.testing.assert_allclose(observed[core.LOSS].values, [e["loss"] for e in expected], CLOSE)
    np.testing.assert_allclose(observed[core.LEARNING_RATE].values, 0.5)


def test_the_penalty_is_that_of_the_weights_before_the_update(observed: Any, expected: Any) -> None:
    kernel = [e["before"][-2] for e in expected]
    np.testing.assert_allclose(
        observed[core.PENALTY].values, [0.01 * np.sum(k**2) for k in kernel], CLOSE
    )


def test_gradients_agree_with_a_tape(observed: Any, expected: Any) -> None:
    for signal, figure in (
        (core.GRADIENT_NORM, np.linalg.norm),
        (core.GRADIENT_MAX, lambda g: np.abs(g).max()),
        (core.GRADIENT_ZERO_SHARE, lambda g: np.mean(g == 0)),
    ):
        wanted = [[figure(g.ravel()) for g in e["gradients"]] for e in expected]
        np.testing.assert_allclose(observed[signal].values, wanted, 1e-4, err_msg=signal.name)
    assert not observed[core.GRADIENT_NONFINITE].values.any()
    assert observed[core.GRADIENT_NORM].labels[0].endswith("conv/kernel")


def test_updates_are_measured_against_the_weights_before(observed: Any, expected: Any) -> None:
    norms = [[np.linalg.norm(v) for v in e["before"]] for e in expected]
    np.testing.assert_allclose(observed[core.WEIGHT_NORM].values, norms, CLOSE, atol=1e-7)
    with np.errstate(divide="ignore"):
        ratios = [
            [
                np.linalg.norm(a - b) / np.linalg.norm(b)
                for a, b in zip(e["after"], e["before"], strict=True)
            ]
            for e in expected
        ]
    np.testing.assert_allclose(observed[core.UPDATE_RATIO].values, ratios, 1e-3)


def test_activations_agree_with_layers_called_one_by_one(observed: Any, expected: Any) -> None:
    for name in ("conv", "mid", "out"):
        outputs = [e["outputs"][name] for e in expected]
        label = next(c for c in observed[core.ACTIVATION_MEAN].labels if c.endswith(name))
        for signal, figure in (
            (core.ACTIVATION_MEAN, np.mean),
            (core.ACTIVATION_STD, np.std),
            (core.ACTIVATION_ZERO_SHARE, lambda o: np.mean(o == 0)),
            (core.DEAD_UNITS, lambda o: np.mean(~o.reshape(-1, o.shape[-1]).any(0))),
        ):
            np.testing.assert_allclose(
                observed[signal].column(label), [figure(o) for o in outputs], 1e-4, atol=1e-6
            )
    saturated = [np.mean(np.abs(e["outputs"]["mid"]) > 0.97) for e in expected]
    label = next(c for c in observed[core.ACTIVATION_MEAN].labels if c.endswith("mid"))
    np.testing.assert_allclose(observed[core.ACTIVATION_SATURATED_SHARE].column(label), saturated)
    dead = observed[core.DEAD_UNITS].column(observed[core.DEAD_UNITS].labels[0])
    assert dead[0] == pytest.approx(5 / 20)


def test_inputs_and_labels_are_those_of_the_batch(observed: Any, expected: Any) -> None:
    np.testing.assert_allclose(
        observed[core.INPUT_MIN].values[:, 0], [e["x"].min() for e in expected]
    )
    np.testing.assert_allclose(
        observed[core.INPUT_MAX].values[:, 0], [e["x"].max() for e in expected]
    )
    np.testing.assert_array_equal(
        observed[core.BATCH_LABELS].values, [e["labels"] for e in expected]
    )


def test_gradients_are_seen_before_they_are_clipped() -> None:
    instrument = Instrument(every=1)
    x, y = images()
    model = net()
    model.compile(keras.optimizers.SGD(0.5, clipnorm=1e-3), "sparse_categorical_crossentropy")
    model.fit(x, y, batch_size=8, verbose=0, callbacks=[Watch(instrument)])
    found = instrument.series()
    assert found[core.GRADIENT_NORM].values.max() > 0.01
    assert found[core.UPDATE_RATIO].values[:, 0].max() < 1e-3


def test_unmonitored_steps_have_their_losses_too(expected: Any) -> None:
    instrument = Instrument(every=3)
    x, y = images()
    net().fit(x[:36], y[:36], batch_size=8, shuffle=False, verbose=0, callbacks=[Watch(instrument)])
    losses = instrument.series()[core.LOSS]
    assert losses.steps.tolist() == [0, 1, 2, 3, 4]
    np.testing.assert_allclose(losses.values[:4], [e["loss"] for e in expected[:4]], 1e-4)


def test_half_precision_gradients_are_unscaled() -> None:
    found = []
    for policy in ("float32", "mixed_float16"):
        keras.mixed_precision.set_global_policy(policy)
        instrument = Instrument(every=1)
        x, y = images()
        net().fit(x, y, batch_size=8, shuffle=False, verbose=0, callbacks=[Watch(instrument)])
        keras.mixed_precision.set_global_policy("float32")
        found.append(instrument.series()[core.GRADIENT_NORM].values[0])
    np.testing.assert_allclose(found[1], found[0], 0.05)


class Idle(layers.Layer):
    """Owns a weight that it never uses."""

    def build(self, shape: Any) -> None:
        self.unused = self.add_weight(name="unused", shape=(3,))

    def call(self, x: Any) -> Any:
        return x


def test_a_variable_without_gradient_reads_as_all_zeros() -> None:
    model = compiled(keras.Sequential([Idle(), *net().layers]))
    x, y = images()
    instrument = Instrument(every=1)
    with pytest.warns(UserWarning, match="Gradients do not exist"):
        model.fit(x, y, batch_size=8, verbose=0, callbacks=[Watch(instrument)])
    found = instrument.series()
    label = next(c for c in found[core.GRADIENT_NORM].labels if c.endswith("unused"))
    assert not found[core.GRADIENT_NORM].column(label).any()
    assert (found[core.GRADIENT_ZERO_SHARE].column(label) == 1).all()
    assert found[core.GRADIENT_NORM].values.any()


def test_fed_batches_are_rows_that_reached_the_model() -> None:
    instrument = Instrument(every=1)
    x, y = images()
    net().fit(x, y, batch_size=8, shuffle=False, verbose=0, callbacks=[Watch(instrument)])
    fed = instrument.fed()
    assert len(fed) == 5
    np.testing.assert_array_equal(fed[1][0], x[8:16])
    np.testing.assert_array_equal(fed[1][1].ravel(), y[8:16])
    assert fed[1][2] is None
