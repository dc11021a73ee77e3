from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import tensorflow as tf
from hypothesis import given, settings
from hypothesis import strategies as st

import convalesce
from tests.lab.tools.nets import X, Y, net


@settings(deadline=None)
@given(st.lists(st.integers(1, 30), min_size=2, max_size=5), st.integers(1, 17), st.integers(0, 9))
def test_every_batch_has_equal_parts_of_each_class(
    counts: list[int], batch: int, seed: int
) -> None:
    y = np.repeat(np.arange(len(counts)), counts)
    made = convalesce.balanced_batches(np.arange(len(y)), y, batch, seed=seed)
    assert len(made) == -(-len(y) // batch)
    for number in range(len(made)):
        rows, labels = made[number]
        assert np.array_equal(y[rows], labels)
        parts = np.bincount(labels, minlength=len(counts))
        assert parts.sum() == batch
        assert parts.max() - parts.min() <= 2


def test_no_example_comes_again_before_all_of_its_class_have_come() -> None:
    y = np.array([0] * 40 + [1] * 8)
    made = convalesce.balanced_batches(np.arange(48), y, 16)
    rare = np.concatenate([made[n][0] for n in range(len(made))])
    rare = rare[rare >= 40]
    assert len(rare) == 24
    assert (np.bincount(rare)[40:] == 3).all()


def test_each_epoch_is_dealt_anew() -> None:
    made = convalesce.balanced_batches(np.arange(48), np.arange(48) % 3, 12)
    first = made[0][0]
    made.on_epoch_end()
    assert not np.array_equal(made[0][0], first)


def test_a_model_is_fitted_on_them_with_labels_in_one_hot_rows_kept() -> None:
    made = convalesce.balanced_batches({"a": X, "b": X}, np.eye(10)[Y], 20, steps=3)
    x, y = made[0]
    assert x["b"].shape == (20, 8, 8, 1)
    assert y.sum(0).tolist() == [2] * 10
    history = net().fit(convalesce.balanced_batches(X, Y, steps=3), verbose=0)
    assert np.isfinite(history.history["loss"]).all()


@pytest.mark.parametrize("one_hot", ["rows", "numbers"])
def test_a_data_set_is_balanced_too(one_hot: str) -> None:
    y = np.array([0] * 90 + [1] * 10)
    labels: Any = np.eye(2)[y] if one_hot == "rows" else y
    data = tf.data.Dataset.from_tensor_slices((np.arange(100), labels))
    made = convalesce.balanced_batches(data, batch_size=20, classes=(0, 1))
    for x, _ in made.take(4):
        assert (y[x.numpy()] == 1).sum() == 10


DATA = tf.data.Dataset.from_tensor_slices((np.arange(8), np.arange(8) % 2))


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ({"x": X}, "x is an array and y is missing"),
        ({"x": X, "y": Y[:3]}, "x has 640 examples and y has 3 labels"),
        ({"x": X, "y": Y, "batch_size": 0}, "batch_size=0; one at the least"),
        ({"x": DATA}, "classes= is needed for a data set"),
        ({"x": DATA.batch(4), "classes": (0, 1)}, "unbatch the data set first"),
        ({"x": DATA.map(lambda x, y: x), "classes": (0, 1)}, "a data set of pairs"),
    ],
)
def test_what_does_not_fit_is_said(given: dict[str, Any], says: str) -> None:
    with pytest.raises(ValueError, match=says):
        convalesce.balanced_batches(**given)
