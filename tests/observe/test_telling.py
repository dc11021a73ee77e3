"""What is told of a fit while it trains, and that the training does not know of it."""

import random
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import pytest

keras = pytest.importorskip("keras")
tf = pytest.importorskip("tensorflow")

from convalesce import core  # noqa: E402
from convalesce.observe.fit import Course  # noqa: E402
from convalesce.observe.options import Options  # noqa: E402

RNG = np.random.default_rng(3)
X = RNG.random((64, 6)).astype("float32")
Y = RNG.integers(0, 3, 64)
FIT = keras.Model.fit

Event = Mapping[str, Any]


def train(tell: Callable[[Event], None] | None, **more: Any) -> tuple[Course, list[Any]]:
    """One fit, and all that can be seen of it afterwards, random state included."""
    keras.utils.set_random_seed(11)
    model = keras.Sequential(
        [keras.Input((6,)), keras.layers.Dropout(0.2), keras.layers.Dense(3, activation="softmax")]
    )
    model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
    course = Course(Options(tell=tell))
    plain = {"x": X, "y": Y, "epochs": 3, "validation_split": 0.25, "verbose": 0, **more}
    history = course.fit(FIT, model, (), plain, None).history
    drawn = [random.random(), float(np.random.rand()), float(tf.random.uniform([]))]  # noqa: S311, NPY002
    return course, [*(w.tolist() for w in model.get_weights()), history, drawn]


def test_a_fit_is_told_from_its_beginning_to_its_end() -> None:
    events: list[Event] = []
    train(events.append)
    assert [e["event"] for e in events] == ["fit", "epoch", "epoch", "epoch", "end"]
    first, last = events[0], events[-1]
    assert first["epochs"] == 3 and first["optimizer"] == "Adam" and first["parameters"] == 21
    assert first["loss"] == ["sparse_categorical_crossentropy"]
    assert first["seeds"] == {"keras": 11, "tensorflow": 11}
    assert last["stopped"] == ""


def test_the_figures_of_an_epoch_are_those_of_keras() -> None:
    events: list[Event] = []
    _, seen = train(events.append)
    epochs = [e for e in events if e["event"] == "epoch"]
    assert [e["metrics"]["val_loss"] for e in epochs] == seen[-2]["val_loss"]
    assert epochs[0]["rate"] == pytest.approx(0.001)


def test_the_record_so_far_is_that_of_a_training_broken_off() -> None:
    records: list[core.Fit] = []
    course, _ = train(lambda e: records.append(e["so_far"]()))
    begun, first, *_, last, ended = records
    assert core.HISTORY not in begun.signals and core.MODEL in begun.signals
    assert core.TRAIN in begun.signals  # arrays are scanned beforehand
    history = first.signals[core.HISTORY]
    assert (history.epochs, history.planned, history.stopped) == (1, 3, "interrupted")
    assert core.GRADIENT_NORM in first.signals
    assert len(last.signals[core.LOSS]) == len(course.fits[0].signals[core.LOSS])
    assert ended == course.fits[0]


def test_training_is_the_same_bit_for_bit_when_it_is_told_of() -> None:
    _, plain = train(None)
    _, told = train(lambda e: e["so_far"]())
    assert told == plain


def test_asking_for_the_record_leaves_the_final_one_as_it_is() -> None:
    plain, _ = train(None)
    told, _ = train(lambda e: e["so_far"]())
    one, other = plain.fits[0], told.fits[0]
    assert one.remarks == other.remarks
    assert one.signals.recorded.keys() == other.signals.recorded.keys()
    np.testing.assert_array_equal(one.signals[core.LOSS].values, other.signals[core.LOSS].values)


def test_an_error_of_ours_is_a_remark_and_the_training_goes_on() -> None:
    def fails(_: Event) -> None:
        raise OSError(28, "No space left on device")

    _, plain = train(None)
    course, told = train(fails)
    assert told == plain
    (remark,) = {r for r in course.fits[0].remarks if "epoch" in r}
    assert remark.startswith("telling of an epoch failed in convalesce itself: OSError")


def test_how_a_fit_was_broken_off_is_told() -> None:
    class Stops(keras.callbacks.Callback):  # type: ignore[misc]  # Keras ships no types
        def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
            raise KeyboardInterrupt

    events: list[Event] = []
    with pytest.raises(KeyboardInterrupt):
        train(events.append, callbacks=[Stops()])
    assert events[-1]["event"] == "end" and events[-1]["stopped"] == "interrupted"
