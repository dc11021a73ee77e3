from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from convalesce.core import Targets
from convalesce.observe.scan import Hints, scan

N = 600
RNG = np.random.default_rng(0)
X = RNG.random((N, 5))
PICTURES = RNG.random((N, 16, 16, 1)).astype(np.float32)
K = RNG.integers(0, 10, N)


def _targets(y: Any, x: Any = X) -> Targets:
    return scan(x, y, role="train").split.targets[0]


@pytest.mark.parametrize(
    ("y", "form"),
    [
        (K, "class_index"),
        (K + 1, "class_index"),
        (K[:, None].astype(np.float32), "class_index"),
        (K % 2, "binary"),
        ((K % 2)[:, None].astype(np.float32), "binary"),
        (K > 4, "binary"),
        (K * 0, "binary"),
        (K % 2 * 2 - 1, "sign"),
        (np.eye(10)[K], "one_hot"),
        (np.eye(10, dtype=bool)[K], "one_hot"),
        (RNG.integers(0, 2, (N, 5)), "multi_hot"),
        (np.eye(10)[K] * 0.9 + 0.01, "soft"),
        (K / 255, "continuous"),
        (X[:, 0] * 3, "continuous"),
        (X[:, :2], "continuous"),
        (K * 100, "continuous"),
        (np.array(["a", "b"] * (N // 2)), "other"),
    ],
)
def test_the_form_of_one_label_an_example(y: Any, form: str) -> None:
    assert _targets(y).form == form


@pytest.mark.parametrize(
    ("y", "form"),
    [
        ((PICTURES > 0.5).astype(np.float32), "mask_binary"),
        (PICTURES[..., 0] > 0.5, "mask_binary"),
        (RNG.integers(0, 4, (N, 16, 16)), "mask_index"),
        (np.eye(3)[RNG.integers(0, 3, (N, 16, 16))], "mask_one_hot"),
        (PICTURES, "reconstruction"),
        (PICTURES / 2 + 0.1, "reconstruction"),
        ((PICTURES > 0.5) * np.uint8(255), "continuous"),
        (RNG.random((N, 16, 16, 1)), "continuous"),
    ],
)
def test_the_form_of_a_label_at_each_position(y: Any, form: str) -> None:
    assert _targets(y, PICTURES).form == form


def test_the_clean_picture_of_a_noisy_one_is_a_reconstruction() -> None:
    noisy = PICTURES + RNG.normal(0, 0.3, PICTURES.shape)
    assert _targets(PICTURES, noisy).form == "reconstruction"


@pytest.mark.parametrize("wrong", [-1, 2.5])
def test_rows_that_break_a_class_index_are_counted(wrong: float) -> None:
    y = K.astype(np.float64)
    y[:7] = wrong
    found = _targets(y)
    assert found.form == "class_index" and found.invalid_rows == 7


def test_classes_counted_from_minus_one_are_classes() -> None:
    found = _targets(K - 1)
    assert found.form == "class_index"
    assert found.invalid_rows == (K == 0).sum()


def test_rows_without_a_class_break_one_hot() -> None:
    y = np.eye(10)[K]
    y[:7] = 0
    found = _targets(y)
    assert found.form == "one_hot" and found.invalid_rows == 7


def test_a_void_label_far_from_the_classes_is_a_sentinel() -> None:
    y = K.copy()
    y[:9] = 255
    found = _targets(y)
    assert (found.form, found.classes, found.sentinel, found.sentinel_count) == (
        "class_index",
        256,
        255,
        9,
    )


def test_a_repeated_value_far_from_the_others_is_a_sentinel() -> None:
    y = X[:, 0].copy()
    y[::50] = -999
    found = _targets(y)
    assert (found.sentinel, found.sentinel_count) == (-999, 12)


def test_a_long_tail_is_no_sentinel() -> None:
    assert _targets(np.exp(3 * RNG.standard_normal(N))).sentinel is None


def test_labels_that_are_no_numbers_are_counted_and_named() -> None:
    y = K.astype(np.float64)
    y[[3, 80]] = np.nan
    found = _targets(y)
    assert found.nonfinite == 2 and found.nonfinite_examples == (3, 80)
    assert found.form == "class_index" and sum(found.counts) == N - 2


@settings(max_examples=40, deadline=None)
@given(st.lists(st.integers(0, 4), min_size=60, max_size=200), st.booleans())
def test_counts_and_order_equal_those_of_numpy(labels: list[int], one_hot: bool) -> None:  # noqa: FBT001
    y = np.array([*labels, *range(5), *range(5)])
    found = _targets(np.eye(5)[y] if one_hot else y, np.zeros((len(y), 2)))
    assert found.counts == tuple(np.bincount(y))
    assert found.adjacency == pytest.approx((y[1:] == y[:-1]).mean())
    pairs = np.bincount(y) * (np.bincount(y) - 1)
    assert found.adjacency_expected == pytest.approx(pairs.sum() / (len(y) * (len(y) - 1)))


def test_sorted_figures_stand_beside_their_like() -> None:
    found = _targets(np.sort(X[:, 0]))
    assert found.adjacency > 0.95
    assert found.adjacency_expected == pytest.approx(0.1, abs=0.01)


def test_columns_have_their_own_mean_and_deviation() -> None:
    y = X[:, :3] * [1, 10, 100]
    found = _targets(y)
    assert found.column_mean == pytest.approx(y.mean(0), rel=1e-5)
    assert found.column_std == pytest.approx(y.std(0), rel=1e-5)
    assert found.std == pytest.approx(y.std(), rel=1e-5)


@pytest.mark.parametrize("rest", [[3], [7, 8, 9]])
def test_a_split_of_a_few_classes_has_class_numbers_as_training_has(rest: list[int]) -> None:
    labels = np.repeat(rest, 20)
    x = np.random.default_rng(0).normal(size=(len(labels), 5))
    alone = scan(x, labels, role="validation").split.targets[0]
    known = scan(x, labels, role="validation", hints=Hints(forms=("class_index",)))
    assert alone.form == "continuous"
    assert known.split.targets[0].form == "class_index"
    assert known.split.targets[0].counts[rest[-1]] == 20
