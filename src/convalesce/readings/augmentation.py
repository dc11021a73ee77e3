"""How far augmented examples lie from their originals, against how far the classes lie apart."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

CHUNK = 256


def standardised(plain: Floats, other: Floats) -> tuple[Floats, Floats]:
    """Both with each feature's mean and deviation over the plain ones taken out.

    Features that never change in the plain ones are left out.

    Args:
        plain: Shape `(examples, ...)`. `other`: the same.
        other: Is scaled by the same figures.
    """
    flat, more = (np.asarray(a, np.float64).reshape(len(a), -1) for a in (plain, other))
    mean, std = flat.mean(0), flat.std(0)
    kept = std > 1e-9 * max(float(np.abs(flat).max(initial=0.0)), 1e-300)
    return (flat[:, kept] - mean[kept]) / std[kept], (more[:, kept] - mean[kept]) / std[kept]


def to_another_class(points: Floats, labels: NDArray[np.int64], plain: Floats) -> Floats:
    """Distance of each point to the nearest plain example that has another label.

    Args:
        points: Shape `(examples, features)`.
        labels: Of the points and of the plain examples, which go row by row.
        plain: Shape of `points`.
    """
    squares = (plain**2).sum(1)
    found = np.empty(len(points))
    for start in range(0, len(points), CHUNK):
        part = slice(start, start + CHUNK)
        apart = (points[part] ** 2).sum(1)[:, None] + squares - 2 * points[part] @ plain.T
        apart[labels[part][:, None] == labels] = np.inf
        found[part] = np.sqrt(np.maximum(apart.min(1), 0.0))
    return found
