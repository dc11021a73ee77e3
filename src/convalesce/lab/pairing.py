"""Inputs and labels that slipped against each other, found by examples that look alike.

Agreement is the share of an example's nearest neighbours that carry its label.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from convalesce.lab.rows import Array, Indices
from convalesce.observe.scan.neighbours import K, nearest_within

MOST = 4096  # examples that are compared
WIDE = 1024  # dimensions a point has at the most
SLIP = 8  # rows that labels are tried to have slipped by, either way
SURE_BY = 5.0  # standard errors, as in the reading of wrong pairs
LEAST = 0.1  # gain of agreement below which a slip is not believed


@dataclass(frozen=True, slots=True, eq=False)
class Alike:
    """Which examples look alike.

    Attributes:
        rows: Those that were compared, increasing; int64, shape `(sample,)`.
        nearest: Their nearest others, as rows; shape `(sample, neighbours)`.
    """

    rows: Indices
    nearest: Indices


def alike(arrays: list[Array]) -> Alike:
    """The nearest neighbours of evenly spaced examples, by Euclidean distance of scaled values.

    Args:
        arrays: The inputs, each of shape `(examples, ...)`.
    """
    count = len(arrays[0])
    some = np.unique(np.linspace(0, count - 1, min(count, MOST)).astype(np.int64))
    parts = []
    for array in arrays:
        flat = array[some].reshape(len(some), -1)
        step = -(-flat.shape[1] // WIDE)
        points = np.nan_to_num(flat[:, ::step].astype(np.float32))
        spread = points.std(0) if array.ndim == 2 else np.full(points.shape[1], points.std())
        parts.append((points - points.mean(0)) / np.where(spread > 0, spread, 1))
    near, _ = nearest_within(np.concatenate(parts, 1))
    return Alike(some, some[near])


def agreement(found: Alike, labels: Indices, part: slice | None = None) -> tuple[float, float]:
    """Mean agreement beyond chance, and its standard error; of some rows, where they are named.

    Args:
        found: What looks alike.
        labels: Class of each example, shape `(examples,)`.
        part: Rows that are asked about.
    """
    each = _each(found, labels[found.rows], labels)
    if part is not None:
        low, high, _ = part.indices(len(labels))
        each = each[(found.rows >= low) & (found.rows < high)]
    chance = _chance(labels)
    error = np.sqrt(chance * (1 - chance) / max(1, len(each)))
    return float(each.mean() - chance) if len(each) else 0.0, float(error)


def _each(found: Alike, own: Indices, labels: Indices) -> NDArray[np.float64]:
    """Share of the neighbours of each compared row that carry its label `own`."""
    return np.asarray((labels[found.nearest] == own[:, None]).mean(1))


def _chance(labels: Indices) -> float:
    shares = np.unique(labels, return_counts=True)[1] / len(labels)
    return float((shares**2).sum())


def slip(found: Alike, labels: Indices, part: slice | None = None) -> int:
    """By how many rows the labels of a stretch have to be moved; 0 where no move surely helps.

    Example i gets the label that stands at i + slip.
    """
    base, error = agreement(found, labels, part)
    best, most = 0, base
    for by in (s for n in range(1, SLIP + 1) for s in (n, -n)):
        value, _ = agreement(found, moved(labels, by, part), part)
        if value > most:
            best, most = by, value
    return best if most - base > max(LEAST, SURE_BY * error) else 0


def stretch(found: Alike, labels: Indices, part: slice, by: int) -> slice:
    """The end of the data, or the beginning, that slipped; the row where it did, told closely.

    Args:
        found: What looks alike.
        labels: Class of each example.
        part: The stretch as it is known so far: up to some row, or from it on.
        by: As `slip` gives it; 0 where labels there are as if drawn by lot.
    """
    own = labels[found.rows]
    repaired = moved(labels, by, part)
    if by:
        gain = _each(found, moved(labels, by)[found.rows], repaired) - _each(found, own, repaired)
    else:
        chance = _chance(labels)
        sound, _ = agreement(found, labels, _rest(part, len(labels)))
        gain = chance + sound / 2 - _each(found, own, labels)
    if part.start:
        from_here = gain[::-1].cumsum()[::-1]
        return slice(int(found.rows[from_here.argmax()]), len(labels))
    return slice(0, int(found.rows[gain.cumsum().argmax()]) + 1)


def _rest(part: slice, count: int) -> slice:
    return slice(0, part.start) if part.start else slice(part.stop, count)


def moved(array: Array, by: int, part: slice | None = None) -> Array:
    """Labels moved within a stretch, round its ends; see `kept_after` for what to leave out."""
    out = array.copy()
    part = part or slice(0, len(array))
    out[part] = np.roll(array[part], -by, axis=0)
    return out


def kept_after(count: int, by: int, part: slice | None = None) -> NDArray[np.bool_]:
    """Examples that have a label of their own after `moved`; shape `(count,)`."""
    kept = np.ones(count, bool)
    low, high, _ = (part or slice(0, count)).indices(count)
    if by > 0:
        kept[max(low, high - by) : high] = False
    elif by < 0:
        kept[low : min(high, low - by)] = False
    return kept


def outvoted(found: Alike, labels: Indices) -> NDArray[np.bool_]:
    """Examples none of whose neighbours carry their label, which agree among themselves.

    Editing by nearest neighbours: Wilson, *Asymptotic Properties of Nearest Neighbor Rules Using
    Edited Data*, IEEE Transactions on Systems, Man, and Cybernetics 2(3), 1972.
    """
    named = np.zeros(len(labels), bool)
    theirs = np.sort(labels[found.nearest], axis=1)
    against = (theirs != labels[found.rows][:, None]).all(1)
    # A majority of the five: the middle one and one of the ends of its run are equal.
    middle = theirs[:, theirs.shape[1] // 2]
    united = (theirs == middle[:, None]).sum(1) > K // 2
    named[found.rows[against & united]] = True
    return named
