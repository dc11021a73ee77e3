"""Arms on real models: matched, repeatable, and without a trace on the user's own."""

from __future__ import annotations

import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

keras = pytest.importorskip("keras")

from convalesce import core  # noqa: E402
from convalesce.lab import KerasLab, compilation  # noqa: E402
from convalesce.observe.fit import Course  # noqa: E402
from convalesce.observe.options import Options  # noqa: E402
from convalesce.observe.shelf import Shelf  # noqa: E402
from convalesce.readings.yardstick import measure  # noqa: E402

pytestmark = [  # of Keras itself, in the fits that stand for the user's
    pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning"),
    pytest.mark.filterwarnings("ignore:`shuffle=True` was passed:UserWarning"),
]
GENERATOR = np.random.default_rng(0)
X = GENERATOR.normal(size=(96, 6)).astype("float32")
Y = (X[:, 0] + X[:, 1] > 0).astype("int64")
LEARNED = core.Yardstick.LEARNED


def net(**compile_with: Any) -> Any:
    keras.utils.set_random_seed(1)
    model = keras.Sequential(
        [
            keras.Input((6,)),
            keras.layers.Dense(8, activation="relu"),
            keras.layers.Dropout(0.1),
            keras.layers.Dense(1, activation="sigmoid"),
        ]
    )
    given = {"optimizer": keras.optimizers.SGD(0.01), "loss": "binary_crossentropy"}
    model.compile(**{**given, **compile_with})
    return model


def trained(model: Any, *fits: dict[str, Any]) -> tuple[KerasLab, Course]:
    """A lab on a model that was trained under observation, once for each set of arguments."""
    shelf = Shelf()
    course = Course(Options(every=0, shelf=shelf))
    for given in fits or ({},):
        arguments = {"x": X, "y": Y, "epochs": 2, "batch_size": 16, "verbose": 0, **given}
        course.fit(type(model).fit, model, (), arguments, None)
    assert not [*course.remarks, *(r for fit in course.fits for r in fit.remarks)]
    return KerasLab(shelf, tuple(course.fits)), course


def train(lab: KerasLab, *changes: core.Change, fit: int = 0, **arm: Any) -> core.Signals:
    return lab.train(fit, core.Arm(changes=changes, **arm), seconds=120)


def loss(signals: core.Signals) -> float:
    return signals[core.HISTORY].curve("loss")[-1]


def test_arms_of_equal_seed_are_equal_and_of_other_seeds_are_not() -> None:
    lab, _ = trained(net())
    with lab.open():
        first, again, other = train(lab), train(lab), train(lab, seed=1)
    assert loss(first) == loss(again)
    assert loss(first) != loss(other)


@pytest.mark.parametrize(("buffer", "mixes"), [(96, True), (8, False)])
def test_a_pipeline_that_mixes_all_its_examples_is_dealt_anew_for_each_seed(
    buffer: int,
    mixes: bool,  # noqa: FBT001 - a parameter
) -> None:
    import tensorflow as tf

    data = tf.data.Dataset.from_tensor_slices((X, Y)).shuffle(buffer, seed=1).batch(16)
    lab, _ = trained(net(), {"x": data, "y": None, "batch_size": None})
    with lab.open(), lab.standing(0) as setting:
        assert setting.train.whole and setting.train.shuffled is mixes


def test_the_control_is_the_same_after_every_kind_of_arm() -> None:
    lab, _ = trained(net())
    with lab.open():
        before = loss(train(lab))
        for change in (
            core.ScaleLearningRate(50.0),
            core.SetOptimizer("Adam"),
            core.SetMomentum(0.9),
            core.SetBatchSize(48),
            core.SetLoss("mean_squared_error"),
            core.WeightClasses(),
            core.SetSchedule("cosine"),
        ):
            assert loss(train(lab, change)) != before
        assert loss(train(lab)) == before


def test_a_change_of_nothing_changes_nothing() -> None:
    lab, _ = trained(net())
    with lab.open():
        assert loss(train(lab)) == loss(train(lab, core.ScaleLearningRate(1.0)))


def test_afterwards_the_model_is_as_the_training_left_it_and_goes_on_as_it_would_have() -> None:
    def go_on(model: Any) -> list[Any]:
        model.fit(X, Y, epochs=1, batch_size=16, verbose=0, shuffle=False)
        return [np.asarray(v.value) for v in (*model.variables, *model.optimizer.variables)]

    alone, used = net(), net()
    trained(alone)
    lab, _ = trained(used)
    with lab.open():
        train(lab, core.SetOptimizer("Adam"))
        train(lab, core.ScaleLearningRate(100.0), after=True)
        train(lab, closely=True)
    for expected, came in zip(go_on(alone), go_on(used), strict=True):
        np.testing.assert_array_equal(came, expected)


def test_python_and_numpy_draw_as_if_no_arm_had_been_trained() -> None:
    lab, _ = trained(net())
    random.seed(5)
    np.random.seed(5)  # noqa: NPY002
    expected = (random.random(), np.random.random())  # noqa: NPY002, S311
    random.seed(5)
    np.random.seed(5)  # noqa: NPY002
    with lab.open():
        train(lab)
    assert (random.random(), np.random.random()) == expected  # noqa: NPY002, S311


def test_the_users_arrays_may_change_after_fit() -> None:
    x = X.copy()
    lab, _ = trained(net(), {"x": x})
    with lab.open():
        before = loss(train(lab))
        x[:] = 0
        assert loss(train(lab)) == before


def test_training_that_goes_on_begins_at_the_trained_weights() -> None:
    lab, _ = trained(net(optimizer=keras.optimizers.Adam(0.02)), {"epochs": 10})
    with lab.open():
        fresh, more = train(lab, steps=6), train(lab, steps=6, after=True)
    assert loss(more) < loss(fresh)


def test_an_arm_that_is_watched_closely_can_be_diagnosed() -> None:
    lab, course = trained(net())
    with lab.open():
        signals = train(lab, closely=True)
    wanted = {core.TRAIN, core.MODEL, core.SETUP, core.LOSS, core.GRADIENT_NORM, core.HISTORY}
    assert wanted <= set(signals.recorded)
    assert signals[core.HISTORY].steps == course.fits[0].signals[core.HISTORY].steps


@pytest.mark.parametrize(
    ("changes", "same"),
    [
        ((core.ScaleLearningRate(0.1),), True),
        ((core.HoldOut(),), False),
        ((core.Normalize(),), False),
    ],
)
def test_what_is_known_of_the_data_is_read_anew_only_where_they_were_changed(
    changes: tuple[core.Change, ...], *, same: bool
) -> None:
    lab, course = trained(net(), {"validation_data": (X[:40], Y[:40])})
    with lab.open():
        signals = train(lab, *changes, closely=True)
    known = course.fits[0].signals
    assert (signals[core.TRAIN] is known[core.TRAIN]) is same
    assert (signals[core.ACROSS] is known[core.ACROSS]) is same
    assert {core.TRAIN_ANSWERS, core.VALIDATION_ANSWERS} <= set(signals.recorded)


def test_an_arm_ends_when_its_time_is_up() -> None:
    lab, _ = trained(net())
    with lab.open(), pytest.raises(core.OutOfTime, match="updates in 0 s"):
        lab.train(0, core.Arm(steps=10_000), seconds=0.0)


def test_each_fit_of_a_model_begins_at_its_own_weights() -> None:
    lab, _ = trained(net(), {"epochs": 8}, {"epochs": 1})
    with lab.open():
        assert loss(train(lab, fit=1, steps=4)) < loss(train(lab, fit=0, steps=4))


def test_a_schedule_is_scaled_as_a_whole() -> None:
    decay = keras.optimizers.schedules.ExponentialDecay(0.001, 10, 0.9)
    lab, _ = trained(net(optimizer=keras.optimizers.SGD(decay)))
    with lab.open():
        slow, fast = train(lab), train(lab, core.ScaleLearningRate(500.0))
    assert measure(fast, LEARNED) > measure(slow, LEARNED)


def test_a_rate_that_a_callback_sets_is_scaled_too() -> None:
    callback = keras.callbacks.LearningRateScheduler(lambda _: 0.0005)
    lab, _ = trained(net(), {"callbacks": [callback]})
    with lab.open():
        slow, fast = train(lab), train(lab, core.ScaleLearningRate(1000.0))
    assert measure(fast, LEARNED) > measure(slow, LEARNED)


def _own_step() -> Any:
    class Own(keras.Model):  # type: ignore[misc]
        def __init__(self) -> None:
            super().__init__()
            self.one = keras.layers.Dense(8, activation="relu")
            self.two = keras.layers.Dense(1, activation="sigmoid")

        def call(self, x: Any) -> Any:
            return self.two(self.one(x))

        def train_step(self, data: Any) -> Any:
            return super().train_step(data)

    keras.utils.set_random_seed(1)
    model = Own()
    model.compile(keras.optimizers.SGD(0.001), "binary_crossentropy")
    return model


MODELS: dict[str, Callable[[], Any]] = {
    "own train step": _own_step,
    "jit": lambda: net(jit_compile=True, optimizer=keras.optimizers.SGD(0.001)),
    "several steps a call": lambda: net(
        steps_per_execution=3, optimizer=keras.optimizers.SGD(0.001)
    ),
}


@pytest.mark.parametrize("make", MODELS.values(), ids=MODELS)
def test_every_kind_of_model_gets_every_change_that_needs_no_surgery(
    make: Callable[[], Any],
) -> None:
    lab, _ = trained(make())
    with lab.open():
        control = train(lab)
        for change in (core.ScaleLearningRate(300.0), core.SetOptimizer("Adam")):
            assert measure(train(lab, change, steps=36), LEARNED) > measure(control, LEARNED)


def test_half_precision_is_trained_with_its_loss_scale() -> None:
    keras.config.set_dtype_policy("mixed_float16")
    try:
        lab, _ = trained(net(optimizer=keras.optimizers.SGD(0.001)))
        with lab.open():
            slow, fast = train(lab), train(lab, core.SetOptimizer("Adam"), steps=60)
    finally:
        keras.config.set_dtype_policy("float32")
    assert measure(fast, LEARNED) > measure(slow, LEARNED)


def _dataset() -> Any:
    import tensorflow as tf

    return tf.data.Dataset.from_tensor_slices((X, Y)).shuffle(96).batch(16)


def _sequence() -> Any:
    class Batches(keras.utils.PyDataset):  # type: ignore[misc]
        def __len__(self) -> int:
            return 6

        def __getitem__(self, index: int) -> Any:
            rows = slice(16 * index, 16 * index + 16)
            return X[rows], Y[rows]

    return Batches()


def _generator() -> Any:
    while True:
        for start in range(0, 96, 16):
            yield X[start : start + 16], Y[start : start + 16]


SOURCES: dict[str, Callable[[], dict[str, Any]]] = {
    "tf.data": lambda: {"x": _dataset()},
    "PyDataset": lambda: {"x": _sequence()},
    "generator": lambda: {"x": _generator(), "steps_per_epoch": 6},
}


@pytest.mark.parametrize("source", SOURCES.values(), ids=SOURCES)
def test_every_source_of_data_feeds_arms(source: Callable[[], dict[str, Any]]) -> None:
    lab, _ = trained(net(), {**source(), "y": None, "batch_size": None})
    assert lab.reach(0).why_not == ""
    with lab.open():
        first, again = train(lab), train(lab)
        better = train(lab, core.SetOptimizer("Adam"), steps=60)
    assert loss(first) == loss(again)
    assert measure(better, LEARNED) > measure(first, LEARNED)


def test_a_fit_that_was_not_kept_says_why() -> None:
    lab, _ = trained(net(), *[{"epochs": 1}] * 5)
    assert "first two and the last two" in lab.reach(2).why_not
    assert lab.reach(0).why_not == lab.reach(4).why_not == ""


def test_a_change_without_an_applier_is_refused_with_its_name() -> None:
    class Unheard(core.Change):
        reads = "do something"

    lab, _ = trained(net())
    with lab.open(), pytest.raises(core.CannotChange, match="Unheard"):
        train(lab, Unheard())


@pytest.mark.parametrize(
    "change",
    [core.ScaleLearningRate(30.0), core.SetActivation("tanh"), core.InsertBatchNormalization()],
    ids=str,
)
def test_the_mended_model_is_saved_whatever_was_trained_after_it(
    change: core.Change, tmp_path: Path
) -> None:
    lab, _ = trained(net())
    with lab.open():
        train(lab, change)
        lab.save(0, (change,), tmp_path / "at-once.keras")
        train(lab)
        train(lab, change, steps=3)  # no whole training
        train(lab, core.ScaleLearningRate(0.1))
        lab.save(0, (change,), tmp_path / "later.keras")
        lab.save(0, (), tmp_path / "control.keras")
    at_once, later, control = (
        keras.models.load_model(tmp_path / f"{name}.keras").predict(X, verbose=0)
        for name in ("at-once", "later", "control")
    )
    np.testing.assert_array_equal(at_once, later)
    assert not np.allclose(at_once, control)


def test_only_what_was_trained_to_its_end_is_saved(tmp_path: Path) -> None:
    lab, _ = trained(net())
    change = core.ScaleLearningRate(3.0)
    with lab.open():
        train(lab, change, steps=3)
        with pytest.raises(core.CannotChange, match="no whole training"):
            lab.save(0, (change,), tmp_path / "m.keras")


def test_arms_that_differ_in_their_rate_alone_are_compiled_once(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    compiled: list[Any] = []
    real = compilation.compile_anew

    def counted(model: Any, given: Any) -> None:
        compiled.append(given)
        real(model, given)

    lab, _ = trained(net())
    monkeypatch.setattr(compilation, "compile_anew", counted)
    adam = core.SetOptimizer("Adam")
    with lab.open():
        slow = train(lab, adam, core.SetLearningRate(0.0001))
        fast = train(lab, adam, core.SetLearningRate(0.03))
        again = train(lab, adam, core.SetLearningRate(0.0001))
    assert len(compiled) == 1
    assert loss(slow) == loss(again) != loss(fast)
    assert fast[core.HISTORY].learning_rate == pytest.approx((0.03, 0.03))


@pytest.mark.parametrize("changes", [(), (core.SetOptimizer("Adam"),)])
def test_a_schedule_by_epochs_is_scaled_to_the_rate_that_is_asked_for(
    changes: tuple[core.Change, ...],
) -> None:
    halved = keras.callbacks.LearningRateScheduler(lambda epoch: 0.05 * 0.5**epoch)
    lab, _ = trained(net(), {"callbacks": [halved]})
    with lab.open():
        asked = train(lab, *changes, core.SetLearningRate(0.002))
    assert asked[core.HISTORY].learning_rate == pytest.approx((0.002, 0.001))


def test_a_kept_schedule_of_the_optimizer_is_scaled_to_the_rate_that_is_asked_for() -> None:
    decay = keras.optimizers.schedules.ExponentialDecay(0.05, 6, 0.5, staircase=True)
    lab, _ = trained(net(optimizer=keras.optimizers.SGD(decay)))
    with lab.open():
        asked = train(lab, core.SetOptimizer("Adam", scheduled=True), core.SetLearningRate(0.002))
    assert asked[core.HISTORY].learning_rate == pytest.approx((0.001, 0.0005))
