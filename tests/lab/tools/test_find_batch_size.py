from __future__ import annotations

import math

import keras
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import convalesce
from convalesce.lab.tools.find_batch_size import noise_scale, quickest
from tests.lab.tools.nets import X, Y, net


@pytest.mark.parametrize("scale", [4.0, 50.0])
def test_the_noise_scale_of_drawn_gradients_is_the_one_that_they_were_drawn_with(
    scale: float,
) -> None:
    draw = np.random.default_rng(0)
    width = 400
    true = draw.normal(size=width)
    true /= np.linalg.norm(true)
    spread = math.sqrt(scale / width)  # so that tr(covariance) / |G|² is `scale`
    squares = []
    for _ in range(200):
        each = true + draw.normal(0, spread / math.sqrt(16), (8, width))
        squares.append(((each**2).sum(1).mean(), (each.mean(0) ** 2).sum()))
    assert noise_scale(squares, 16, 128) == pytest.approx(scale, rel=0.1)


def test_a_gradient_of_noise_alone_has_an_infinite_scale() -> None:
    assert noise_scale([(1.0, 0.05)], 16, 128) == math.inf


@given(st.floats(1, 1e4), st.floats(1e-4, 1), st.floats(1e-6, 1e-3))
def test_no_other_size_reaches_a_loss_sooner(noise: float, once: float, each: float) -> None:
    sizes = (16, 64, 256)
    found = quickest(noise, {s: once + each * s for s in sizes})

    def takes(size: float) -> float:
        return (1 + noise / size) * (once + each * size)

    assert found >= 16
    for other in (found * 1.5, max(16.0, found / 1.5)):
        assert takes(found) <= takes(other) * (1 + 1e-6)


def test_a_size_is_found_and_the_model_is_left_as_it_was() -> None:
    model = net(keras.optimizers.SGD(0.05))
    weights = [v.numpy() for v in model.weights]
    found = convalesce.find_batch_size(model, X, Y, sizes=(16, 64), warm_steps=10, draws=4)
    assert math.log2(found.size).is_integer()
    assert 1 <= found.size <= len(X) / 10
    assert found.noise_scale > 0
    assert set(found.seconds) == {16, 64}
    assert f"{found.size}: reaches a loss in the least time" in str(found)
    for old, new in zip(weights, model.weights, strict=True):
        assert np.array_equal(old, new.numpy())


def test_memory_bounds_the_size() -> None:
    each = 2 * 4 * (64 + 64 + 16 + 16 + 10)  # bytes of an example's activations and gradients
    found = convalesce.find_batch_size(
        net(), X, Y, sizes=(16,), warm_steps=2, draws=2, memory_bytes=2 * each * 5
    )
    assert found.memory_bound == pytest.approx(5, rel=0.7)
    assert found.size <= 8


def test_too_few_examples_are_said() -> None:
    with pytest.raises(ValueError, match="x has 20 examples; 64 at the least are needed"):
        convalesce.find_batch_size(net(), X[:20], Y[:20])
