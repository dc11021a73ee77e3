import keras
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from convalesce import core
from convalesce.lab.instruments.sharpness import largest, sharpness, stability
from convalesce.observe.kept import Rows
from tests.lab.instruments.nets import convolution, dense, images, numbers

UNITS = 3


def loss_of(weights: np.ndarray, rows: Rows) -> float:
    """Squared error of the dense net, written by hand in float64."""
    kernel, rest = weights[: 2 * UNITS].reshape(2, UNITS), weights[2 * UNITS :]
    hidden = np.tanh(rows.x.astype(np.float64) @ kernel + rest[:UNITS])
    answer = hidden @ rest[UNITS : 2 * UNITS] + rest[2 * UNITS]
    return float(((answer - rows.y[:, 0]) ** 2).mean())


def hessian_of(weights: np.ndarray, rows: Rows, step: float = 1e-4) -> np.ndarray:
    """All second derivatives by central differences of the loss."""
    moves = step * np.eye(len(weights))
    return np.array(
        [
            [
                (
                    loss_of(weights + a + b, rows)
                    - loss_of(weights + a - b, rows)
                    - loss_of(weights - a + b, rows)
                    + loss_of(weights - a - b, rows)
                )
                / (4 * step**2)
                for b in moves
            ]
            for a in moves
        ]
    )


def flat(model: keras.Model) -> np.ndarray:
    return np.concatenate([w.ravel() for w in model.get_weights()]).astype(np.float64)


@pytest.mark.parametrize("batch", [40, 16])
def test_the_largest_curvature_is_that_of_the_full_hessian(batch: int) -> None:
    rows = Rows(x=numbers().x, y=numbers().y, batch=batch)
    model = dense(UNITS)
    found = sharpness(model, rows)
    exact = np.linalg.eigvalsh(hessian_of(flat(model), rows))[-1]
    assert found.converged and not found.preconditioned
    assert found.figure.value == pytest.approx(exact, rel=5e-3)
    assert found.threshold == pytest.approx(20)
    assert found.ratio == pytest.approx(exact / 20, rel=5e-3)


def test_an_adaptive_optimizer_is_held_against_its_preconditioned_hessian() -> None:
    rows = numbers()
    rate = 0.01
    model = dense(UNITS, keras.optimizers.Adam(rate))
    for _ in range(5):
        before = flat(model)
        model.train_on_batch(rows.x, rows.y)
    found = sharpness(model, rows)
    # The update just made was −rate · m / P: P follows from what the weights did.
    momenta = np.concatenate([np.ravel(m.value) for m in model.optimizer._momentums])
    divisors = -rate * momenta / (flat(model) - before)
    product = hessian_of(flat(model), rows) / divisors[:, None]
    assert found.figure.value == pytest.approx(np.linalg.eigvals(product).real.max(), rel=1e-2)
    assert found.preconditioned and found.threshold == pytest.approx(38 / rate)


@pytest.mark.parametrize(
    ("optimizer", "limit"),
    [
        (keras.optimizers.SGD(0.1), 20.0),
        (keras.optimizers.SGD(0.1, momentum=0.9), 38.0),
        (keras.optimizers.SGD(0.1, momentum=0.9, nesterov=True), 38 / 2.8),
    ],
)
def test_a_parabola_just_above_the_threshold_diverges_and_just_below_it_does_not(
    optimizer: keras.optimizers.SGD, limit: float
) -> None:
    model = dense(1, optimizer)
    assert stability(model)[0] == pytest.approx(limit)
    for share, diverges in ((1.03, True), (0.97, False)):
        weight = keras.Variable(np.ones(1, np.float32))
        ours = type(optimizer).from_config(optimizer.get_config())
        ours.build([weight])
        for _ in range(150):
            ours.apply([share * limit * weight.value])
        assert (not abs(float(weight[0])) < 1) == diverges


def test_averaged_momentum_on_a_frozen_preconditioner_has_the_threshold_of_adam() -> None:
    for share, diverges in ((1.03, True), (0.97, False)):
        weight, momentum = 1.0, 0.0
        for _ in range(400):
            momentum = 0.9 * momentum + 0.1 * share * 3800 * weight
            weight -= 0.01 * momentum
        assert (abs(weight) > 1) == diverges


@given(seed=st.integers(0, 10_000), size=st.integers(2, 8))
@settings(max_examples=30, deadline=None)
def test_the_largest_eigenvalue_is_found_also_beside_larger_negative_ones(
    seed: int, size: int
) -> None:
    rng = np.random.default_rng(seed)
    half = rng.standard_normal((size, size))
    matrix = half + half.T
    value, error, settled, _ = largest(lambda v: matrix @ v, size, most=400)
    values = np.linalg.eigvalsh(matrix)
    assert np.abs(values - value).min() <= error + 1e-6 * abs(values).max()
    if settled and value > 0:
        assert value <= values[-1] + 1e-9


def test_what_has_no_threshold_is_refused_with_the_reason() -> None:
    rows = images()
    with pytest.raises(core.CannotChange, match="Adam has made no update yet"):
        sharpness(convolution(), rows)
    with pytest.raises(core.CannotChange, match="no threshold of curvature is known for Lion"):
        sharpness(convolution(keras.optimizers.Lion(0.1)), rows)
    with pytest.raises(core.CannotChange, match="needs examples in arrays"):
        sharpness(dense(), Rows(x=rows.x))


def test_weights_before_batch_normalization_do_not_blow_the_curvature_up() -> None:
    rows = images()
    model = convolution()
    for _ in range(20):
        model.train_on_batch(rows.x, rows.y)
    assert sharpness(model, rows).ratio < 1


def test_the_gradient_of_an_embedding_is_of_some_rows_only() -> None:
    keras.utils.set_random_seed(4)
    layers = keras.layers
    stack = [layers.Embedding(7, 3), layers.GlobalAveragePooling1D(), layers.Dense(1)]
    model = keras.Sequential([keras.Input((4,), dtype="int32"), *stack])
    model.compile(keras.optimizers.SGD(0.1), "mse")
    x = np.random.default_rng(0).integers(0, 7, (24, 4))
    found = sharpness(model, Rows(x=x, y=x.mean(1, keepdims=True).astype("float32"), batch=24))
    assert np.isfinite(found.ratio) and found.figure.value > 0
