"""Nearly equal pictures: a difference hash finds candidates, a correlation settles them."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from convalesce.observe.scan.structure import Array

SIDE = 16
KEPT = 1 << 16  # pictures of a split that are compared: 67 MB
BITS = 4  # hashes may differ in so many of 64
FOLLOWERS = 4  # in the order of a band's hashes that each picture is compared with
ALIKE = 0.995  # correlation of two pictures once the mean picture is taken off
CHUNK = 1 << 12
_POPULATION = np.array([i.bit_count() for i in range(256)], np.uint8)


@dataclass(frozen=True, slots=True, eq=False)
class Pictures:
    """The first pictures of a split, made small.

    Attributes:
        hashes: Whether brightness rises from left to right, in 8 rows of 8; uint64.
        small: Each 16 by 16, of mean 0 and norm 1; float32, shape `(pictures, 256)`.
        rows: Their rows.
    """

    hashes: NDArray[np.uint64]
    small: NDArray[np.float32]
    rows: NDArray[np.int64]


class PictureCollector:
    """Takes in pictures until there are enough."""

    def __init__(self) -> None:
        self._parts: list[tuple[Array, Array, Array]] = []
        self._held = 0

    def add(self, row: int, chunk: Array) -> None:
        """Takes in pictures of shape `(examples, height, width[, channels])`."""
        chunk = chunk[: KEPT - self._held]
        if not len(chunk):
            return
        bits, small = reduce_pictures(chunk)
        self._parts.append((bits, small, np.arange(row, row + len(chunk), dtype=np.int64)))
        self._held += len(chunk)

    def finish(self) -> Pictures | None:
        """All that were kept; None where there were none."""
        if not self._parts:
            return None
        bits, small, rows = (np.concatenate(p) for p in zip(*self._parts, strict=True))
        return Pictures(bits, small, rows)


def reduce_pictures(chunk: Array) -> tuple[NDArray[np.uint64], NDArray[np.float32]]:
    """Hash and small copy of each picture.

    The hash is Krawetz's difference hash: the sign of the step between neighbours of a 9 by 8
    grid. It does not change with brightness, contrast or size.
    """
    grey = chunk[..., None] if chunk.ndim == 3 else chunk
    count, height, width = grey.shape[:3]
    stride = max(1, min(height, width) // (4 * SIDE))
    grey = grey[:, ::stride, ::stride]
    values = grey.astype(np.float32)
    values = values[..., 0] if grey.shape[3] == 1 else values.mean(-1)
    if grey.dtype.kind == "f" and not np.isfinite(values.sum()):
        np.nan_to_num(values, copy=False, nan=0.0, posinf=0.0, neginf=0.0)
    height, width = values.shape[1:]
    narrow = (values.reshape(-1, width) @ resizer(width, SIDE)).reshape(count, height, SIDE)
    small = np.matmul(resizer(height, SIDE).T, narrow)
    grid = np.matmul(resizer(SIDE, 8).T, small) @ resizer(SIDE, 9)
    bits = np.packbits((grid[..., 1:] > grid[..., :-1]).reshape(count, 64), axis=1)
    flat = small.reshape(count, -1)
    flat = flat - flat.mean(1, keepdims=True)
    norm = np.sqrt(np.einsum("ij,ij->i", flat, flat))[:, None]
    flat = np.divide(flat, norm, out=np.zeros_like(flat), where=norm > 1e-6)
    return bits.view(np.uint64)[:, 0], flat


def near_within(pictures: Pictures) -> list[tuple[int, int]]:
    """Row numbers of nearly equal pictures, (earlier, later)."""
    mean = pictures.small.mean(0, dtype=np.float32)
    first, second = _candidates(pictures.hashes)
    alike = _alike(pictures.small, pictures.small, first, second, mean)
    return _numbered(pictures.rows[first[alike]], pictures.rows[second[alike]])


def near_across(train: Pictures, other: Pictures) -> list[tuple[int, int]]:
    """Row numbers of nearly equal pictures, (training, other)."""
    mean = train.small.mean(0, dtype=np.float32)
    count = len(train.hashes)
    first, second = _candidates(np.concatenate([train.hashes, other.hashes]))
    mixed = (first < count) & (second >= count)
    first, second = first[mixed], second[mixed] - count
    alike = _alike(train.small, other.small, first, second, mean)
    return _numbered(train.rows[first[alike]], other.rows[second[alike]])


def _candidates(hashes: NDArray[np.uint64]) -> tuple[Array, Array]:
    """Pairs, smaller index first, whose hashes share 16 bits and differ in few others.

    They stand close to each other in one of four sorted rotations.
    """
    found: list[Array] = []
    for turn in (0, 16, 32, 48):
        turned = _rotate(hashes, turn)
        order = np.argsort(turned, kind="stable")
        ordered = turned[order]
        for step in range(1, min(FOLLOWERS, len(order) - 1) + 1):
            differ = ordered[step:] ^ ordered[:-step]
            near = np.flatnonzero(differ < np.uint64(1 << 48))
            close = _POPULATION[differ[near].view(np.uint8).reshape(-1, 8)].sum(1) <= BITS
            at = near[close]
            found.append(np.stack([order[at], order[at + step]], 1))
    if not found:
        return np.zeros(0, np.intp), np.zeros(0, np.intp)
    pairs = np.sort(np.concatenate(found), axis=1).astype(np.int64)
    single = np.unique(pairs[:, 0] << 32 | pairs[:, 1])
    return single >> 32, single & 0xFFFFFFFF


def _alike(left: Array, right: Array, first: Array, second: Array, mean: Array) -> Array:
    alike = np.zeros(len(first), bool)
    for start in range(0, len(first), CHUNK):
        part = slice(start, start + CHUNK)
        a, b = left[first[part]], right[second[part]]
        shown = a.any(1) & b.any(1)
        a -= mean
        b -= mean
        norms = np.sqrt(np.einsum("ij,ij->i", a, a) * np.einsum("ij,ij->i", b, b))
        alike[part] = shown & (np.einsum("ij,ij->i", a, b) > ALIKE * np.maximum(norms, 1e-6))
    return alike


def _numbered(first: Array, second: Array) -> list[tuple[int, int]]:
    return sorted({(int(a), int(b)) for a, b in zip(first, second, strict=True)})


def _rotate(hashes: NDArray[np.uint64], turn: int) -> NDArray[np.uint64]:
    if not turn:
        return hashes
    return (hashes << np.uint64(turn)) | (hashes >> np.uint64(64 - turn))


@lru_cache(maxsize=64)
def resizer(size: int, target: int) -> NDArray[np.float32]:
    """Matrix that averages `size` places into `target`, shape `(size, target)`."""
    edges = np.linspace(0, size, target + 1)
    place = np.arange(size)[:, None]
    cover = np.minimum(place + 1, edges[1:]) - np.maximum(place, edges[:-1])
    share = np.clip(cover, 0, None)
    return np.asarray(share / share.sum(0), np.float32)
