"""Wrong labels by predictions for examples that the model did not train on.

An example counts as of class j when its probability of j is at least the mean probability of j
over the examples labelled j. The matrix of given against counted classes, scaled to the number of
each label, estimates the joint distribution of given and true labels.

Source: C. Northcutt, L. Jiang, I. Chuang, 2021, "Confident learning: estimating uncertainty in
dataset labels", Journal of Artificial Intelligence Research 70, equations 1 to 3.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from convalesce.core.instruments import Figure
from convalesce.readings.intervals import bootstrap

Floats = NDArray[np.float64]
Whole = NDArray[np.int64]

DRAWS = 200


def confident_classes(labels: Whole, probabilities: Floats) -> Whole:
    """The class that each example counts as; −1 where no probability reaches its mean.

    Args:
        labels: Shape `(examples,)`.
        probabilities: Out of fold, shape `(examples, classes)`.
    """
    classes = probabilities.shape[1]
    limits = np.full(classes, np.inf)
    for j in np.unique(labels):
        limits[j] = probabilities[labels == j, j].mean()
    reached = probabilities >= limits - 1e-6
    counted = np.where(reached, probabilities, -1.0).argmax(1)
    return np.where(reached.any(1), counted, -1)


def confident_joint(labels: Whole, probabilities: Floats) -> Floats:
    """Estimated joint distribution, shape `(given, true)`, summing to 1."""
    classes = probabilities.shape[1]
    counted = confident_classes(labels, probabilities)
    sure = counted >= 0
    table = np.bincount(labels[sure] * classes + counted[sure], minlength=classes**2)
    counts = table.reshape(classes, classes).astype(np.float64)
    given = np.bincount(labels, minlength=classes).astype(np.float64)
    # A label of which no example is sure tells nothing of its errors: it counts as right.
    diagonal = np.diag(counts).clip(min=1.0)
    np.fill_diagonal(counts, np.where(given > 0, diagonal, 0.0))
    rows = counts.sum(1, keepdims=True)
    joint = np.divide(counts, rows, out=np.zeros_like(counts), where=rows > 0) * given[:, None]
    return np.asarray(joint / max(joint.sum(), 1.0))


def confident_share(labels: Whole, probabilities: Floats, seed: int = 0) -> tuple[Figure, Whole]:
    """Share of wrong labels, and as many rows as that, the surest first.

    From each pair of given and true class come those whose probability of the true one leads by
    most (section 3.3 of the source, "prune by noise rate").

    Args:
        labels: Shape `(examples,)`.
        probabilities: Out of fold, shape `(examples, classes)`.
        seed: Of the bootstrap over the rows.
    """
    if not len(labels) or not np.isfinite(probabilities).all():
        return Figure(math.nan, 0.0, 1.0, "1"), np.zeros(0, np.int64)

    def share(index: Whole) -> float:
        return 1 - float(np.trace(confident_joint(labels[index], probabilities[index])))

    low, high = bootstrap(share, len(labels), seed, DRAWS)
    joint = confident_joint(labels, probabilities)
    wrong = np.sort(
        np.concatenate([_leading(labels, probabilities, joint, i) for i in np.unique(labels)])
    )
    surest = np.argsort(probabilities[wrong, labels[wrong]], kind="stable")
    return Figure(1 - float(np.trace(joint)), low, high, "1"), wrong[surest]


def _leading(labels: Whole, probabilities: Floats, joint: Floats, given: int) -> Whole:
    """Rows of one label that the joint distribution counts as of another class."""
    rows = np.flatnonzero(labels == given)
    lead = probabilities[rows] - probabilities[rows, given][:, None]
    found: list[int] = []
    for true in range(joint.shape[1]):
        count = round(float(joint[given, true]) * len(labels))
        if true == given or not count:
            continue
        first = np.argsort(-lead[:, true], kind="stable")[:count]
        found += [int(rows[n]) for n in first if lead[n, true] > 0]
    return np.unique(np.array(found, np.int64))
