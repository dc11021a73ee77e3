from collections.abc import Callable
from typing import Any

import keras
import numpy as np
import pytest

from convalesce import core
from convalesce.lab.instruments.along_update import along_update
from convalesce.lab.instruments.augmented_similarity import augmented_similarity
from convalesce.lab.instruments.initial_loss import initial_loss
from convalesce.lab.instruments.learning_curve import Course, learning_curve
from convalesce.lab.instruments.memorisation_speed import memorisation_speed
from convalesce.lab.instruments.memorise import memorise
from convalesce.lab.instruments.mode_gap import mode_gap
from convalesce.lab.instruments.noise_scale import noise_scale
from convalesce.lab.instruments.range_test import confirm, range_test
from convalesce.lab.instruments.sharpness import sharpness
from convalesce.lab.untouched import untouched
from tests.lab.instruments.nets import convolution, fingerprint, images, layers

ROWS = images()
INSTRUMENTS: dict[str, Callable[[Any], Any]] = {
    "along_update": lambda model: along_update(model, ROWS),
    "sharpness": lambda model: sharpness(model, ROWS, most=3),
    "noise_scale": lambda model: noise_scale(model, ROWS, batches=2),
    "initial_loss": lambda model: initial_loss(model, ROWS),
    "memorise": lambda model: memorise(model, ROWS, steps=3),
    "range_test": lambda model: range_test(model, ROWS, updates=5),
    "confirm": lambda model: confirm(model, ROWS, [0.1], steps=2, seeds=2),
    "learning_curve": lambda model: learning_curve(
        model, images(128), ROWS, Course(steps=2, seeds=1)
    ),
    "memorisation_speed": lambda model: memorisation_speed(model, ROWS, epochs=2, folds=2),
    "mode_gap": lambda model: mode_gap(model, ROWS, batches=2),
    "augmented_similarity": lambda model: augmented_similarity(
        model, ROWS, ROWS.x + 0.1, space="features"
    ),
}


@pytest.fixture(scope="module")
def fitted() -> Any:
    model = convolution(keras.optimizers.Adam(0.01))
    model.fit(ROWS.x, ROWS.y, epochs=1, batch_size=16, verbose=0)
    return model


@pytest.mark.parametrize("name", INSTRUMENTS)
def test_model_optimizer_and_random_state_are_as_they_were(fitted: Any, name: str) -> None:
    before = fingerprint(fitted)
    found = INSTRUMENTS[name](fitted)
    assert fingerprint(fitted) == before
    assert found.says and isinstance(found.figure, core.Figure) and found.figure.unit


def test_the_fingerprint_notices_an_update(fitted: Any) -> None:
    before = fingerprint(fitted)
    fitted.train_on_batch(ROWS.x[:16], ROWS.y[:16])
    assert fingerprint(fitted) != before


def test_an_optimizer_that_was_never_applied_stays_unbuilt() -> None:
    model = convolution()
    with untouched(model):
        model.train_on_batch(ROWS.x[:16], ROWS.y[:16])
        assert model.optimizer.built
    assert not model.optimizer.built and int(model.optimizer.iterations) == 0
    assert model.train_function is None


def test_an_error_within_leaves_no_trace_either(fitted: Any) -> None:
    before = fingerprint(fitted)

    def trained_and_broken_off() -> None:
        with untouched(fitted):
            fitted.train_on_batch(ROWS.x[:16], ROWS.y[:16])
            raise core.CannotChange("stop")

    with pytest.raises(core.CannotChange, match="stop"):
        trained_and_broken_off()
    assert fingerprint(fitted) == before


def test_a_model_without_weights_or_compilation_is_refused() -> None:
    bare = keras.Sequential([layers.Dense(2)])
    with pytest.raises(core.CannotChange, match="not compiled with an optimizer"), untouched(bare):
        pass
    bare.compile("sgd", "mse")
    with pytest.raises(core.CannotChange, match="no weights yet"), untouched(bare):
        pass


def two_outputs() -> Any:
    x = keras.Input((6, 6, 1))
    flat = layers.Flatten()(x)
    first = layers.Dense(3, activation="softmax", name="first")(flat)
    model = keras.Model(x, {"first": first, "second": layers.Dense(1, name="second")(flat)})
    losses = {"first": "sparse_categorical_crossentropy", "second": "mse"}
    model.compile("sgd", losses, loss_weights={"first": 1.0, "second": 0.5})
    return model


def test_several_outputs_are_added_by_their_weights() -> None:
    rng = np.random.default_rng(0)
    y = {"first": ROWS.y, "second": rng.random((64, 1)).astype(np.float32)}
    rows = type(ROWS)(x=ROWS.x, y=y, batch=32)
    model = two_outputs()
    found = memorise(model, rows, steps=2)
    gap = mode_gap(model, rows, batches=2)
    losses = model.evaluate(rows.x, y, verbose=0, return_dict=True)
    assert gap.inference == pytest.approx(losses["loss"], rel=1e-4)
    assert gap.inference == pytest.approx(
        losses["first_loss"] + 0.5 * losses["second_loss"], rel=1e-4
    )
    assert found.start > found.reached
