import keras
import numpy as np
import pytest

from convalesce import core
from convalesce.lab.instruments.learning_curve import Course, learning_curve
from convalesce.observe.kept import Rows
from tests.lab.instruments.nets import layers

WEIGHTS = np.random.default_rng(9).standard_normal((24, 1))


def linear() -> keras.Model:
    model = keras.Sequential([keras.Input((24,)), layers.Dense(1, kernel_initializer="zeros")])
    model.compile(keras.optimizers.SGD(0.02), "mse")
    return model


def straight(count: int, seed: int, noise: float = 2.0) -> Rows:
    rng = np.random.default_rng(seed)
    x = rng.standard_normal((count, 24)).astype(np.float32)
    y = x @ WEIGHTS + noise * rng.standard_normal((count, 1))
    return Rows(x=x, y=y.astype(np.float32), batch=16)


def test_more_data_are_told_to_help_and_by_how_much_is_borne_out() -> None:
    rows, validation = straight(160, 1), straight(2000, 2)
    course = Course(steps=300, seeds=3, form="continuous")
    found = learning_curve(linear(), rows, validation, course)
    means = np.mean(found.losses, 1)
    assert found.sizes == (40, 80, 160) and (np.diff(means) < 0).all()
    assert found.skills[-1] == pytest.approx(1 - means[-1] / validation.y.var(), rel=1e-3)
    assert found.figure.low > 0 and "twice the data would take" in found.says
    both = straight(320, 1)
    model = linear()
    model.fit(both.x, both.y, batch_size=16, epochs=15, verbose=0)
    loss = np.ravel(model.evaluate(validation.x, validation.y, verbose=0))[0]
    assert found.figure.low - 0.05 < 1 - loss / means[-1] < found.figure.high + 0.05


def test_where_nothing_can_be_learnt_it_says_that_more_data_are_no_hope() -> None:
    rng = np.random.default_rng(0)
    rows = Rows(x=straight(160, 1).x, y=rng.standard_normal((160, 1)).astype(np.float32), batch=16)
    held = Rows(x=straight(400, 2).x, y=rng.standard_normal((400, 1)).astype(np.float32))
    found = learning_curve(linear(), rows, held, Course(steps=20, looks=2))
    assert found.figure.low < 0.1
    assert np.isnan(found.skills).all()


def test_too_few_examples_are_refused() -> None:
    with pytest.raises(core.CannotChange, match="100 examples in batches of 16 are too few"):
        learning_curve(linear(), straight(100, 1), straight(100, 2))
