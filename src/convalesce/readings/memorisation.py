"""Wrong labels by how late and how slowly examples are learned.

A net learns what is common first: an example with a wrong label gets its label's probability late
or never. The mean over the epochs of 1 − p(label) therefore has two humps, and a mixture of two
Beta distributions tells their shares apart. 1 − p is the cross-entropy bounded to 0 … 1; the
bounding keeps clean but uneven data from being stretched into two humps, which dividing by the
largest loss would do.

Sources: D. Arpit et al., 2017, "A closer look at memorization in deep networks", ICML; E. Arazo et
al., 2019, "Unsupervised label noise modeling and loss correction", ICML, section 3.1 (the mixture
and its fit); M. Toneva et al., 2019, "An empirical study of example forgetting during deep neural
network learning", ICLR (forgetting events).
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from convalesce.core.instruments import Figure
from convalesce.readings.intervals import bootstrap, share_interval

ROUNDS = 30  # of the fit
EDGE = 1e-3
MIDDLE = 0.5  # of 1 − p: beyond it, the label is held for less likely than not
DRAWS = 100

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Mixture:
    """Two Beta distributions: share of the upper one, both means, its part in each value."""

    share: float
    low: float
    high: float
    upper: Floats


def first_learnt(right: Flags) -> NDArray[np.int64]:
    """First epoch from which on each answer stays right; −1 for never.

    Args:
        right: Shape `(epochs, examples)`.
    """
    wrong_last = right.shape[0] - 1 - np.argmax(~right[::-1], axis=0)
    first = np.where(right.all(0), 0, wrong_last + 1)
    return np.where(first == right.shape[0], -1, first)


def forgetting_events(right: Flags) -> NDArray[np.int64]:
    """Times that each right answer became wrong at the next epoch."""
    return np.asarray((right[:-1] & ~right[1:]).sum(0))


def mixture(values: Floats) -> Mixture:
    """Fit two Beta distributions by expectation and weighted moments.

    Args:
        values: Of 0 … 1. Both begin at their halves below and above the middle.
    """
    from scipy.special import betaln  # noqa: PLC0415 - comes with scikit-learn

    values = np.clip(np.asarray(values, np.float64), EDGE, 1 - EDGE)
    upper = (values > MIDDLE).astype(np.float64)
    shapes = np.ones((2, 2))
    share = float(upper.mean())
    for _ in range(ROUNDS):
        if not 1e-6 < share < 1 - 1e-6:
            break
        shapes = np.array([_moments(values, 1 - upper), _moments(values, upper)])
        logs = [
            (a - 1) * np.log(values) + (b - 1) * np.log1p(-values) - betaln(a, b) for a, b in shapes
        ]
        with np.errstate(over="ignore"):
            odds = np.exp(np.clip(logs[0] - logs[1], -700, 700)) * (1 - share) / share
        upper = _rising(values, 1 / (1 + odds))
        share = float(upper.mean())
    weights = (1 - upper, upper)
    means = [float((w @ values) / w.sum()) if w.sum() > 0 else math.nan for w in weights]
    return Mixture(share, means[0], means[1], upper)


def _moments(values: Floats, weight: Floats) -> tuple[float, float]:
    mean = float(weight @ values / weight.sum())
    variance = max(float(weight @ (values - mean) ** 2 / weight.sum()), 1e-5)
    both = max(mean * (1 - mean) / variance - 1, 1e-2)
    return max(mean * both, 1e-2), max((1 - mean) * both, 1e-2)


def _rising(values: Floats, upper: Floats) -> Floats:
    """The part of the upper distribution, made to rise with the value.

    The wider of two Beta distributions outweighs the narrower at both ends; a low value is no
    sign of a wrong label all the same.
    """
    order = np.argsort(values, kind="stable")
    lowest = int(np.argmin(upper[order]))
    sorted_upper = upper[order].copy()
    sorted_upper[:lowest] = sorted_upper[lowest]
    rising = np.empty_like(upper)
    rising[order] = np.maximum.accumulate(sorted_upper)
    return rising


def noisy_share(values: Floats, seed: int = 0) -> tuple[Figure, NDArray[np.int64]]:
    """Share of wrong labels and the rows that look wrong, the most suspect first.

    Args:
        values: Mean over the epochs of 1 − p(label), of each row.
        seed: Of the bootstrap over the rows.

    Returns:
        nan with an interval of 0 … 1 where most labels were not learnt: nothing sets the wrong
        ones apart then.
    """
    values = np.asarray(values, np.float64)
    known = np.isfinite(values)
    if not known.any() or float(np.median(values[known])) > MIDDLE:
        return Figure(math.nan, 0.0, 1.0, "1"), np.zeros(0, np.int64)
    values = np.where(known, values, 1.0)
    fitted = mixture(values)
    if not fitted.high > MIDDLE:
        share, low, high = share_interval(float((values > MIDDLE).sum()), len(values))
        return Figure(share, low, high, "1"), np.flatnonzero(values > MIDDLE)

    low, high = bootstrap(lambda index: mixture(values[index]).share, len(values), seed, DRAWS)
    order = np.argsort(-values, kind="stable")
    return Figure(fitted.share, low, high, "1"), order[fitted.upper[order] > 0.5]
