from __future__ import annotations

import math

import numpy as np
import pytest
from sklearn.datasets import load_digits

from convalesce.core import Across
from convalesce.observe.scan import compare, scan
from convalesce.observe.scan.structure import Array

DIGITS = load_digits()
X = DIGITS.images[..., None].astype(np.float32)
Y = DIGITS.target
RNG = np.random.default_rng(0)
ORDER = RNG.permutation(len(X))
TRAIN, OTHER = ORDER[:1200], ORDER[1200:]


def _across(x: Array, y: Array, *, train: Array = X[TRAIN], labels: Array = Y[TRAIN]) -> Across:
    return compare(scan(train, labels, role="train"), scan(x, y, role="validation"))


def test_two_halves_of_the_same_data_are_alike() -> None:
    found = _across(X[OTHER], Y[OTHER])
    assert found.role == "validation"
    assert abs(found.shift[0]) < 0.05 and found.spread[0] == pytest.approx(1, abs=0.05)
    assert found.label_shift < 0.08 and found.only_there == ()
    assert found.distance == pytest.approx(1, abs=0.15)
    assert found.texture == pytest.approx(1, abs=0.05)
    assert found.neighbours is not None and found.neighbours.agreement > 0.9
    assert found.duplicates.exact == 0


def test_shift_and_spread_are_in_deviations_of_training() -> None:
    x, y = RNG.normal(0, 2, (5000, 3)), RNG.normal(0, 2, (5000, 3)) * [1, 3, 1] + [0, 0, 4]
    found = _across(y, RNG.integers(0, 2, 5000), train=x, labels=RNG.integers(0, 2, 5000))
    assert found.shift == pytest.approx((0, 0, 2), abs=0.15)
    assert found.spread == pytest.approx((1, 3, 1), abs=0.15)


def test_a_rare_value_in_a_constant_column_is_no_infinite_shift() -> None:
    x = RNG.random((100, 2))
    x[:, 1] = 0
    other = x.copy()
    other[3, 1] = 1
    found = _across(other, Y[:100], train=x, labels=Y[:100])
    assert found.shift[1] == pytest.approx(0.1, abs=0.01) and found.spread[1] == 1


def test_other_scaling_shows_in_shift_and_distance() -> None:
    found = _across(X[OTHER] / 16, Y[OTHER])
    assert found.spread[0] == pytest.approx(1 / 16, rel=0.05)
    assert found.distance > 1.5


def test_labels_that_no_longer_belong_show_in_the_neighbours_across() -> None:
    found = _across(X[OTHER], np.roll(Y[OTHER], 3)).neighbours
    assert found is not None and found.agreement == pytest.approx(found.expected, abs=0.05)


def test_class_shares_and_unseen_classes() -> None:
    low = Y < 5
    found = _across(X, Y, train=X[low], labels=Y[low])
    assert found.only_there == (5, 6, 7, 8, 9)
    assert found.label_shift == pytest.approx((~low).mean(), abs=1e-9)


def test_the_shift_of_figures_is_in_their_deviations() -> None:
    y = RNG.normal(10, 2, 1000)
    found = _across(y[:, None], y + 4, train=y[:, None], labels=y)
    assert found.label_shift == pytest.approx(2, abs=0.1)


def test_blur_lowers_and_noise_raises_the_texture() -> None:
    x = X[OTHER]
    blurred = (x + np.roll(x, 1, 2) + np.roll(x, -1, 2)) / 3
    assert _across(blurred, Y[OTHER]).texture < 0.85
    assert _across(x + RNG.normal(0, 5, x.shape), Y[OTHER]).texture > 1.2
    assert math.isnan(_across(Y[:, None] * 1.5, Y, train=Y[:, None] * 1.5, labels=Y).texture)


def test_token_histograms_are_compared_without_the_bias_of_rare_words() -> None:
    def words(seed: int, most: int) -> Array:
        return np.minimum(np.random.default_rng(seed).zipf(1.2, (300, 50)), most)

    y = RNG.integers(0, 2, 300)
    alike = _across(words(1, 20000), y, train=words(2, 20000), labels=y)
    assert alike.token_shift < 0.06
    assert _across(words(1, 20000) + 3, y, train=words(2, 20000), labels=y).token_shift > 0.4


def test_splits_of_another_layout_are_not_compared_row_by_row() -> None:
    found = _across(X[OTHER, :7], Y[OTHER])
    assert found.neighbours is None and found.duplicates.exact == 0
