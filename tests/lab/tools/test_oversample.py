from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import convalesce
from convalesce.lab.tools.oversample import ResampledBeforeSplit

METHODS = ["smote", "borderline", "adasyn", "random"]
COUNTS = st.lists(st.integers(2, 25), min_size=2, max_size=4)


def uneven(counts: list[int], shape: tuple[int, ...] = (4,), seed: int = 0) -> tuple[Any, Any]:
    """Overlapping clouds, one a class, in random order."""
    draw = np.random.default_rng(seed)
    y = draw.permutation(np.repeat(np.arange(len(counts)), counts))
    x = draw.normal(size=(len(y), *shape)) + y.reshape(-1, *[1] * len(shape))
    return x.astype(np.float32), y


@settings(deadline=None, max_examples=40)
@given(COUNTS, st.floats(0.1, 1), st.integers(0, 9), st.sampled_from(["smote", "random"]))
def test_every_class_is_raised_to_its_share_of_the_largest(
    counts: list[int], ratio: float, seed: int, method: Any
) -> None:
    x, y = uneven(counts)
    new_x, new_y = convalesce.oversample(x, y, method, ratio, seed)
    wanted = int(np.ceil(ratio * max(counts) - 1e-9))
    assert np.bincount(new_y).tolist() == [max(c, wanted) for c in counts]
    assert np.array_equal(new_x[: len(x)], x)
    assert np.array_equal(new_y[: len(y)], y)


@settings(deadline=None, max_examples=25)
@given(COUNTS, st.integers(0, 9))
def test_smote_stays_between_the_examples_of_its_class(counts: list[int], seed: int) -> None:
    x, y = uneven(counts)
    new_x, new_y = convalesce.oversample(x, y, seed=seed)
    for label in range(len(counts)):
        own, made = x[y == label], new_x[len(x) :][new_y[len(x) :] == label]
        assert (made >= own.min(0) - 1e-4).all()
        assert (made <= own.max(0) + 1e-4).all()


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("shape", [(5, 5, 3), (7, 2), (2, 3, 2, 1), ()])
def test_any_rank_of_input_is_kept(method: Any, shape: tuple[int, ...]) -> None:
    x, y = uneven([40, 12], shape)
    x[y == 1] -= 0.9  # so that the classes lie among each other in many dimensions too
    new_x, new_y = convalesce.oversample(x, y, method)
    assert new_x.shape[1:] == x.shape[1:]
    assert new_x.dtype == x.dtype
    assert abs(int((new_y == 1).sum()) - 40) <= 4
    assert np.array_equal(new_x[:52], x)


@pytest.mark.parametrize("method", METHODS)
def test_pixels_stay_pixels(method: Any) -> None:
    draw = np.random.default_rng(1)
    x = draw.integers(0, 256, (60, 4, 4, 3)).astype(np.uint8)
    y = np.array([0] * 45 + [1] * 15)
    x[:15] = x[45:] ^ 1  # so that the classes lie beside each other
    new_x, _ = convalesce.oversample(x, y, method)
    assert new_x.dtype == np.uint8
    assert len(new_x) > 80
    made = new_x[60:].astype(int)
    assert (made >= x[45:].min(0)).all() and (made <= x[45:].max(0)).all()


@pytest.mark.parametrize("written", ["column", "one-hot", "text"])
def test_labels_keep_their_form(written: str) -> None:
    x, plain = uneven([20, 6, 3])
    y = {
        "column": plain[:, None].astype(np.int8),
        "one-hot": np.eye(3, dtype=np.float32)[plain],
        "text": np.array(["cat", "dog", "elk"])[plain],
    }[written]
    _, new_y = convalesce.oversample(x, y)
    assert new_y.dtype == y.dtype
    assert new_y.shape == (60, *y.shape[1:])
    assert np.array_equal(new_y[:29], y)
    if written == "one-hot":
        assert new_y.sum(0).tolist() == [20, 20, 20]


def test_a_class_smaller_than_the_neighbours_is_mixed_with_all_of_it() -> None:
    x, y = uneven([20, 2])
    new_x, new_y = convalesce.oversample(x, y)
    assert (new_y == 1).sum() == 20
    a, b = x[y == 1]
    share = (new_x[22:] - a)[:, 0] / (b - a)[0]
    assert np.allclose(new_x[22:], a + share[:, None] * (b - a), atol=1e-5)


def test_a_single_example_is_repeated_with_a_warning() -> None:
    x, y = uneven([20, 1])
    with pytest.warns(UserWarning, match="class 1 has a single example: it is repeated"):
        new_x, _ = convalesce.oversample(x, y)
    assert (new_x[21:] == x[y == 1]).all()


@pytest.mark.parametrize("method", ["borderline", "adasyn"])
def test_a_class_that_lies_apart_is_made_by_plain_smote_with_a_warning(method: Any) -> None:
    x, y = uneven([30, 12])
    x[y == 1] += 1000
    with pytest.warns(UserWarning, match="plain SMOTE is used"):
        _, new_y = convalesce.oversample(x, y, method)
    assert np.bincount(new_y).tolist() == [30, 30]


def test_the_same_seed_makes_the_same_examples_and_numpy_s_own_state_stays() -> None:
    x, y = uneven([30, 8])
    before = np.random.get_state()[1].copy()  # noqa: NPY002 - the state that users draw from
    first, _ = convalesce.oversample(x, y, seed=5)
    assert np.array_equal(np.random.get_state()[1], before)  # noqa: NPY002
    again, _ = convalesce.oversample(x, y, seed=5)
    other, _ = convalesce.oversample(x, y, seed=6)
    assert np.array_equal(first, again)
    assert not np.array_equal(first, other)


def test_even_classes_are_given_back_as_a_copy() -> None:
    x, y = uneven([9, 9])
    new_x, _ = convalesce.oversample(x, y)
    assert np.array_equal(new_x, x)
    assert not np.shares_memory(new_x, x)


def test_a_split_that_comes_later_is_refused() -> None:
    x, y = uneven([20, 5])
    with pytest.raises(ResampledBeforeSplit, match=r"validation=0.2 .* Split first, then"):
        convalesce.oversample(x, y, validation=0.2)


def test_validation_rows_among_the_training_rows_are_refused() -> None:
    x, y = uneven([20, 5])
    for held in ((x[4:7], y[4:7]), x[4:7]):
        with pytest.raises(ResampledBeforeSplit, match=r"3 rows of x \(first: row 4\) stand in"):
            convalesce.oversample(x, y, validation=held)


def test_a_clean_validation_split_is_accepted() -> None:
    x, y = uneven([20, 5])
    other, _ = uneven([20, 5], seed=8)
    assert len(convalesce.oversample(x, y, validation=other)[0]) == 40


X, Y = uneven([6, 3])


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"method": "smoke"}, "method='smoke' is not known; smote, borderline, adasyn, random"),
        ({"ratio": 1.5}, "ratio=1.5 is not in 0 … 1"),
        ({"neighbours": 0}, "neighbours=0; one at the least"),
        ({"y": Y[:4]}, "x has 9 examples and y has 4 labels"),
        ({"y": Y + 0.5}, "y holds fractions or NaN"),
        ({"y": np.zeros((9, 4, 4, 1))}, r"y has shape \(9, 4, 4, 1\); one class an example"),
        ({"y": np.ones((9, 2))}, "has not exactly one 1 among zeros"),
        ({"x": np.where(X > 0, X, np.nan)}, "x holds NaN or infinity in .* drop or impute them"),
        ({"x": np.array([["a"]] * 9)}, 'can\'t be interpolated; .* method="random"'),
        ({"y": np.zeros(0)}, "y holds no labels"),
    ],
)
def test_what_does_not_fit_is_said(change: dict[str, Any], says: str) -> None:
    with pytest.raises(ValueError, match=says):
        convalesce.oversample(**{"x": X, "y": Y, **change})
