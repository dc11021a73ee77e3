"""What an input seems to be, from its shape, its type and a first look at its values."""

from __future__ import annotations

import numpy as np

from convalesce.core.data import InputKind
from convalesce.observe.scan.structure import Array

PICTURE_SIDE = 16  # a square float matrix at least this wide is taken for a picture
ONE_LAW = 0.35  # spread of the columns' means over that of values: below, they follow one law
NO_ORDER = 0.4  # correlation of adjacent values: below, their order carries no smoothness
FEW_VALUES = 8  # up to so many distinct whole values a row of them is taken for features


def kind_of(first: Array, hint: str = "") -> InputKind:
    """The kind of input that the first rows show.

    Args:
        first: The first rows, shape `(examples, ...)`.
        hint: Class name of the layer that reads this input, where it is known.
    """
    rank = first.ndim - 1
    if first.dtype.kind not in "biuf" or rank > 4:
        return "other"
    if hint == "Embedding" and rank <= 2:
        return "tokens"
    if rank >= 3:
        flat: InputKind = "image" if first.shape[-1] <= 4 else "other"
        return "volume" if rank == 4 else flat
    if rank == 2:
        return "image" if _is_flat_picture(first) else "sequence"
    return "tokens" if rank == 1 and not hint and looks_like_tokens(first) else "tabular"


def channels_of(kind: InputKind, shape: tuple[int, ...]) -> int:
    """Number of columns that figures are kept for: the last axis, or 1."""
    if not shape or kind == "tokens":
        return 1
    if kind == "image" and len(shape) == 2:
        return 1
    return max(1, shape[-1])


def looks_like_tokens(rows: Array) -> bool:
    """Whole values of rank 1 that follow one law at every position and have no natural order.

    A table has another law in each column; a flattened picture or a signal is smooth. Padding
    (0) is left out of both comparisons.
    """
    if rows.ndim != 2 or rows.shape[1] < 4 or len(rows) < 2 or rows.dtype.itemsize == 1:
        return False
    sample = rows[:: max(1, len(rows) // 1024)][:1024, :4096].astype(np.float64)
    if not np.isfinite(sample).all() or sample.min() < 0 or (sample != np.rint(sample)).any():
        return False
    filled = sample != 0
    values = sample[filled]
    if values.size < 16 or len(np.unique(values)) <= FEW_VALUES or values.std() == 0:
        return False
    counts = filled.sum(0)
    enough = counts >= max(2, len(sample) // 20)
    means = sample.sum(0)[enough] / counts[enough]
    noise = values.var() / counts[enough].mean() if enough.any() else 0.0
    if means.size < 2 or max(0.0, means.var() - noise) > (ONE_LAW**2) * values.var():
        return False
    both = filled[:, 1:] & filled[:, :-1]
    left, right = sample[:, :-1][both], sample[:, 1:][both]
    if left.size < 16 or left.std() == 0 or right.std() == 0:
        return False
    return bool(abs(np.corrcoef(left, right)[0, 1]) < NO_ORDER)


def _is_flat_picture(rows: Array) -> bool:
    height, width = rows.shape[1:]
    if rows.dtype == np.uint8:
        return bool(min(height, width) >= 8 and rows.size and rows.max() > 1)
    return bool(rows.dtype.kind == "f" and height == width >= PICTURE_SIDE)
