"""Pictures that are another one moved by a pixel or two, turned or mirrored: exactly."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from convalesce.observe.scan.fingerprints import hash_rows
from convalesce.observe.scan.structure import Array

REACH = 2  # pixels of a shift, either way
SMALLEST = 12  # pixels a side
DISTINCT = 64  # values within a picture, below which equal ones may be drawn anew
OTHERS = 1024  # pictures that are looked for
BYTES = 1 << 23  # of the pictures that they are looked for among


@dataclass(frozen=True, slots=True)
class Moved:
    """How many of some pictures are others of a sample, moved.

    Attributes:
        found: So many. `of`: of so many that show enough to tell.
        pairs: Places in both samples, (training, other).
    """

    found: int = 0
    of: int = 0
    pairs: tuple[tuple[int, int], ...] = ()


def moved(train: Array, other: Array) -> Moved:
    """Pictures of `other` that are one of `train`, moved, turned or mirrored; not plain copies.

    Their middle is compared, so that it does not matter what a shift leaves at the rim.

    Args:
        train: Shape `(pictures, height, width[, channels])`.
        other: The same, of as many pixels.
    """
    few = other[:OTHERS]
    many = train[: max(1, BYTES // max(1, train[:1].nbytes))]
    if train.shape[1:] != other.shape[1:] or min(train.shape[1:3]) < SMALLEST:
        return Moved()
    middle = _middle(few)
    told = np.flatnonzero([len(np.unique(one)) >= DISTINCT for one in middle])
    if not len(told) or not len(many):
        return Moved()
    looked = hash_rows([np.ascontiguousarray(middle[told])])
    plain = hash_rows([np.ascontiguousarray(_middle(many))])
    where: dict[int, int] = {}
    for view in _views(many):
        hashes = hash_rows([np.ascontiguousarray(view)])
        hits = np.flatnonzero(np.isin(hashes, looked))
        where.update({int(hashes[i]): int(i) for i in hits})
    known = set(plain.tolist())
    found = [
        (where[h], int(told[k]))
        for k, h in enumerate(looked.tolist())
        if h in where and h not in known
    ]
    return Moved(len(found), len(told), tuple(found))


def _middle(pictures: Array) -> NDArray[np.generic]:
    return pictures[:, REACH:-REACH, REACH:-REACH]


def _views(pictures: Array) -> Iterator[Array]:
    """Every way in which a picture may have been moved, its middle."""
    height, width = pictures.shape[1:3]
    tall, wide = height - 2 * REACH, width - 2 * REACH
    for down in range(2 * REACH + 1):
        for right in range(2 * REACH + 1):
            if (down, right) != (REACH, REACH):
                yield pictures[:, down : down + tall, right : right + wide]
    middle = _middle(pictures)
    yield middle[:, :, ::-1]
    yield middle[:, ::-1]
    yield middle[:, ::-1, ::-1]
    if height == width:
        yield np.rot90(middle, 1, (1, 2))
        yield np.rot90(middle, 3, (1, 2))
