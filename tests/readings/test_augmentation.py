import numpy as np
import pytest

from convalesce.readings.augmentation import standardised, to_another_class


def test_distances_to_another_class_are_those_of_a_plain_search() -> None:
    rng = np.random.default_rng(0)
    plain, points = rng.standard_normal((300, 5)), rng.standard_normal((300, 5))
    labels = rng.integers(0, 3, 300)
    by_hand = [
        min(np.linalg.norm(p - q) for q, k in zip(plain, labels, strict=True) if k != label)
        for p, label in zip(points, labels, strict=True)
    ]
    assert to_another_class(points, labels, plain) == pytest.approx(by_hand)


def test_features_are_scaled_by_the_plain_ones_and_constant_ones_left_out() -> None:
    plain = np.array([[[0.0, 5.0], [10.0, 1.0]], [[2.0, 5.0], [30.0, 1.0]]])
    base, moved = standardised(plain, plain + 1)
    assert base.tolist() == [[-1, -1], [1, 1]]
    assert moved == pytest.approx(np.array([[0, -0.9], [2, 1.1]]))
