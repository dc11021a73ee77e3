import keras
import numpy as np
import pytest

from convalesce import core
from convalesce.lab.instruments.memorisation_speed import (
    labels_of,
    memorisation_speed,
    probabilities_of,
)
from convalesce.observe.kept import Rows
from tests.lab.instruments.nets import convolution, images, numbers


def planted(share: float, count: int = 240) -> tuple[Rows, np.ndarray]:
    rows = images(count, spread=0.25)
    rng = np.random.default_rng(1)
    wrong = rng.random(count) < share
    y = np.where(wrong, (rows.y + rng.integers(1, 3, count)) % 3, rows.y)
    return Rows(x=rows.x, y=y, batch=16), wrong


def test_planted_wrong_labels_are_counted_and_named_by_both_estimates() -> None:
    rows, wrong = planted(0.2)
    found = memorisation_speed(convolution(keras.optimizers.Adam(0.02)), rows, epochs=8)
    assert found.figure.low - 0.02 < wrong.mean() < found.figure.high + 0.02
    assert found.by_confidence is not None
    assert found.by_confidence.value == pytest.approx(wrong.mean(), abs=0.06)
    suspects = list(found.suspects)
    assert wrong[suspects].mean() > 0.9 and len(suspects) > 0.8 * wrong.sum()
    areas, learnt = np.array(found.areas), np.array(found.learnt)
    assert areas[wrong].mean() > 3 * areas[~wrong].mean()
    assert (learnt[wrong] < 0).mean() > 0.7 and (learnt[~wrong] >= 0).mean() > 0.9
    assert "by held-out predictions" in found.says


def test_right_labels_are_left_alone() -> None:
    rows, _ = planted(0.0)
    found = memorisation_speed(convolution(keras.optimizers.Adam(0.02)), rows, epochs=8, folds=0)
    assert found.figure.value < 0.02 and found.by_confidence is None
    assert len(found.suspects) < 5


def test_labels_are_read_from_numbers_and_from_one_hot_rows() -> None:
    answers = np.ones((3, 3)) / 3
    assert labels_of(np.array([[0], [2], [1]]), answers).tolist() == [0, 2, 1]
    assert labels_of(np.eye(3)[[0, 2, 1]], answers).tolist() == [0, 2, 1]
    assert labels_of(np.array([0.0, 1.0]), np.ones((2, 1))).tolist() == [0, 1]


def test_logits_become_probabilities() -> None:
    logits = np.array([[2.0, -1.0, 0.5]])
    by_hand = np.exp(logits) / np.exp(logits).sum()
    assert probabilities_of(logits) == pytest.approx(by_hand)
    assert probabilities_of(np.array([[0.3]]), logits=True)[0, 1] == pytest.approx(
        1 / (1 + np.exp(-0.3))
    )
    assert probabilities_of(np.array([[0.3]])).tolist() == [[0.7, 0.3]]


def test_what_is_no_classifier_or_too_small_is_refused() -> None:
    with pytest.raises(core.CannotChange, match="asked of a classifier of one output"):
        labels_of(numbers().y, np.zeros((40, 1)))
    with pytest.raises(core.CannotChange, match="20 examples in batches of 16 are too few"):
        memorisation_speed(convolution(), images(20))
