import keras
import numpy as np
import pytest

from convalesce.lab.instruments.along_update import along_update
from convalesce.observe.kept import Rows
from tests.lab.instruments.nets import convolution, images, layers


def linear(rate: float, rows: Rows) -> keras.Model:
    model = keras.Sequential([keras.Input((2,)), layers.Dense(1, use_bias=False)])
    model.compile(keras.optimizers.SGD(rate), "mse")
    model.set_weights([np.array([[0.5], [-1.0]], np.float32)])
    return model


def straight() -> Rows:
    rng = np.random.default_rng(1)
    x = rng.standard_normal((30, 2)).astype(np.float32)
    return Rows(x=x, y=(x @ [[2.0], [1.0]]).astype(np.float32), batch=30)


def test_on_a_quadratic_loss_the_lowest_factor_is_the_exact_line_minimum() -> None:
    rows, rate = straight(), 0.05
    found = along_update(linear(rate, rows), rows)
    weights = np.array([[0.5], [-1.0]])
    hessian = 2 * rows.x.T @ rows.x / 30
    gradient = 2 * rows.x.T @ (rows.x @ weights - rows.y) / 30
    square, bend = (gradient**2).sum(), (gradient.T @ hessian @ gradient).item()
    assert found.slope == pytest.approx(-rate * square, rel=1e-3)
    assert found.curvature == pytest.approx(rate**2 * bend, rel=1e-2)
    longest = square / (rate * bend)  # beyond the factors asked
    assert longest > 4 and found.figure.high == np.inf
    exact = along_update(linear(2 * rate, rows), rows, factors=(-1, 0, 2, 5, 9, 14))
    assert exact.figure.value == pytest.approx(longest / 2, rel=1e-2)
    assert exact.figure.low < longest / 2 < exact.figure.high


@pytest.mark.parametrize(
    ("share", "past", "climbs", "says"),
    [
        (0.6, False, False, "before the valley's floor"),
        (1.5, True, False, "past the valley"),
        (3.0, True, True, "overshoots"),
        (40.0, True, True, "overshoots"),
    ],
)
def test_a_rate_is_told_to_be_too_short_or_too_long(
    *, share: float, past: bool, climbs: bool, says: str
) -> None:
    rows = straight()
    weights = np.array([[0.5], [-1.0]])
    hessian = 2 * rows.x.T @ rows.x / 30
    gradient = 2 * rows.x.T @ (rows.x @ weights - rows.y) / 30
    best = ((gradient**2).sum() / (gradient.T @ hessian @ gradient)).item()
    found = along_update(linear(share * best, rows), rows)
    assert (found.past, found.climbs) == (past, climbs)
    assert says in found.says
    assert found.figure.value == pytest.approx(1 / share, rel=0.02)


def test_losses_are_those_of_a_plain_loop_over_moved_weights() -> None:
    rows = Rows(x=images().x[:16], y=images().y[:16], batch=16)
    model = convolution(keras.optimizers.SGD(0.1, momentum=0.9), dropout=0.0)
    found = along_update(model, rows, normalisation="inference")
    start = [w.copy() for w in model.get_weights()]
    model.train_on_batch(rows.x, rows.y)
    stepped = model.get_weights()
    trained = {id(v) for v in model.trainable_variables}
    moves = [id(v) in trained for v in model.weights]
    for factor, loss in zip(found.factors, found.losses, strict=True):
        model.set_weights(
            [
                s + np.float32(factor) * (e - s) if m else s
                for s, e, m in zip(start, stepped, moves, strict=True)
            ]
        )
        assert loss == pytest.approx(model.evaluate(rows.x, rows.y, verbose=0)[0], rel=1e-4)
