"""Streamed figures of one array: extremes, moments, what is not finite, what is constant.

Every reduction runs along the first axis of a block that fits into the cache: there NumPy's
loops use vector instructions, and a sum of 256 rows is a product with a row of ones.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from convalesce.observe.scan.structure import Array

BLOCK = 1 << 18  # entries of a block: a megabyte as float32
ROWS = 256  # of a block: 256 squares of a byte sum exactly in float32
WIDTH = 1024
LISTED = 4096  # channels that are kept
NAMED = 32  # rows that are named
PROBES = 16


@dataclass(slots=True)
class Figures:
    """Sums over all rows seen, per channel (the last axis cycles through the channels).

    Attributes:
        channels: Entries a channel index runs over.
        shift: Taken off before squaring, so that a large mean does not eat the variance.
    """

    channels: int
    entries: int = 0
    rows: int = 0
    zeros: int = 0
    nonfinite: int = 0
    nonfinite_rows: int = 0
    blank_rows: int = 0
    named: list[int] = field(default_factory=list)
    blank: list[int] = field(default_factory=list)
    shift: NDArray[np.float64] | None = None
    count: NDArray[np.float64] = field(default_factory=lambda: np.zeros(0))
    total: NDArray[np.float64] = field(default_factory=lambda: np.zeros(0))
    square: NDArray[np.float64] = field(default_factory=lambda: np.zeros(0))
    low: NDArray[np.float64] = field(default_factory=lambda: np.zeros(0))
    high: NDArray[np.float64] = field(default_factory=lambda: np.zeros(0))

    def __post_init__(self) -> None:
        self.count, self.total, self.square = (np.zeros(self.channels) for _ in range(3))
        self.low = np.full(self.channels, np.inf)
        self.high = np.full(self.channels, -np.inf)

    def add(self, chunk: Array) -> None:
        """Takes in rows of shape `(examples, ...)`."""
        if not chunk.size:
            self.rows += len(chunk)
            return
        chunk = np.ascontiguousarray(chunk)
        chunk = chunk.view(np.uint8) if chunk.dtype == np.bool_ else chunk
        if self.shift is None:
            self.shift = _shift(chunk, self.channels)
        before = self.nonfinite
        flat = chunk.reshape(-1)
        repeat = max(1, WIDTH // self.channels)
        width = self.channels * repeat
        whole = len(flat) // width * width
        step = max(1, min(ROWS, BLOCK // width))
        table = flat[:whole].reshape(-1, width)
        with np.errstate(all="ignore"):
            self._table(table, repeat, step)
            self._table(flat[whole:].reshape(-1, self.channels), 1, step)
        self._rows(chunk.reshape(len(chunk), -1), self.nonfinite > before)
        self.entries += chunk.size
        self.rows += len(chunk)

    @property
    def mean(self) -> NDArray[np.float64]:
        """Per channel, over finite values; 0 where there is none."""
        shift = self.shift if self.shift is not None else np.zeros(self.channels)
        return np.where(self.count > 0, shift + self.total / np.maximum(self.count, 1), 0.0)

    @property
    def variance(self) -> NDArray[np.float64]:
        """Per channel, over finite values."""
        count = np.maximum(self.count, 1)
        spread = np.maximum(self.square / count - (self.total / count) ** 2, 0.0)
        return np.where(self.low == self.high, 0.0, spread)

    @property
    def zero_share(self) -> float:
        """Share of entries that are exactly zero."""
        return self.zeros / self.entries if self.entries else 0.0

    def overall(self) -> tuple[float, float, float, float]:
        """Minimum, maximum, mean and standard deviation over all channels together."""
        known = self.count > 0
        if not known.any():
            return 0.0, 0.0, 0.0, 0.0
        weight = self.count / self.count.sum()
        mean = float((weight * self.mean).sum())
        within = float((weight * self.variance).sum())
        between = float((weight * (self.mean - mean) ** 2).sum())
        spread = float(np.sqrt(within + between))
        return float(self.low[known].min()), float(self.high[known].max()), mean, spread

    def _table(self, table: Array, repeat: int, step: int) -> None:
        """Values of shape `(any, channels * repeat)`, in blocks of `step` rows."""
        if not len(table):
            return
        low, high = table.min(0), table.max(0)
        if table.dtype.kind != "f" or (np.isfinite(low).all() and np.isfinite(high).all()):
            self._dense(table, (low, high), repeat, step)
            return
        for start in range(0, len(table), step):
            block = table[start : start + step]
            low, high = block.min(0), block.max(0)
            if np.isfinite(low).all() and np.isfinite(high).all():
                self._dense(block, (low, high), repeat, step)
            else:
                self._patchy(block.reshape(-1, self.channels))

    def _dense(self, table: Array, ends: tuple[Array, Array], repeat: int, step: int) -> None:
        """A table whose values are all finite."""
        self.zeros += table.size - int(np.count_nonzero(table))
        shift = np.tile(self._shift, repeat)
        narrow = table.dtype.itemsize <= 2 or table.dtype == np.float32
        total, square = _moments(table, shift, step, np.float32 if narrow else np.float64)
        if narrow and not np.isfinite(square).all():
            total, square = _moments(table, shift, step, np.float64)
        self._merge(
            np.full(self.channels, len(table) * repeat, np.float64),
            total.reshape(repeat, -1).sum(0),
            square.reshape(repeat, -1).sum(0),
            ends[0].reshape(repeat, -1).min(0),
            ends[1].reshape(repeat, -1).max(0),
        )

    def _patchy(self, table: Array) -> None:
        """A block with NaN or infinite entries, shape `(any, channels)`."""
        finite = np.isfinite(table)
        self.nonfinite += table.size - int(finite.sum())
        self.zeros += int((table == 0).sum())
        centred = np.where(finite, table.astype(np.float64) - self._shift, 0.0)
        self._merge(
            finite.sum(0).astype(np.float64),
            centred.sum(0),
            (centred**2).sum(0),
            np.where(finite, table, np.inf).min(0),
            np.where(finite, table, -np.inf).max(0),
        )

    def _merge(self, count: Array, total: Array, square: Array, low: Array, high: Array) -> None:
        self.count += count
        self.total += total
        self.square += square
        self.low = np.minimum(self.low, low)
        self.high = np.maximum(self.high, high)

    def _rows(self, rows: Array, patchy: bool) -> None:  # noqa: FBT001  # of one caller
        if patchy:
            broken = np.flatnonzero(~np.isfinite(rows).all(1))
            self.nonfinite_rows += len(broken)
            self.named += [self.rows + int(r) for r in broken[: NAMED - len(self.named)]]
        if rows.shape[1] > 1:
            blank = _blank(rows)
            self.blank_rows += len(blank)
            self.blank += [self.rows + int(r) for r in blank[: NAMED - len(self.blank)]]

    @property
    def _shift(self) -> NDArray[np.float64]:
        return self.shift if self.shift is not None else np.zeros(self.channels)


def _moments(
    table: Array, shift: Array, step: int, dtype: type[np.floating]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Sums and sums of squares of each column, less the shift, `step` rows at a time."""
    total, square = np.zeros(table.shape[1]), np.zeros(table.shape[1])
    held, ones = np.empty((min(step, len(table)), table.shape[1]), dtype), np.ones(step, dtype)
    moved, off = bool(shift.any()), shift.astype(dtype)
    for start in range(0, len(table), step):
        block = table[start : start + step]
        values, row = held[: len(block)], ones[: len(block)]
        np.copyto(values, block)
        if moved:
            values -= off
        total += row @ values
        np.multiply(values, values, out=values)
        square += row @ values
    return total, square


def _shift(chunk: Array, channels: int) -> NDArray[np.float64]:
    """A value amid each channel's, representable in the narrow type that sums run in.

    Bytes need none: their squares sum exactly.
    """
    if chunk.dtype.kind in "bu" and chunk.dtype.itemsize == 1:
        return np.zeros(channels)
    table = chunk.reshape(-1, channels)
    table = table[:: max(1, len(table) // 256)][:256].astype(np.float64)
    table[~np.isfinite(table)] = np.nan
    known = np.isfinite(table).any(0)
    middle = np.zeros(channels)
    middle[known] = np.nanmedian(table[:, known], axis=0)
    return middle.astype(np.float32).astype(np.float64)


def _blank(rows: Array) -> NDArray[np.intp]:
    """Rows whose values are all equal: a few places first, the whole row only where they agree."""
    first, width = rows[:, 0], rows.shape[1]
    likely = np.flatnonzero((first == rows[:, width // 2]) & (first == rows[:, width - 1]))
    places = np.linspace(0, width - 1, PROBES).astype(np.intp)
    few = rows[likely[:, None], places]
    likely = likely[(few == few[:, :1]).all(1)]
    equal = [bool((rows[r] == rows[r, 0]).all()) for r in likely]
    return np.asarray(likely[np.asarray(equal, bool)])
