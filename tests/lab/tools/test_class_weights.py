from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.utils.class_weight import compute_class_weight

import convalesce

COUNTS = st.lists(st.integers(1, 50), min_size=1, max_size=6)


@settings(deadline=None)
@given(COUNTS)
def test_balanced_weights_are_those_of_scikit_learn(counts: list[int]) -> None:
    y = np.repeat(np.arange(len(counts)) * 2, counts)
    found = convalesce.class_weights(y)
    theirs = compute_class_weight("balanced", classes=np.unique(y), y=y)
    assert list(found) == sorted(set(y.tolist()))
    assert np.allclose(list(found.values()), theirs)


@given(COUNTS, st.floats(0, 0.9999))
def test_weights_by_effective_number_follow_the_paper(counts: list[int], beta: float) -> None:
    y = np.repeat(np.arange(len(counts)), counts)
    found = np.array(list(convalesce.class_weights(y, "effective", beta=beta).values()))
    effective = (1 - beta ** np.array(counts, float)) / (1 - beta)
    assert found.sum() == pytest.approx(len(counts))
    assert np.allclose(found * effective, (found * effective)[0], rtol=1e-6)


def test_one_hot_rows_and_columns_of_labels_give_the_same() -> None:
    y = np.array([0, 0, 0, 1, 2, 2])
    plain = convalesce.class_weights(y)
    assert convalesce.class_weights(np.eye(3)[y]) == plain
    assert convalesce.class_weights(y[:, None]) == plain


@pytest.mark.parametrize(
    ("y", "more", "says"),
    [
        (["a", "b"], {}, "whole numbers are expected, as fit takes them"),
        ([0, 1], {"method": "effective", "beta": 1.0}, "beta=1.0 is not in"),
        ([0, 1], {"method": "fair"}, "method='fair' is not known"),
    ],
)
def test_what_does_not_fit_is_said(y: list[object], more: dict[str, object], says: str) -> None:
    with pytest.raises(ValueError, match=says):
        convalesce.class_weights(y, **more)
