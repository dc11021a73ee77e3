"""How long a curve lets one wait for its next record, and how much of it is noise."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from convalesce.readings import curves

LONGER = 1.5  # times the longest wait for a record
LEAST, MOST = 3, 50
SOONEST = 2  # epochs on a plateau: one may be chance


@dataclass(frozen=True, slots=True)
class Waited:
    """What a falling curve says about waiting.

    Attributes:
        longest: Most epochs between one record and the next, up to the best epoch.
        noise: Standard deviation of the curve from one epoch to the next, its course taken off.
    """

    longest: int
    noise: float


def waited(falling: ArrayLike) -> Waited:
    """Longest wait and noise of one curve of which lower is better, shape `(epochs,)`."""
    curve = curves.finite(falling)
    records = np.flatnonzero(curve <= np.minimum.accumulate(curve))
    longest = int(np.diff(records).max()) if len(records) > 1 else 1
    # Second differences of a straight course vanish; of noise they have variance 6 noise².
    bends = np.diff(curve, 2)
    middle = float(np.median(bends)) if len(bends) else 0.0
    spread = float(np.median(np.abs(bends - middle))) if len(bends) else 0.0
    return Waited(longest, 1.4826 * spread / math.sqrt(6))


def patience(longest: int) -> int:
    """Epochs without a record after which no further one is waited for."""
    return int(min(MOST, max(LEAST, math.ceil(LONGER * longest))))


def on_plateau(longest: int) -> int:
    """Epochs without a record after which the rate is lowered: half as long."""
    return max(SOONEST, patience(longest) // 2)
