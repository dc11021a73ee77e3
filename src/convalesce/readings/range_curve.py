"""Learning rates read off the losses of a range test.

The rate rises by a constant factor each update. Each estimator reads one candidate; they agree on a
clean curve and scatter on a noisy one, so a rate is never believed before short trainings confirm
it.

Sources: L. Smith, 2017, "Cyclical learning rates for training neural networks", WACV, section 3.3
(the test); the steepest slope and the tenth of the lowest loss's rate are those of fastai's
`lr_find` (J. Howard, S. Gugger, 2020, "fastai: a layered API for deep learning", Information 11).
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from convalesce.core.instruments import Candidate

Floats = NDArray[np.float64]

SPAN = 0.08  # of the curve that smoothing averages, as standard deviation of its kernel
LEFT = 4.0  # times the fall so far, above the lowest smoothed loss, that counts as divergence
FELL = 5.0  # standard errors that the loss must fall by, for anything to be read at all


def smoothed(losses: Floats) -> Floats:
    """Losses averaged by a Gaussian kernel over their index; values that are no numbers left out.

    Symmetric, so that no lag shifts the rates, unlike an exponential average.
    """
    count = len(losses)
    known = np.isfinite(losses)
    width = max(1.0, SPAN * count)
    away = np.subtract.outer(np.arange(count), np.arange(count)) / width
    kernel = np.exp(-(away**2) / 2) * known
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.asarray(kernel @ np.where(known, losses, 0.0) / kernel.sum(1))


def before_divergence(losses: Floats) -> int:
    """Number of losses before the curve leaves for good: NaN, or far above where it had been."""
    losses = np.asarray(losses, np.float64)
    finite = np.isfinite(losses)
    end = len(losses) if finite.all() else int(np.argmin(finite))
    if end < 5:
        return end
    window = max(1, end // 20)
    start = float(np.median(losses[: max(3, end // 10)]))
    middle = np.array([np.median(losses[max(0, i - window) : i + window + 1]) for i in range(end)])
    lowest = np.minimum.accumulate(middle)
    margin = LEFT * np.maximum(start - lowest, noise_of(losses[:end]))
    beyond = np.flatnonzero(middle > np.maximum(start, lowest + margin) + noise_of(losses[:end]))
    return int(beyond[0]) if len(beyond) else end


def noise_of(losses: Floats) -> float:
    """Standard deviation between neighbours, robust: from the median of differences."""
    if len(losses) < 3:
        return 0.0
    return float(np.median(np.abs(np.diff(losses)))) / (0.6745 * math.sqrt(2))


def candidates(rates: Floats, losses: Floats) -> tuple[Candidate, ...]:
    """A rate by each estimator; none where the loss never fell beyond its noise.

    Args:
        rates: Rising by a constant factor. `losses`: of the updates made at them.
        losses: May end in NaN.
    """
    rates, losses = np.asarray(rates, np.float64), np.asarray(losses, np.float64)
    end = before_divergence(losses)
    if end < 8:
        return ()
    rates, losses = rates[:end], losses[:end]
    curve = smoothed(losses)
    start, low = float(np.median(losses[: max(3, end // 10)])), int(curve.argmin())
    averaged = (max(1.0, math.sqrt(math.pi) * SPAN * end), max(3, end // 10) / 1.57)
    noise = noise_of(losses) * math.sqrt(sum(1 / count for count in averaged))
    if not start - curve[low] > FELL * max(noise, 1e-12 * abs(start)):
        return ()
    return (
        Candidate("steepest slope", steepest(rates, curve)),
        Candidate("a tenth of the lowest loss's rate", float(rates[low]) / 10),
        Candidate("middle of the fall", valley(rates, curve)),
    )


def steepest(rates: Floats, curve: Floats) -> float:
    """Rate at which a smoothed loss falls fastest per factor of the rate, up to its lowest."""
    low = max(2, int(curve.argmin()))
    slopes = np.gradient(curve[: low + 1], np.log(rates[: low + 1]))
    return float(rates[int(slopes.argmin())])


def valley(rates: Floats, curve: Floats) -> float:
    """Rate, in the logarithm, two thirds into the fall: from a tenth to nine tenths of it."""
    low = int(curve.argmin())
    fallen = (curve[0] - curve[: low + 1]) / max(curve[0] - curve[low], 1e-300)
    first, last = (int(np.argmax(fallen >= share)) for share in (0.1, 0.9))
    return float(np.exp(np.log(rates[first]) / 3 + 2 * np.log(rates[last]) / 3))
