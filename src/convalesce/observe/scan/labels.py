"""Streamed facts about one target: which values, how often, in what order."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from convalesce.observe.scan.figures import Figures
from convalesce.observe.scan.structure import Array

DISTINCT = 1000
ORDERED = 1 << 20  # rows whose order is remembered: 8 MB
TALLIED = 1 << 16  # whole values of a range up to this are counted in a table
PEEK = 1 << 16
SUM_TOLERANCE = 1e-3  # of a row of probabilities
COLUMNS = 64


@dataclass(slots=True)
class Labels:
    """Everything of a target that its form is judged by.

    Attributes:
        shape: Of one example's target.
        width: Length of the last axis; 1 where a target is one number.
        values: Distinct finite values and how often each stands, until there are too many.
        crowded: There are more than 1000 of them.
        ones: Positions (rows along the last axis) of zeros and a single one. `many`: of zeros
            and several ones. `none`: of zeros only. `soft`: of shares that sum to 1.
        positions: All positions.
        held: Positives of each column, where entries are 0 or 1, and the largest entry's
            column, where they are shares.
        keys: One number an example, in order: its value, or the column of its largest entry.
    """

    shape: tuple[int, ...]
    figures: Figures
    dtype: str = ""
    kind: str = ""
    values: dict[float, int] = field(default_factory=dict)
    crowded: bool = False
    integral: bool = True
    ones: int = 0
    many: int = 0
    none: int = 0
    soft: int = 0
    positions: int = 0
    rows: int = 0
    held: NDArray[np.int64] = field(default_factory=lambda: np.zeros(0, np.int64))
    leading: NDArray[np.int64] = field(default_factory=lambda: np.zeros(0, np.int64))
    keys: list[Array] = field(default_factory=list)
    bulk: list[Array] = field(default_factory=list)

    @property
    def width(self) -> int:
        """Length of the last axis; 1 where a target is one number."""
        return self.shape[-1] if self.shape else 1

    @property
    def numeric(self) -> bool:
        """The values are numbers."""
        return self.kind in "biuf"

    def add(self, chunk: Array) -> None:
        """Takes in rows of shape `(examples, ...)`."""
        self.rows += len(chunk)
        if not self.numeric or not chunk.size:
            return
        self.figures.add(chunk)
        finite = chunk if chunk.dtype.kind != "f" else chunk[np.isfinite(chunk)]
        self.integral = self.integral and (
            chunk.dtype.kind != "f" or bool((finite == np.rint(finite)).all())
        )
        if not self.crowded:
            self._tally(finite.reshape(-1))
        if self.width > 1:
            self._positions(chunk.reshape(-1, self.width))
        else:
            self.positions += chunk.size
        if self.rows <= ORDERED:
            self._order(chunk)

    def _tally(self, values: Array) -> None:
        counts = _counts(values)
        if counts is None:
            self.crowded = True
            return
        for value, count in zip(*counts, strict=True):
            self.values[float(value)] = self.values.get(float(value), 0) + int(count)
        self.crowded = len(self.values) > DISTINCT

    def _positions(self, table: Array) -> None:
        self.positions += len(table)
        if not len(self.held):
            self.held = np.zeros(self.width, np.int64)
            self.leading = np.zeros(self.width, np.int64)
        yes = table == 1
        plain = (yes | (table == 0)).all(1)
        sums = yes.sum(1)
        self.ones += int((plain & (sums == 1)).sum())
        self.many += int((plain & (sums > 1)).sum())
        self.none += int((plain & (sums == 0)).sum())
        self.held += yes.sum(0)
        total = table.sum(1, dtype=np.float64)
        with np.errstate(invalid="ignore"):
            shares = (np.abs(total - 1) < SUM_TOLERANCE) & (table >= 0).all(1)
        self.soft += int(shares.sum())
        leading = np.nan_to_num(table[shares], nan=-1).argmax(1) if shares.any() else []
        self.leading += np.bincount(leading, minlength=self.width)

    def _order(self, chunk: Array) -> None:
        rows = chunk.reshape(len(chunk), -1)
        if len(self.shape) > 1:
            return
        if self.width > 1 and (self.soft or self.ones):
            self.keys.append(rows.argmax(1).astype(np.float64))
        elif self.width == 1:
            self.keys.append(rows[:, 0].astype(np.float64))
        if self.width <= COLUMNS:
            self.bulk.append(rows.astype(np.float64))


def labels_of(first: Array) -> Labels:
    """An empty collection for targets like these first rows."""
    shape = first.shape[1:]
    shape = shape[:-1] if len(shape) == 1 and shape[0] == 1 else shape
    numeric = first.dtype.kind in "biuf"
    columns = shape[-1] if shape and shape[-1] <= COLUMNS and numeric else 1
    return Labels(shape, Figures(max(1, columns)), str(first.dtype), first.dtype.kind)


def adjacency(labels: Labels, *, tenths: bool) -> tuple[float, float]:
    """Share of neighbouring rows with an equal label, and the same in random order.

    Args:
        labels: The target.
        tenths: Compare the tenth of the sorted values that a label falls in.
    """
    keys = np.concatenate(labels.keys) if labels.keys else np.zeros(0)
    keys = keys[np.isfinite(keys)]
    if len(keys) < 2:
        return 0.0, 0.0
    if tenths:
        keys = np.searchsorted(np.quantile(keys, np.arange(0.1, 0.95, 0.1)), keys, side="right")
    counts = np.unique(keys, return_counts=True)[1].astype(np.float64)
    expected = float((counts * (counts - 1)).sum() / (len(keys) * (len(keys) - 1)))
    return float((keys[1:] == keys[:-1]).mean()), expected


def sentinel(labels: Labels) -> tuple[float | None, int]:
    """A repeated value more than ten interquartile ranges away from the others."""
    if not labels.bulk:
        return None, 0
    values = np.concatenate([b.reshape(-1) for b in labels.bulk])
    values = values[np.isfinite(values)]
    if len(values) < 8:
        return None, 0
    low, high = np.quantile(values, (0.25, 0.75))
    if low == high:
        return None, 0
    far = values[(values < low - 10 * (high - low)) | (values > high + 10 * (high - low))]
    if not len(far):
        return None, 0
    found, counts = np.unique(far, return_counts=True)
    best = int(counts.argmax())
    return (float(found[best]), int(counts[best])) if counts[best] >= 3 else (None, 0)


def _counts(values: Array) -> tuple[Array, Array] | None:
    """Distinct values and their counts; None where there are too many."""
    if not len(values):
        return values, np.zeros(0, np.int64)
    if values.dtype.kind == "b":
        values = values.view(np.uint8)
    if values.dtype.kind == "f" and len(np.unique(values[:PEEK])) > DISTINCT:
        return None
    low, high = float(values.min()), float(values.max())
    if high - low < TALLIED and (values.dtype.kind in "iu" or (values == np.rint(values)).all()):
        tally = np.bincount((values - values.dtype.type(low)).astype(np.intp))
        found = np.flatnonzero(tally)
        if len(found) > DISTINCT:
            return None
        return found + low, tally[found]
    found, counts = np.unique(values, return_counts=True)
    return None if len(found) > DISTINCT else (found, counts)
