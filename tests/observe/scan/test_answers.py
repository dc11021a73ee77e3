"""Neighbours and telltale: what labels and inputs say about each other."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.datasets import load_digits, load_iris
from sklearn.neighbors import NearestNeighbors

from convalesce.core import (
    Neighbours,
    Telltale,
)
from convalesce.observe.scan import Hints, scan
from convalesce.observe.scan.structure import Array

DIGITS = load_digits()
X = DIGITS.images[..., None].astype(np.float32)
Y = DIGITS.target
RNG = np.random.default_rng(0)


def _neighbours(x: Array, y: Array) -> Neighbours:
    found = scan(x, y, role="train").split.neighbours
    assert found is not None
    return found


def _telltale(x: Array, y: Array) -> Telltale:
    found = scan(x, y, role="train").split.telltale
    assert found is not None
    return found


def test_agreement_equals_that_of_scikit_learn() -> None:
    flat = X.reshape(len(X), -1)
    near = NearestNeighbors(n_neighbors=6).fit(flat).kneighbors(flat, return_distance=False)[:, 1:]
    found = _neighbours(X, Y)
    assert found.sample == len(X)
    assert found.agreement == pytest.approx((Y[near] == Y[:, None]).mean(), abs=2e-3)
    assert found.expected == pytest.approx(sum(np.mean(c == Y) ** 2 for c in range(10)))


def test_shuffled_labels_agree_by_chance_only() -> None:
    found = _neighbours(X, RNG.permutation(Y))
    assert found.agreement == pytest.approx(found.expected, abs=0.02)


def test_a_slip_in_the_pairing_shows_in_the_segments_behind_it() -> None:
    y = Y.copy()
    half = len(y) // 2
    y[half:] = np.roll(y[half:], 7)
    found = _neighbours(X, y)
    assert min(found.segments[:4]) > max(found.segments[4:]) + 0.3


def test_two_classes_mixed_up_show_in_the_confusion() -> None:
    y = Y.copy()
    mixed = np.flatnonzero(np.isin(Y, [3, 8]))
    y[mixed] = RNG.permutation(y[mixed])
    table = np.array(_neighbours(X, y).confusion)
    assert table.sum(1) == pytest.approx(np.ones(10))
    assert table[3, 8] > 0.3 and table[8, 3] > 0.3 and table[0, 0] > 0.9


def test_rows_with_a_wrong_label_are_named() -> None:
    y = Y.copy()
    wrong = [100, 500, 900]
    y[wrong] = (y[wrong] + 5) % 10
    found = _neighbours(X, y)
    assert len(set(wrong) & set(found.disagreeing)) >= 2
    assert found.disagreeing_share < 0.02


@pytest.mark.parametrize("form", ["one_hot", "index", "from one"])
def test_agreement_does_not_depend_on_how_classes_are_written(form: str) -> None:
    y = {"one_hot": np.eye(10)[Y], "index": Y.astype(np.float32)[:, None], "from one": Y + 1}[form]
    assert _neighbours(X, y).agreement == pytest.approx(_neighbours(X, Y).agreement)


def test_figures_are_compared_by_correlation() -> None:
    x = RNG.random((400, 2))
    y = np.sin(3 * x[:, 0]) + x[:, 1]
    assert _neighbours(x, y).agreement > 0.9
    y[::40] = -999
    assert _neighbours(x, y).agreement > 0.8
    assert abs(_neighbours(x, RNG.permutation(y)).agreement) < 0.2


def test_short_codes_are_compared_and_free_text_is_not() -> None:
    x = RNG.integers(1, 5, (400, 30))
    x[:200, ::3] = 1
    y = np.repeat([0, 1], 200)
    found = scan(x, y, role="train", hints=Hints(layers=("Embedding",))).split
    assert found.neighbours is not None and found.neighbours.agreement > 0.8
    text = RNG.integers(1, 5000, (400, 30))
    assert scan(text, y, role="train").split.neighbours is None


def test_masks_and_reconstructions_have_no_neighbours() -> None:
    for y in (X > 8, X):
        assert scan(X, y, role="train").split.neighbours is None


def test_a_leaked_column_tells_more_than_any_other() -> None:
    x = np.c_[load_iris().data, RNG.random(150), load_iris().target * 3.5]
    found = _telltale(x, load_iris().target)
    assert (found.where, found.score) == ("feature 5", 1.0)
    assert found.runner_up < 1.0


def test_a_leaked_column_of_a_regression_is_found() -> None:
    x = RNG.random((300, 6))
    found = _telltale(np.c_[x, x[:, 2] ** 3 * 5], x[:, 2] + 0 * x[:, 1])
    assert found.where in {"feature 2", "feature 6"} and found.score == pytest.approx(1.0)
    assert found.runner_up < 0.3


def test_a_stamp_in_a_corner_is_found() -> None:
    x = X.copy()
    x[:, 0, 1, 0] = Y / 9
    found = _telltale(x, Y)
    assert (found.where, found.score) == ("pixel (0, 1), channel 0", 1.0)
    assert found.runner_up < 0.5


def test_labels_written_one_hot_into_the_picture_are_found() -> None:
    x = np.pad(X, ((0, 0), (2, 2), (2, 2), (0, 0)))
    x[np.arange(len(Y)), 0, Y] = 1.0
    found = _telltale(x, Y)
    assert found.where == "pixel (0, 0), channel 0 and 9 more, one for each class"
    assert found.score > 0.99 > found.runner_up + 0.1


def test_honest_data_have_a_runner_up_close_behind() -> None:
    for x, y in ((X, Y), (load_iris().data, load_iris().target)):
        found = _telltale(x, y)
        assert found.score < 0.97 and found.runner_up > found.score - 0.15


def test_random_labels_are_told_by_nothing() -> None:
    assert _telltale(X, RNG.permutation(Y)).score < 0.1


def test_too_few_examples_are_not_judged() -> None:
    found = scan(X[:30], Y[:30], role="train").split
    assert found.neighbours is None and found.telltale is None
