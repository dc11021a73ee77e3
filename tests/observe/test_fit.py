"""The whole observation of a fit: what is recorded, and that the training does not know of it."""

import random
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest

keras = pytest.importorskip("keras")
tf = pytest.importorskip("tensorflow")

from convalesce import core  # noqa: E402
from convalesce.observe.fit import Course  # noqa: E402
from convalesce.observe.options import Options  # noqa: E402

# Keras says this of every data set and generator, with us and without.
pytestmark = pytest.mark.filterwarnings("ignore:`shuffle=True` was passed")

RNG = np.random.default_rng(3)
X = RNG.random((96, 8, 8, 1)).astype("float32")
Y = RNG.integers(0, 3, 96)
FIT, EVALUATE = keras.Model.fit, keras.Model.evaluate


class Batches(keras.utils.PyDataset):  # type: ignore[misc]  # Keras ships no types
    def __len__(self) -> int:
        return 6

    def __getitem__(self, i: int) -> tuple[Any, Any]:
        noise = np.random.default_rng(i).random((16, 8, 8, 1)).astype("float32")
        return X[i * 16 : i * 16 + 16] + noise, Y[i * 16 : i * 16 + 16]


def arrays() -> dict[str, Any]:
    return {"x": X, "y": Y, "validation_split": 0.25, "batch_size": 16}


def shuffled_tf_data() -> dict[str, Any]:
    train = tf.data.Dataset.from_tensor_slices((X, Y)).shuffle(96, seed=1).batch(16)
    return {"x": train, "validation_data": train.map(lambda x, y: (x + 0.5, y))}


def py_dataset() -> dict[str, Any]:
    return {"x": Batches(), "validation_data": Batches()}


def generator() -> dict[str, Any]:
    def endless() -> Iterator[tuple[Any, Any]]:
        numbers = np.random.RandomState(4)
        while True:
            rows = numbers.randint(0, 96, 16)
            yield X[rows], Y[rows]

    return {"x": endless(), "steps_per_epoch": 6, "validation_data": (X[:20], Y[:20])}


def net() -> Any:
    model = keras.Sequential(
        [
            keras.Input((8, 8, 1)),
            keras.layers.RandomFlip(),
            keras.layers.Conv2D(4, 3, activation="relu"),
            keras.layers.BatchNormalization(),
            keras.layers.Flatten(),
            keras.layers.Dropout(0.3),
            keras.layers.Dense(3, activation="softmax"),
        ]
    )
    model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
    return model


def train(data: Callable[[], dict[str, Any]], course: Course | None) -> tuple[Any, ...]:
    """Two fits and what can be seen afterwards, random state included."""
    keras.utils.set_random_seed(11)
    model = net()
    history = []
    for _ in range(2):
        arguments = {**data(), "epochs": 2, "verbose": 0}
        if course is None:
            result = model.fit(**arguments)
        else:
            result = course.fit(FIT, model, (), arguments, None)
        history.append(result.history)
    drawn = (
        random.random(),  # noqa: S311 - the state that users share
        float(np.random.random()),  # noqa: NPY002 - the state that users share
        float(tf.random.uniform(())),
        float(keras.random.uniform(())),
        keras.layers.Dense(1).name.startswith("dense"),
    )
    return history, model.get_weights(), drawn


@pytest.mark.parametrize("data", [arrays, shuffled_tf_data, py_dataset, generator])
def test_training_and_random_state_are_the_same_with_and_without_us(
    data: Callable[[], dict[str, Any]],
) -> None:
    course = Course(Options(quiet=True))
    plain_history, plain_weights, plain_drawn = train(data, None)
    history, weights, drawn = train(data, course)
    assert history == plain_history
    for plain, watched in zip(plain_weights, weights, strict=True):
        np.testing.assert_array_equal(plain, watched)
    assert drawn == plain_drawn
    assert course.remarks == []
    first, second = course.fits
    assert (first.continues, second.continues) == (None, 0)
    failures = [r for r in first.remarks + second.remarks if "convalesce itself" in r]
    assert failures == []
    recorded = set(first.signals.recorded)
    assert {core.TRAIN, core.MODEL, core.SETUP, core.HISTORY, core.LOSS} <= recorded
    assert first.signals[core.HISTORY].steps in {10, 12}


def test_answers_are_read_in_inference_mode_from_arrays_and_sequences() -> None:
    for data in (arrays, py_dataset):
        course = Course(Options(quiet=True))
        model = net()
        course.fit(FIT, model, (), {**data(), "epochs": 1, "verbose": 0}, None)
        answers = course.fits[0].signals[core.VALIDATION_ANSWERS]
        assert answers.examples in {24, 96}
        assert np.array(answers.confusion).sum() == answers.examples
        assert answers.loss > 0


def test_a_hold_out_evaluation_is_kept_and_one_on_known_data_is_not() -> None:
    course, model = Course(Options(quiet=True)), net()
    course.fit(FIT, model, (X[:60], Y[:60]), {"verbose": 0}, None)
    course.evaluate(EVALUATE, model, (X[10:30], Y[10:30]), {"verbose": 0})
    assert core.EVALUATIONS not in course.fits[0].signals
    course.evaluate(EVALUATE, model, (X[60:].copy(), Y[60:]), {"verbose": 0})
    (call,) = course.fits[0].signals[core.EVALUATIONS].calls
    assert call.split is not None
    assert call.split.examples == 36
    assert set(call.metrics) == {"loss", "accuracy"}


def test_training_data_under_another_form_are_no_hold_out_data() -> None:
    course, model = Course(Options(quiet=True)), net()
    pipeline = tf.data.Dataset.from_tensor_slices((X[:60], Y[:60])).shuffle(60).batch(8)
    course.fit(FIT, model, (pipeline,), {"verbose": 0}, None)
    course.evaluate(EVALUATE, model, (X[:60], Y[:60]), {"verbose": 0})
    assert core.EVALUATIONS not in course.fits[0].signals
    course.evaluate(EVALUATE, model, (X[10:30], Y[10:30]), {"verbose": 0})
    (call,) = course.fits[0].signals[core.EVALUATIONS].calls
    assert call.across is not None
    assert call.across.duplicates.exact == 20, "a part of training that is held out is a leak"


@pytest.mark.parametrize(
    ("monitor", "restores", "kept"),
    [("val_loss", True, True), ("loss", True, False), ("val_loss", False, False)],
)
def test_the_best_weights_are_those_of_the_epoch_that_was_best_on_validation(
    monitor: str, restores: object, kept: object
) -> None:
    course, model = Course(Options(quiet=True)), net()
    stop = keras.callbacks.EarlyStopping(monitor=monitor, restore_best_weights=restores)
    arguments = {**arrays(), "epochs": 2, "verbose": 0, "callbacks": [stop]}
    course.fit(FIT, model, (), arguments, None)
    assert course.fits[0].signals[core.HISTORY].best_restored is kept


def test_a_cut_fit_ends_after_its_first_steps() -> None:
    course, model = Course(Options(quiet=True, cut=4)), net()
    course.fit(FIT, model, (X, Y), {"epochs": 50, "batch_size": 8, "verbose": 0}, None)
    history = course.fits[0].signals[core.HISTORY]
    assert history.stopped == "cut by check"
    assert history.steps <= 5


def test_an_exception_of_the_user_passes_and_what_was_seen_is_kept() -> None:
    def breaks() -> Iterator[tuple[Any, Any]]:
        yield X[:16], Y[:16]
        yield X[16:32], Y[16:32]
        raise RuntimeError("the disk is gone")

    course = Course(Options(quiet=True))
    with pytest.raises(Exception, match="the disk is gone"):
        course.fit(FIT, net(), (breaks(),), {"steps_per_epoch": 6, "verbose": 0}, None)
    (fit,) = course.fits
    assert fit.signals[core.HISTORY].stopped == "crashed"


def test_an_error_of_ours_becomes_a_remark_and_the_training_goes_on(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def broken(*_: Any, **__: Any) -> None:
        raise ZeroDivisionError("ours")

    monkeypatch.setattr("convalesce.observe.watch.read_model", broken)
    monkeypatch.setattr("convalesce.observe.splits.scan", broken)
    course, model = Course(Options(quiet=True)), net()
    result = course.fit(FIT, model, (X, Y), {"epochs": 2, "verbose": 0}, None)
    assert len(result.history["loss"]) == 2
    said = " ".join(course.fits[0].remarks)
    assert "reading the model failed in convalesce itself: ZeroDivisionError: ours" in said
    assert "the scan of the training data failed" in said


def test_a_generator_that_draws_from_numpys_state_draws_the_same() -> None:
    def run(course: Course | None) -> Any:
        keras.utils.set_random_seed(2)
        fed = []

        def batches() -> Iterator[tuple[Any, Any]]:
            while True:
                rows = np.random.randint(0, 96, 16)  # noqa: NPY002 - the state that users share
                fed.append(rows)
                yield X[rows], Y[rows]

        arguments = {"x": batches(), "steps_per_epoch": 5, "epochs": 4, "verbose": 0}
        model = net()
        if course is None:
            return model.fit(**arguments).history, fed
        return course.fit(FIT, model, (), arguments, None).history, fed

    plain, fed_plainly = run(None)
    watched, fed = run(Course(Options(quiet=True)))
    assert watched == plain
    both = min(len(fed), len(fed_plainly))
    np.testing.assert_array_equal(fed[:both], fed_plainly[:both])


def test_a_pipeline_of_file_names_is_known_by_the_batches_that_come_out(tmp_path: Any) -> None:
    names = []
    for i in range(24):
        path = tmp_path / f"{i}.bin"
        path.write_bytes(X[i].tobytes())
        names.append(str(path))

    def read(name: Any, label: Any) -> tuple[Any, Any]:
        raw = tf.io.decode_raw(tf.io.read_file(name), tf.float32)
        return tf.reshape(raw, (8, 8, 1)), label

    data = tf.data.Dataset.from_tensor_slices((names, Y[:24])).shuffle(24).map(read).batch(8)
    course = Course(Options(quiet=True))
    course.fit(FIT, net(), (data,), {"epochs": 2, "verbose": 0}, None)
    train = course.fits[0].signals[core.TRAIN]
    assert train.inputs[0].kind == "image"
    assert train.examples == 24
    assert train.shuffled_by == "tf.data shuffle(24)"
    assert train.duplicates.exact == 0


def _course_with_shuffled_validation() -> tuple[Course, Any]:
    model = net()
    validation = tf.data.Dataset.from_tensor_slices((X[:32], Y[:32])).shuffle(32).batch(8)
    given = {"epochs": 2, "verbose": 0, "validation_data": validation}
    course = Course(Options(quiet=True))
    course.fit(FIT, model, (X, Y), given, None)
    return course, model


def test_validation_data_that_reading_would_change_are_read_once_the_script_is_over() -> None:
    course, _ = _course_with_shuffled_validation()
    before = course.fits[0]
    assert core.VALIDATION_ANSWERS not in before.signals
    assert "holds a Shuffle step" in before.remarks[0]
    course.read_put_off()
    after = course.fits[0]
    assert after.signals[core.VALIDATION_ANSWERS].examples == 32
    assert after.signals[core.VALIDATION].scanned == 32
    assert after.signals[core.ACROSS].role == "validation"
    assert after.signals[core.HISTORY] == before.signals[core.HISTORY]
    assert not any("were not read" in r for r in after.remarks)


def test_weights_that_changed_since_say_nothing_of_the_fit() -> None:
    course, model = _course_with_shuffled_validation()
    model.layers[-1].kernel.assign_add(np.ones(model.layers[-1].kernel.shape))
    before = course.fits[0]
    course.read_put_off()
    assert course.fits[0] == before


def test_answers_are_those_of_the_first_output_whatever_its_targets_are_called() -> None:
    """Targets by name come in the order of their names, outputs in that of the model."""
    shown = keras.Input((8, 8, 1))
    layers = keras.layers
    flat = layers.Flatten()(shown)
    kind = layers.Dense(3, activation="softmax", name="kind")(flat)
    bright = layers.Dense(1, activation="sigmoid", name="bright")(flat)
    model = keras.Model(shown, [kind, bright])
    model.compile("sgd", {"kind": "sparse_categorical_crossentropy", "bright": "mse"})
    y = {"kind": np.arange(96) % 3, "bright": X.mean((1, 2, 3))}
    course = Course(Options(quiet=True))
    given = {"epochs": 1, "verbose": 0, "validation_split": 0.25}
    course.fit(FIT, model, (X, y), given, None)
    for signal in (core.TRAIN_ANSWERS, core.VALIDATION_ANSWERS):
        answers = course.fits[0].signals[signal]
        assert len(answers.recall) == 3
        assert answers.baseline_loss == pytest.approx(np.log(3), abs=0.05)
        assert 0 < answers.loss < 5
