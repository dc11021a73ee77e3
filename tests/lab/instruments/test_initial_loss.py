import keras
import numpy as np
import pytest

from convalesce.lab.instruments.initial_loss import initial_loss
from convalesce.observe.kept import Rows
from tests.lab.instruments.nets import layers

CLASSES = 4
RNG = np.random.default_rng(0)
INDEX = RNG.integers(0, CLASSES, (48, 1)).astype(np.float32)
ONE_HOT = np.eye(CLASSES, dtype=np.float32)[INDEX[:, 0].astype(int)]
SOFT = RNG.dirichlet(np.ones(CLASSES), 48).astype(np.float32)
NUMBERS = (3 * RNG.standard_normal((48, 1)) + 1).astype(np.float32)
FLAGS = (RNG.random((48, 1)) > 0.7).astype(np.float32)
L = keras.losses


def blank(units: int, activation: str, loss: object, kernel: object = "zeros") -> keras.Model:
    model = keras.Sequential(
        [
            keras.Input((3,)),
            layers.Dense(units, activation=activation, kernel_initializer=kernel),
        ]
    )
    model.compile("sgd", loss)
    return model


@pytest.mark.parametrize(
    ("loss", "y", "units", "activation"),
    [
        ("sparse_categorical_crossentropy", INDEX, CLASSES, "softmax"),
        (L.SparseCategoricalCrossentropy(from_logits=True), INDEX, CLASSES, "linear"),
        (L.CategoricalCrossentropy(label_smoothing=0.1), ONE_HOT, CLASSES, "softmax"),
        (L.CategoricalFocalCrossentropy(alpha=0.4, gamma=1.5), ONE_HOT, CLASSES, "softmax"),
        ("kl_divergence", SOFT, CLASSES, "softmax"),
        ("categorical_hinge", ONE_HOT, CLASSES, "linear"),
        ("binary_crossentropy", FLAGS, 1, "sigmoid"),
        (L.BinaryCrossentropy(from_logits=True), ONE_HOT, CLASSES, "linear"),
        (L.BinaryFocalCrossentropy(gamma=3.0), FLAGS, 1, "sigmoid"),
        ("mse", NUMBERS, 1, "linear"),
        ("mse", FLAGS, 1, "sigmoid"),
        ("mse", ONE_HOT, CLASSES, "softmax"),
        ("mae", NUMBERS, 1, "linear"),
        (L.Huber(delta=0.5), NUMBERS, 1, "linear"),
        ("log_cosh", NUMBERS, 1, "tanh"),
        ("msle", np.abs(NUMBERS), 1, "linear"),
        ("hinge", 2 * FLAGS - 1, 1, "tanh"),
        ("squared_hinge", FLAGS, 1, "linear"),
    ],
)
def test_the_expected_loss_is_what_keras_evaluates_for_weights_of_zero(
    loss: object, y: np.ndarray, units: int, activation: str
) -> None:
    model = blank(units, activation, loss)
    x = RNG.random((48, 3)).astype(np.float32)
    found = initial_loss(model, Rows(x=x, y=y, batch=16))
    assert found.expected == pytest.approx(model.evaluate(x, y, verbose=0), rel=1e-4)
    assert found.figure.value == pytest.approx(found.expected, rel=1e-4)
    assert found.batches == 3 and "as it should" in found.says


def test_weights_far_too_large_start_above_it() -> None:
    wide = keras.initializers.RandomNormal(stddev=30.0, seed=1)
    model = blank(CLASSES, "softmax", "categorical_crossentropy", wide)
    rows = Rows(x=RNG.random((48, 3)).astype(np.float32), y=ONE_HOT, batch=16)
    found = initial_loss(model, rows)
    assert found.excess > 5 and "above the 1.39" in found.says
    assert found.figure.low < found.figure.value < found.figure.high
    losses = [
        model.evaluate(rows.x[i : i + 16], rows.y[i : i + 16], verbose=0) for i in (0, 16, 32)
    ]
    assert found.spread == pytest.approx(np.std(losses, ddof=1), rel=1e-3)


def test_a_loss_that_we_do_not_know_is_measured_and_not_judged() -> None:
    def own(y: object, answer: object) -> object:
        return keras.ops.mean(keras.ops.square(y - answer), -1)

    rows = Rows(x=RNG.random((48, 3)).astype(np.float32), y=NUMBERS, batch=16)
    found = initial_loss(blank(1, "linear", own), rows)
    assert "own ought to start at is not known" in found.says
