import numpy as np
import pytest

from convalesce.readings.confident_learning import (
    confident_classes,
    confident_joint,
    confident_share,
)

CLASSES = 4


def predictions(noise: float, count: int = 600, seed: int = 0) -> tuple[np.ndarray, ...]:
    """Given labels, out-of-fold probabilities, and which labels are wrong."""
    rng = np.random.default_rng(seed)
    true = rng.integers(0, CLASSES, count)
    scores = rng.standard_normal((count, CLASSES)) + 4 * np.eye(CLASSES)[true]
    probabilities = np.exp(scores) / np.exp(scores).sum(1, keepdims=True)
    wrong = rng.random(count) < noise
    given = np.where(wrong, (true + rng.integers(1, CLASSES, count)) % CLASSES, true)
    return given, probabilities, wrong


def by_hand(labels: np.ndarray, probabilities: np.ndarray) -> np.ndarray:
    """The joint, row by row, as the paper's equations read."""
    limits = [
        np.mean([p[j] for p, y in zip(probabilities, labels, strict=True) if y == j])
        for j in range(CLASSES)
    ]
    counts = np.zeros((CLASSES, CLASSES))
    for p, y in zip(probabilities, labels, strict=True):
        above = [j for j in range(CLASSES) if p[j] >= limits[j]]
        if above:
            counts[y, max(above, key=lambda j: p[j])] += 1
    joint = np.array([counts[i] / counts[i].sum() * (labels == i).sum() for i in range(CLASSES)])
    return joint / joint.sum()


@pytest.mark.parametrize("noise", [0.0, 0.1, 0.3])
def test_the_joint_is_that_of_a_plain_loop(noise: float) -> None:
    labels, probabilities, _ = predictions(noise)
    joint = confident_joint(labels, probabilities)
    assert joint == pytest.approx(by_hand(labels, probabilities))


def test_the_joint_is_that_of_cleanlab() -> None:
    count = pytest.importorskip("cleanlab.count")
    labels, probabilities, _ = predictions(0.2)
    theirs = count.estimate_joint(labels, probabilities)
    # Theirs is rounded to whole examples.
    assert np.abs(confident_joint(labels, probabilities) - theirs).max() < 1 / len(labels)


@pytest.mark.parametrize("noise", [0.1, 0.3])
def test_planted_noise_is_found_with_its_rows(noise: float) -> None:
    labels, probabilities, wrong = predictions(noise)
    figure, rows = confident_share(labels, probabilities)
    assert figure.value == pytest.approx(wrong.mean(), abs=0.05)
    assert figure.low < figure.value < figure.high
    assert wrong[rows].mean() > 0.85 and len(rows) > 0.75 * wrong.sum()


def test_a_class_without_examples_takes_no_part() -> None:
    labels, probabilities, _ = predictions(0.0)
    kept = labels != 2
    joint = confident_joint(labels[kept], probabilities[kept])
    assert joint[2].sum() == 0 and joint.sum() == pytest.approx(1)
    assert (confident_classes(labels[kept], probabilities[kept]) != 2).all()


def test_predictions_that_are_no_numbers_claim_nothing() -> None:
    figure, rows = confident_share(np.array([0, 1]), np.full((2, 2), np.nan))
    assert np.isnan(figure.value) and not len(rows)
