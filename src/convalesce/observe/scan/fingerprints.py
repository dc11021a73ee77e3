"""Exact copies, found by a 64-bit hash of each example."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import xxhash
from numpy.typing import NDArray

from convalesce.core.data import Duplicates
from convalesce.observe.scan.structure import Array

KEPT = 1 << 21  # hashes in memory: 50 MB; beyond that only those of every second residue
PAIRS = 16
_MIX = np.uint64(0x9E3779B97F4A7C15)


@dataclass(frozen=True, slots=True, eq=False)
class Fingerprints:
    """Hashes of the examples of a split.

    Attributes:
        inputs: Hash of each example's inputs; uint64, shape `(examples,)`.
        targets: Hash of its targets.
        rows: Its row.
        thinning: Only hashes divisible by `2 ** thinning` are kept.
        layout: Shapes and types of the inputs: only equal layouts can be compared.
    """

    inputs: NDArray[np.uint64]
    targets: NDArray[np.uint64]
    rows: NDArray[np.int64]
    thinning: int = 0
    layout: str = ""


def hash_rows(chunks: list[Array]) -> NDArray[np.uint64]:
    """Hash of each row of arrays that belong together; uint64, shape `(examples,)`."""
    if not chunks:
        return np.zeros(0, np.uint64)
    mixed = _hash(chunks[0])
    for chunk in chunks[1:]:
        mixed = (mixed * _MIX) ^ _hash(chunk)
    return mixed


class Collector:
    """Takes in hashes, and thins them where they get too many."""

    def __init__(self) -> None:
        self._parts: list[tuple[Array, Array, Array]] = []
        self._held = 0
        self._thinning = 0
        self.layout = ""

    def add(self, row: int, inputs: list[Array], targets: list[Array]) -> None:
        """Takes in rows from `row` on."""
        self.layout = self.layout or "; ".join(f"{c.shape[1:]} {c.dtype}" for c in inputs)
        hashes = hash_rows(inputs)
        labels = hash_rows(targets) if targets else np.zeros(len(hashes), np.uint64)
        rows = np.arange(row, row + len(hashes), dtype=np.int64)
        self._parts.append(_thin((hashes, labels, rows), self._thinning))
        self._held += len(self._parts[-1][0])
        while self._held > KEPT:
            self._thinning += 1
            self._parts = [_thin(p, self._thinning) for p in self._parts]
            self._held = sum(len(p[0]) for p in self._parts)

    def finish(self) -> Fingerprints:
        """All that were kept."""
        if not self._parts:
            none = np.zeros(0, np.uint64)
            return Fingerprints(none, none, np.zeros(0, np.int64), 0, self.layout)
        inputs, targets, rows = (np.concatenate(p) for p in zip(*self._parts, strict=True))
        return Fingerprints(inputs, targets, rows, self._thinning, self.layout)


def within(prints: Fingerprints) -> Duplicates:
    """Copies inside one split: every example of a group beyond its first."""
    if not len(prints.inputs):
        return Duplicates()
    order = np.argsort(prints.inputs, kind="stable")
    hashes = prints.inputs[order]
    starts = np.concatenate(([True], hashes[1:] != hashes[:-1]))
    leader = order[np.flatnonzero(starts)[np.cumsum(starts) - 1]]
    copies, originals = order[~starts], leader[~starts]
    conflict = prints.targets[copies] != prints.targets[originals]
    return Duplicates(
        exact=len(copies),
        conflicting=int(conflict.sum()),
        pairs=_pairs(prints.rows[originals], prints.rows[copies], conflict),
        compared=len(hashes),
    )


def across(train: Fingerprints, other: Fingerprints) -> Duplicates:
    """Examples of the other split that stand in the training split; pairs are (training, other)."""
    thinning = max(train.thinning, other.thinning)
    first = _thin((train.inputs, train.targets, train.rows), thinning)
    second = _thin((other.inputs, other.targets, other.rows), thinning)
    if not len(first[0]) or not len(second[0]) or train.layout != other.layout:
        return Duplicates()
    order = np.argsort(first[0], kind="stable")
    hashes = first[0][order]
    place = np.minimum(np.searchsorted(hashes, second[0]), len(hashes) - 1)
    found = np.flatnonzero(hashes[place] == second[0])
    originals = order[place[found]]
    conflict = first[1][originals] != second[1][found]
    return Duplicates(
        exact=len(found),
        conflicting=int(conflict.sum()),
        pairs=_pairs(first[2][originals], second[2][found], conflict),
        compared=len(second[0]),
    )


def copies_within(prints: Fingerprints) -> set[int]:
    """Rows that have an exact copy before them."""
    order = np.argsort(prints.inputs, kind="stable")
    hashes = prints.inputs[order]
    return {int(r) for r in prints.rows[order[1:][hashes[1:] == hashes[:-1]]]}


def copies_across(train: Fingerprints, other: Fingerprints) -> set[int]:
    """Rows of the other split that stand in the training split."""
    if train.layout != other.layout:
        return set()
    return {int(r) for r in other.rows[np.isin(other.inputs, train.inputs)]}


def _pairs(originals: Array, copies: Array, conflict: Array) -> tuple[tuple[int, int], ...]:
    """Those with another label first."""
    order = np.lexsort((copies, ~conflict))[:PAIRS]
    return tuple((int(originals[i]), int(copies[i])) for i in order)


def _thin(part: tuple[Array, Array, Array], thinning: int) -> tuple[Array, Array, Array]:
    if not thinning:
        return part
    keep = part[0] & np.uint64((1 << thinning) - 1) == 0
    return part[0][keep], part[1][keep], part[2][keep]


def _hash(chunk: Array) -> NDArray[np.uint64]:
    digest: Callable[[Any], int] = xxhash.xxh3_64_intdigest
    if chunk.dtype.hasobject:
        texts = (repr(row).encode("utf-8", "replace") for row in chunk)
        return np.fromiter(map(digest, texts), np.uint64, len(chunk))
    rows = np.ascontiguousarray(chunk).reshape(len(chunk), -1)
    if not rows.shape[1]:
        return np.zeros(len(chunk), np.uint64)
    if rows.dtype.kind in "USmM" or rows.dtype.kind == "V":
        rows = rows.view(np.uint8)
    return np.fromiter(map(digest, rows), np.uint64, len(rows))
