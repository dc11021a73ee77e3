"""The loss of every step, from the running means that Keras hands out."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

Values = NDArray[np.float64]
CLOSE = 1e-3


def batch_losses(means: Sequence[float], sizes: Sequence[float]) -> Values:
    """Loss of each batch from the running mean over its epoch.

    Single-precision means leave an error of about k · 6e-8 of the mean in step k.

    Args:
        means: After each batch of one epoch.
        sizes: Weight of each batch.
    """
    mean = np.asarray(means, np.float64)
    total = np.cumsum(np.asarray(sizes, np.float64))
    with np.errstate(invalid="ignore", over="ignore"):
        sums = mean * total
        return np.diff(sums, prepend=0.0) / np.asarray(sizes, np.float64)


def running(
    exact: Sequence[tuple[int, float]], means: Sequence[float], sizes: Sequence[float]
) -> bool | None:
    """Whether logged values are running means; None where the monitored steps do not tell.

    Args:
        exact: Place in the epoch and exact loss of monitored steps.
        means: What was logged, one epoch.
        sizes: Weight of each batch.
    """
    differenced = batch_losses(means, sizes)
    as_mean, as_raw, told = 0, 0, 0
    for place, loss in exact:
        if place == 0 or not np.isfinite(loss) or not np.isfinite(means[place]):
            continue
        scale = abs(loss) + abs(means[place]) + 1e-12
        slack = CLOSE + 2e-7 * place
        mean_fits = abs(differenced[place] - loss) <= slack * scale
        raw_fits = abs(means[place] - loss) <= CLOSE * scale
        told += mean_fits != raw_fits
        as_mean += mean_fits and not raw_fits
        as_raw += raw_fits and not mean_fits
    if not told:
        return None
    return bool(as_mean >= as_raw)
