import keras
import numpy as np
import pytest

from convalesce import core
from convalesce.lab.instruments.noise_scale import estimates, noise_scale, read
from convalesce.observe.kept import Rows
from tests.lab.instruments.nets import layers

WEIGHTS = np.array([[0.5], [-1.0], [0.2]], np.float32)


def straight(count: int, noise: float) -> Rows:
    rng = np.random.default_rng(2)
    x = rng.standard_normal((count, 3)).astype(np.float32)
    y = x @ [[1.0], [-0.5], [0.4]] + noise * rng.standard_normal((count, 1))
    return Rows(x=x, y=y.astype(np.float32), batch=32)


def linear() -> keras.Model:
    model = keras.Sequential([keras.Input((3,)), layers.Dense(1, use_bias=False)])
    model.compile(keras.optimizers.SGD(0.1), "mse")
    model.set_weights([WEIGHTS])
    return model


def by_definition(rows: Rows) -> tuple[float, float]:
    """|G|² and the trace of the whole covariance of the gradients of single examples."""
    gradients = 2 * (rows.x @ WEIGHTS - rows.y) * rows.x
    covariance = np.cov(gradients.T.astype(np.float64), ddof=0)
    return float((gradients.mean(0) ** 2).sum()), float(np.trace(covariance))


def test_it_agrees_with_the_full_covariance_of_single_gradients() -> None:
    rows = straight(4096, 1.0)
    signal, noise = by_definition(rows)
    found = noise_scale(linear(), rows, batches=128)
    assert found.signal == pytest.approx(signal - noise / 4096, rel=0.02)
    assert found.noise == pytest.approx(noise, rel=0.1)
    assert found.figure.low < noise / signal < found.figure.high
    assert found.gradients == 256


def test_the_interval_holds_the_truth_about_as_often_as_it_says() -> None:
    rng = np.random.default_rng(0)
    mean, small, size = 0.2, 8, 40
    truth = size / (size * mean**2)
    held = 0
    for trial in range(60):
        gradients = mean + rng.standard_normal((16, size)) / np.sqrt(small)
        figure = read(gradients @ gradients.T, small, 16, trial).figure
        held += figure.low <= truth <= figure.high
    assert held >= 49


def test_estimates_are_unbiased() -> None:
    rng = np.random.default_rng(1)
    found = []
    for _ in range(300):
        gradients = 0.3 + rng.standard_normal((6, 20)) / np.sqrt(4)
        found.append(estimates(gradients @ gradients.T, 4)[0])
    assert np.mean(found) == pytest.approx(20 * 0.09, abs=3 * np.std(found) / np.sqrt(300))


def test_gradients_without_any_mean_are_noise_without_bound() -> None:
    gradients = np.random.default_rng(3).standard_normal((16, 500))
    found = read(gradients @ gradients.T, 8, 16)
    assert found.figure.high == np.inf and found.figure.low > 16
    assert "noise" in found.says


def test_equal_gradients_are_signal_alone() -> None:
    found = read(np.ones((8, 8)), 8, 16)
    assert found.figure.value == 0 and "mostly signal" in found.says


def test_too_few_examples_are_refused() -> None:
    with pytest.raises(core.CannotChange, match="3 examples are too few"):
        noise_scale(linear(), straight(3, 1.0))
