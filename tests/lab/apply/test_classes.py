"""WeightClasses and Oversample."""

from __future__ import annotations

import numpy as np
import pytest

from convalesce import core
from convalesce.lab.apply import apply
from tests.lab.apply.examples import setting

DRAW = np.random.default_rng(0)
Y = np.array([0] * 30 + [1] * 6)
PICTURES = DRAW.integers(0, 256, (36, 5, 5, 3)).astype(np.uint8)


@pytest.mark.parametrize("method", ["smote", "random"])
def test_only_what_is_fed_is_oversampled(method: str) -> None:
    plain = setting((PICTURES, Y), (PICTURES[:4], Y[:4]), kind="image")
    made = apply(core.Oversample(method), plain)
    assert np.bincount(made.train.y).tolist() == [30, 30]
    assert made.train.x.dtype == np.uint8
    assert made.judged.count == 36
    assert made.validation is plain.validation


def test_new_examples_are_mixed_in_where_the_data_are_fed_in_order() -> None:
    made = apply(core.Oversample("random"), setting((PICTURES, Y), shuffled=False, kind="image"))
    assert 0 < made.train.y[-20:].mean() < 1
    assert not made.train.shuffled


def test_several_inputs_are_mixed_together() -> None:
    from dataclasses import replace

    plain = setting((PICTURES, Y), kind="image")
    x = {"a": DRAW.random((36, 3)).astype(np.float32), "b": PICTURES}
    train = replace(plain.train, x=x)
    made = apply(core.Oversample(), replace(plain, train=train, original=core.Signals({})))
    assert made.train.x["a"].shape == (60, 3)
    assert made.train.x["b"].shape == (60, 5, 5, 3)
    assert made.train.x["b"].dtype == np.uint8
    assert np.array_equal(made.train.x["b"][:36], PICTURES)


def test_weights_of_examples_are_repeated_with_them() -> None:
    from dataclasses import replace

    plain = setting((PICTURES, Y), kind="image")
    weighted = replace(plain, train=replace(plain.train, weight=np.arange(36.0)))
    made = apply(core.Oversample("random"), weighted)
    assert made.train.weight.shape == (60,)
    assert set(made.train.weight[36:]) <= set(range(30, 36))
    with pytest.raises(core.CannotChange, match="carry weights"):
        apply(core.Oversample("smote"), weighted)


@pytest.mark.parametrize(
    ("x", "y", "kind", "why"),
    [
        (PICTURES, Y % 1, "image", "every class has 1 of the largest already"),
        (PICTURES[:, 0, 0].astype(int), Y, "tokens", "token numbers can't be interpolated"),
        (PICTURES, Y + 0.5, "image", "fractions or NaN"),
    ],
)
def test_what_can_t_be_oversampled_is_refused(x: object, y: object, kind: str, why: str) -> None:
    with pytest.raises(core.CannotChange, match=why):
        apply(core.Oversample(), setting((x, y), kind=kind))  # type: ignore[arg-type]


def test_classes_are_weighted_by_the_inverse_of_their_counts() -> None:
    made = apply(core.WeightClasses(), setting((PICTURES, Y)))
    assert made.class_weight == {0: pytest.approx(0.6), 1: pytest.approx(3.0)}


def test_figures_have_no_class_weights() -> None:
    with pytest.raises(core.CannotChange, match="the targets are no classes"):
        apply(core.WeightClasses(), setting((PICTURES, np.linspace(0, 1, 36))))
