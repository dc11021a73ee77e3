import keras
import numpy as np
import pytest

from convalesce.lab.instruments.memorise import memorise
from convalesce.observe.kept import Rows
from tests.lab.instruments.nets import convolution, images, layers


def entropy(y: np.ndarray) -> float:
    shares = np.unique(y, return_counts=True)[1] / len(y)
    return float(-(shares * np.log(shares)).sum())


def test_a_net_that_works_learns_its_batch_and_the_control_only_the_shares_of_classes() -> None:
    rows = images(30)
    found = memorise(convolution(keras.optimizers.Adam(0.03)), rows, steps=200)
    assert found.fits and not found.control_fits
    assert found.figure.value > 0.9 and found.figure.low > 0.8
    assert found.control == pytest.approx(entropy(rows.y), rel=0.05)
    assert found.needed is not None and found.needed < 200
    assert "only with their inputs" in found.says


def test_random_labels_are_learnt_by_heart_too() -> None:
    rng = np.random.default_rng(1)
    rows = Rows(x=images(32).x, y=rng.integers(0, 3, 32), batch=16)
    found = memorise(convolution(keras.optimizers.Adam(0.03), dropout=0.0), rows, steps=200)
    assert found.fits and not found.control_fits


def test_labels_that_are_all_alike_are_learnt_without_inputs_as_well() -> None:
    rows = Rows(x=images(40).x, y=np.ones(40, int), batch=16)
    found = memorise(convolution(keras.optimizers.Adam(0.03)), rows, steps=60)
    assert found.control_fits and "without their inputs as well" in found.says


def test_a_net_whose_units_are_dead_does_no_better_than_the_control() -> None:
    model = keras.Sequential(
        [
            keras.Input((6, 6, 1)),
            layers.Flatten(),
            layers.Dense(
                8, activation="relu", bias_initializer=keras.initializers.Constant(-100.0)
            ),
            layers.Dense(3, activation="softmax"),
        ]
    )
    model.compile("adam", "sparse_categorical_crossentropy")
    found = memorise(model, images(), steps=40, blank="zero")
    assert not found.fits and found.figure.value == pytest.approx(0, abs=1e-6)
    assert found.rows == 32 and "hardly" in found.says


def test_the_loss_reached_is_that_of_a_plain_loop() -> None:
    rows = images(12)
    model = convolution(keras.optimizers.SGD(0.05), dropout=0.0)
    model.layers[1].trainable = False
    model.compile(model.optimizer, model.loss)
    found = memorise(model, rows, steps=10)
    for _ in range(10):
        model.train_on_batch(rows.x, rows.y)
    evaluated = np.ravel(model.evaluate(rows.x, rows.y, verbose=0))[0]
    assert found.reached == pytest.approx(evaluated, rel=1e-4)
