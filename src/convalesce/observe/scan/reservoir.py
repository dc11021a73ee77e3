"""A random sample of the rows that pass by, in their order, each made small enough to keep."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from convalesce.observe.scan.structure import Array

SIZE = 2048
LEAST = 512
BYTES = 1 << 26  # of the rows of a sample, before they are made small
ENTRIES = 4096  # of one example that are kept
AMPLE = 1.15  # share above the rows needed that is drawn: seven standard deviations
ROUGH = 256  # rows whose roughness is measured
ROUGH_BYTES = 1 << 24


@dataclass(frozen=True, slots=True, eq=False)
class Sampled:
    """Rows kept of a split.

    Attributes:
        rows: Their numbers, increasing.
        inputs: Per input, float32, shape `(rows, ...)`; None for what is not a number.
        targets: Per target, as `inputs`.
        factors: Per input, how many values along each axis were averaged into one.
        roughness: Per row, mean absolute difference of adjacent positions of the first input,
            before anything was averaged; nan where it was not measured.
    """

    rows: NDArray[np.int64]
    inputs: tuple[Array | None, ...] = ()
    targets: tuple[Array | None, ...] = ()
    factors: tuple[int, ...] = ()
    roughness: NDArray[np.float64] | None = None


class Reservoir:
    """Keeps the rows that drew the smallest of independent random numbers.

    The generator is its own, so that no one else's random state moves.

    Args:
        kinds: Of the inputs.
        total: Number of rows that will come, where it is known: fewer are touched then.
    """

    def __init__(self, kinds: list[str], total: int | None = None) -> None:
        self._kinds = kinds
        self._draw = np.random.default_rng(0)
        self._size, self._rough = SIZE, ROUGH
        self._total = total
        self._limit = 1.0
        self._held: list[tuple[Array, Array, list[Array | None], list[Array | None], Array]] = []
        self._count = 0

    def add(self, row: int, inputs: list[Array], targets: list[Array]) -> None:
        """Offers rows from `row` on."""
        if not self._held:
            self._plan(inputs)
        keys, size = self._draw.random(len(inputs[0] if inputs else targets[0])), self._size
        if len(keys) > size:
            self._limit = min(self._limit, float(np.partition(keys, size - 1)[size - 1]))
        chosen = np.flatnonzero(keys <= self._limit)
        if not len(chosen):
            return
        rough = np.full(len(chosen), np.nan)
        few = keys[chosen] <= self._limit * self._rough / size
        if inputs and few.any():
            rough[few] = roughness(inputs[0][chosen[few]], self._kinds[0])
        small = [shrink(c[chosen], k) for c, k in zip(inputs, self._kinds, strict=True)]
        self._held.append(
            (
                keys[chosen],
                row + chosen,
                small,
                [shrink(c[chosen], "") for c in targets],
                rough,
            )
        )
        self._count += len(chosen)
        if self._count > 2 * self._size:
            self._cut()

    def finish(self, factors: tuple[int, ...]) -> Sampled:
        """The sample, in the order of the rows."""
        if not self._held:
            return Sampled(np.zeros(0, np.int64))
        self._cut()
        _, rows, inputs, targets, rough = self._held[0]
        return Sampled(rows.astype(np.int64), tuple(inputs), tuple(targets), factors, rough)

    def _plan(self, inputs: list[Array]) -> None:
        """Fewer rows where one is large, and from the start about as many as are needed."""
        row = sum(c[:1].nbytes for c in inputs)
        self._size = int(np.clip(BYTES // max(1, row), LEAST, SIZE))
        self._rough = int(np.clip(ROUGH_BYTES // max(1, row), LEAST // 8, ROUGH))
        if self._total:
            self._limit = min(1.0, AMPLE * self._size / self._total)

    def _cut(self) -> None:
        keys = np.concatenate([h[0] for h in self._held])
        best = np.argsort(keys, kind="stable")[: self._size]
        if len(best) == self._size:
            self._limit = min(self._limit, float(keys[best[-1]]))
        rows = np.concatenate([h[1] for h in self._held])
        best = best[np.argsort(rows[best], kind="stable")]
        self._held = [
            (
                keys[best],
                rows[best],
                _choose([h[2] for h in self._held], best),
                _choose([h[3] for h in self._held], best),
                np.concatenate([h[4] for h in self._held])[best],
            )
        ]
        self._count = len(best)


def shrink(rows: Array, kind: str) -> Array | None:
    """At most 4096 numbers a row: neighbouring values averaged, or columns left out.

    Args:
        rows: Shape `(examples, ...)`.
        kind: Of the input; empty for a target.
    """
    if rows.dtype.kind not in "biuf":
        return None
    shape = rows.shape[1:]
    factor = factor_of(shape, kind)
    if factor == 1:
        values = rows.astype(np.float32)
        return values if values[:1].size <= ENTRIES else values.reshape(len(rows), -1)[:, :ENTRIES]
    axes = _averaged(shape, kind)
    if not axes:
        return rows.reshape(len(rows), -1)[:, ::factor][:, :ENTRIES].astype(np.float32)
    values = rows
    for axis in axes:
        size = shape[axis] // factor * factor
        values = values[(slice(None),) * (axis + 1) + (slice(size),)]
        head, tail = values.shape[: axis + 1], values.shape[axis + 2 :]
        table = values.reshape(int(np.prod(head)), size // factor, factor, int(np.prod(tail)))
        total = table[:, :, 0].astype(np.float32)
        for k in range(1, factor):
            total += table[:, :, k]
        values = (total / np.float32(factor)).reshape(*head, size // factor, *tail)
    return values


def factor_of(shape: tuple[int, ...], kind: str) -> int:
    """How many values along an axis become one; the stride, where columns are left out."""
    entries = int(np.prod(shape)) if shape else 1
    if entries <= ENTRIES or kind == "tokens":
        return 1
    axes = _averaged(shape, kind)
    if not axes:
        return -(-entries // ENTRIES)
    factor = 1
    while int(np.prod([s // factor if a in axes else s for a, s in enumerate(shape)])) > ENTRIES:
        factor += 1
        if any(shape[a] < factor for a in axes):
            return factor - 1
    return factor


def roughness(rows: Array, kind: str) -> NDArray[np.float64]:
    """Mean absolute difference of adjacent positions of each row; nan where there are none."""
    axis = {"image": 2, "sequence": 1, "volume": 3}.get(kind)
    if axis is None or rows.ndim <= axis or rows.shape[axis] < 2 or rows.dtype.kind not in "biuf":
        return np.full(len(rows), np.nan)
    values = rows.astype(np.float32)
    with np.errstate(all="ignore"):
        steps = np.abs(np.diff(values, axis=axis))
        return np.asarray(steps.reshape(len(rows), -1).mean(1, dtype=np.float64))


def _averaged(shape: tuple[int, ...], kind: str) -> tuple[int, ...]:
    if kind == "image" or (not kind and len(shape) in {2, 3}):
        return (0, 1)
    if kind == "volume":
        return (0, 1, 2)
    return (0,) if kind == "sequence" else ()


def _choose(parts: list[list[Array | None]], best: Array) -> list[Array | None]:
    chosen: list[Array | None] = []
    for column in zip(*parts, strict=True):
        held = [part for part in column if part is not None]
        same = len(held) == len(column) and len({h.shape[1:] for h in held}) == 1
        chosen.append(np.concatenate(held)[best] if same else None)
    return chosen
