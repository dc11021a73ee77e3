"""Whether examples that look alike carry the same label."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from convalesce.core.data import Neighbours
from convalesce.observe.scan.features import Answer
from convalesce.observe.scan.structure import Array

K = 5
FEWEST = 50
SEGMENTS = 8
CLASSES = 64
NAMED = 32

Points = NDArray[np.float32]


def neighbours(
    answer: Answer,
    nearest: Array,
    of: Answer,
    rows: NDArray[np.int64],
    examples: int,
) -> Neighbours | None:
    """The labels of rows against the labels of their nearest.

    Args:
        answer: Labels of the rows asked about.
        nearest: Index of the nearest of each row, shape `(rows, 5)`.
        of: The labels that `nearest` points into.
        rows: Row numbers of the rows asked about, increasing.
        examples: Number of examples of their split.
    """
    if len(rows) < FEWEST or answer.kind != of.kind:
        return None
    segment = np.minimum(rows * SEGMENTS // max(1, examples), SEGMENTS - 1)
    if answer.kind == "class":
        return _classes(answer.values, of.values[nearest], segment, rows, of.values)
    if answer.values.shape[1] != of.values.shape[1]:
        return None
    if answer.kind == "many":
        equal = (answer.values[:, None] == of.values[nearest]).mean((1, 2))
        share = (of.values == 1).mean(0)
        expected = float((share**2 + (1 - share) ** 2).mean())
        return Neighbours(
            sample=len(rows),
            agreement=float(equal.mean()),
            expected=expected,
            segments=_segments(equal, segment),
        )
    own, theirs = _shares(answer.values, of.values), _shares(of.values, of.values)
    means = theirs[nearest].mean(1)
    parts = [segment == s for s in range(SEGMENTS)]
    overall = _correlation(own, means)
    return Neighbours(
        sample=len(rows),
        agreement=overall,
        expected=0.0,
        segments=tuple(_correlation(own[p], means[p]) if p.sum() > K else overall for p in parts),
    )


def nearest_within(values: Points) -> tuple[Array, NDArray[np.float64]]:
    """Indices of the nearest others of each point, and the distance to the first."""
    squares = _squares(values, values)
    np.fill_diagonal(squares, np.inf)
    return _nearest(squares)


def nearest_across(values: Points, other: Points) -> tuple[Array, NDArray[np.float64]]:
    """Indices into `values` of the nearest of each point of `other`, and the distance."""
    return _nearest(_squares(other, values))


def _classes(own: Array, theirs: Array, segment: Array, rows: Array, pool: Array) -> Neighbours:
    equal = (theirs == own[:, None]).mean(1)
    classes = int(max(own.max(), pool.max())) + 1
    share = np.unique(pool, return_counts=True)[1] / len(pool)
    own_share = {int(c): float((pool == c).mean()) for c in np.unique(own)}
    expected = float(np.mean([own_share[int(c)] for c in own])) if len(share) else 0.0
    united = (theirs == theirs[:, :1]).all(1) & (theirs[:, 0] != own)
    confusion: tuple[tuple[float, ...], ...] = ()
    if classes <= CLASSES and min(own.min(), pool.min()) >= 0:
        table = np.zeros((classes, classes))
        np.add.at(table, (np.repeat(own, theirs.shape[1]), theirs.reshape(-1)), 1)
        base = np.bincount(pool, minlength=classes) / len(pool)
        table[table.sum(1) == 0] = base
        confusion = tuple(tuple(float(v) for v in r / r.sum()) for r in table)
    return Neighbours(
        sample=len(rows),
        agreement=float(equal.mean()),
        expected=expected,
        segments=_segments(equal, segment),
        confusion=confusion,
        disagreeing=tuple(int(r) for r in rows[united][:NAMED]),
        disagreeing_share=float(united.mean()),
    )


def _segments(equal: Array, segment: Array) -> tuple[float, ...]:
    overall = float(equal.mean())
    return tuple(
        float(equal[segment == s].mean()) if (segment == s).any() else overall
        for s in range(SEGMENTS)
    )


def _shares(values: Array, pool: Array) -> Array:
    """Share of the pool below each value, by column, so that no far value rules."""
    columns = zip(values.T, pool.T, strict=True)
    ranked = [np.searchsorted(np.sort(p), v) / max(1, len(p)) for v, p in columns]
    return np.where(np.isfinite(values), np.stack(ranked, 1), np.nan)


def _correlation(left: Array, right: Array) -> float:
    """Mean over columns of the correlation; 0 for a column that does not vary."""
    found = []
    for a, b in zip(left.T, right.T, strict=True):
        known = np.isfinite(a) & np.isfinite(b)
        a, b = a[known], b[known]  # noqa: PLW2901  # without what is not finite
        vary = len(a) > 1 and a.std() > 0 and b.std() > 0
        found.append(float(np.corrcoef(a, b)[0, 1]) if vary else 0.0)
    return float(np.mean(found)) if found else 0.0


def _squares(left: Points, right: Points) -> NDArray[np.float32]:
    a = np.einsum("ij,ij->i", left, left)[:, None]
    b = np.einsum("ij,ij->i", right, right)
    return np.asarray(np.maximum(a + b - 2 * (left @ right.T), 0), np.float32)


def _nearest(squares: NDArray[np.float32]) -> tuple[Array, NDArray[np.float64]]:
    count = min(K, squares.shape[1] - 1) if squares.shape[1] > 1 else 1
    near = np.empty((len(squares), count), np.intp)
    rows = np.arange(len(squares))
    for k in range(count):
        near[:, k] = squares.argmin(1)
        if not k:
            distance = np.sqrt(squares[rows, near[:, 0]].astype(np.float64))
        squares[rows, near[:, k]] = np.inf
    return near, distance
