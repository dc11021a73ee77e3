"""Intervals of measured figures, at 95 % unless told otherwise."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

LEVEL = 0.95
DRAWS = 400

Floats = NDArray[np.float64]


def quantile_t(freedom: float, level: float = LEVEL) -> float:
    """Half-width, in standard errors, of a two-sided Student interval."""
    from scipy.special import stdtrit  # noqa: PLC0415 - comes with scikit-learn

    return float(stdtrit(freedom, 0.5 + level / 2)) if freedom > 0 else math.inf


def mean_interval(values: Floats) -> tuple[float, float, float]:
    """Mean of independent values and its Student interval; unbounded for a single one."""
    values = np.asarray(values, np.float64)
    mean = float(values.mean()) if values.size else math.nan
    if values.size < 2:
        return mean, -math.inf, math.inf
    half = quantile_t(values.size - 1) * float(values.std(ddof=1)) / math.sqrt(values.size)
    return mean, mean - half, mean + half


def share_interval(hits: float, count: int) -> tuple[float, float, float]:
    """Share and its score interval (Wilson, 1927, JASA 22)."""
    if count < 1:
        return math.nan, 0.0, 1.0
    z, share = 1.959964, hits / count
    middle = (share + z * z / (2 * count)) / (1 + z * z / count)
    half = z / (1 + z * z / count) * math.sqrt(share * (1 - share) / count + z * z / (4 * count**2))
    return share, max(0.0, middle - half), min(1.0, middle + half)


def bootstrap(
    statistic: Callable[[NDArray[np.int64]], float], count: int, seed: int = 0, draws: int = DRAWS
) -> tuple[float, float]:
    """Percentile interval of a statistic of resampled indices (Efron, 1979, Annals of Statistics).

    Values that are nan are left out; without any other the interval is unbounded.
    """
    rng = np.random.default_rng([seed, 95])
    found = np.array([statistic(rng.integers(0, count, count)) for _ in range(draws)])
    found = found[~np.isnan(found)]
    if not found.size:
        return -math.inf, math.inf
    low, high = np.quantile(found, [(1 - LEVEL) / 2, (1 + LEVEL) / 2], method="nearest")
    return float(low), float(high)
