"""Learning rates: a range test suggests some, short trainings decide.

A range test alone is not believed. Its curve mixes the effect of a rate with that of all rates
before it, one noisy batch can make the steepest descent, and what falls fastest in a few steps need
not train best. So its suggestions, by more than one reading, are candidates and no more.
"""

from __future__ import annotations

import itertools
import math
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from convalesce.lab.rig import Rig, level

Floats = NDArray[np.float64]

WIDTH = 0.03  # of the steps: deviation of the smoothing kernel
APART = 2.0  # candidates nearer to each other than that are one
FEWEST, MOST = 3, 5
FAR = 10.0  # times: a rate in use so far from all suggestions is no candidate
FURTHER = 3.0  # beyond the last candidate, where that one is the best
WIDE = 5.0  # times: a gap beside the best rate in which another one is tried
EXTENSIONS = 3
NOISE = 2.0  # standard errors within which trainings count as equal


@dataclass(frozen=True, slots=True, eq=False)
class RangeTest:
    """Loss of one training whose rate rises geometrically.

    Attributes:
        rates: At each step; shape `(steps,)`. `losses`: before that step's update.
        smoothed: Running median of 3, then a Gaussian kernel.
        blew_up: It ended because the loss rose out of bounds or was no longer finite.
    """

    rates: Floats
    losses: Floats
    smoothed: Floats
    blew_up: bool


@dataclass(frozen=True, slots=True)
class RateTrial:
    """Short trainings at one rate, from the same weights.

    Attributes:
        losses: Level at the end (median of the last third), one for each seed; infinity where it
            diverged.
    """

    rate: float
    losses: tuple[float, ...]

    @property
    def loss(self) -> float:
        """Mean over the seeds."""
        return float(np.mean(self.losses))


def range_test(rig: Rig, rates: Sequence[float], seed: int = 0) -> RangeTest:
    """Train once through rising rates, until the loss blows up.

    Smith, *Cyclical Learning Rates for Training Neural Networks*, WACV 2017, section 3.3, with
    geometric steps.
    """
    losses = np.asarray(rig.train(rates, seed), np.float64)
    finite = losses[np.isfinite(losses)]
    if not len(finite):
        none = np.zeros(0)
        return RangeTest(none, none, none, blew_up=True)
    smoothed = smooth(finite)
    begun = float(np.median(finite[: max(1, len(finite) // 10)]))
    best = np.minimum.accumulate(smoothed)
    bound = begun + np.maximum(begun - best, abs(begun) / 2)
    over = np.flatnonzero(smoothed > bound)
    end = int(over[0]) + 1 if len(over) else len(finite)
    return RangeTest(
        np.asarray(rates[:end], np.float64),
        finite[:end],
        smoothed[:end],
        blew_up=bool(len(over)) or len(finite) < len(losses),
    )


def smooth(losses: Floats) -> Floats:
    """Running median of 3, then a Gaussian kernel, both cut off at the ends."""
    padded = np.pad(losses, 1, mode="edge")
    medians = np.median(np.stack([padded[:-2], padded[1:-1], padded[2:]]), axis=0)
    spread = max(1.0, WIDTH * len(losses))
    at = np.arange(len(losses))
    kernel = np.exp(-((at[:, None] - at) ** 2) / (2 * spread**2))
    return np.asarray(kernel @ medians / kernel.sum(1))


def estimates(test: RangeTest) -> dict[str, float]:
    """Rates that readings of the curve suggest; empty where the loss never fell.

    `steepest`: where the smoothed loss falls fastest. `tenth of the minimum`: of the rate where
    it is lowest. `tenth of the blow-up`: of the rate where it ended.
    """
    if len(test.rates) < 5:
        return {"tenth of the blow-up": float(test.rates[-1]) / 10} if len(test.rates) else {}
    found: dict[str, float] = {}
    lowest = int(test.smoothed.argmin())
    residual = test.losses - test.smoothed
    noise = 1.4826 * float(np.median(np.abs(residual))) / math.sqrt(max(1.0, WIDTH * len(residual)))
    fell = float(test.smoothed[: lowest + 1].max() - test.smoothed[lowest])
    if lowest > 0 and fell > 3 * noise:
        slope = np.gradient(test.smoothed, np.log(test.rates))
        found["steepest"] = float(test.rates[int(slope[: lowest + 1].argmin())])
        found["tenth of the minimum"] = float(test.rates[lowest]) / 10
    if test.blew_up:
        found["tenth of the blow-up"] = float(test.rates[-1]) / 10
    return found


def candidates(suggested: Mapping[str, float], present: float) -> list[float]:
    """Three to five rates, apart from each other, that cover what was suggested.

    Args:
        suggested: By the range test.
        present: The rate in use.
    """
    rates = sorted(suggested.values())
    if not rates or rates[0] / FAR <= present <= rates[-1] * FAR:
        rates = sorted([*rates, present])
    kept: list[float] = []
    for rate in rates:
        if not kept or rate / kept[-1] >= APART:
            kept.append(rate)
    if len(kept) == 1:
        kept = [kept[0] / FURTHER, kept[0], kept[0] * FURTHER]
    while len(kept) < FEWEST:
        gaps = [b / a for a, b in itertools.pairwise(kept)]
        at = int(np.argmax(gaps))
        if gaps[at] < APART**2:
            kept.append(kept[-1] * FURTHER)
        else:
            kept.insert(at + 1, math.sqrt(kept[at] * kept[at + 1]))
    while len(kept) > MOST:
        gaps = [b / a for a, b in itertools.pairwise(kept)]
        del kept[max(1, int(np.argmin(gaps)))]
    return kept


def tried(
    rig: Rig, rates: Sequence[float], *, steps: int, seeds: Sequence[int], until: float = math.inf
) -> list[RateTrial]:
    """Short trainings at each rate; then beyond the last one, or in a wide gap, beside the best.

    Args:
        rig: What is trained.
        rates: Increasing.
        steps: Of each training.
        seeds: One training each; the same for all rates.
        until: Time (`time.monotonic`) after which no further rate is begun.
    """

    def one(rate: float) -> RateTrial:
        return RateTrial(rate, tuple(level(rig.train([rate] * steps, s), steps) for s in seeds))

    # From the middle outwards, so that a budget that ends early has seen the likeliest.
    order = sorted(rates, key=lambda r: abs(math.log(r / rates[len(rates) // 2])))
    found: list[RateTrial] = []
    for rate in order:
        if found and time.monotonic() > until:
            break
        found.append(one(rate))
    for _ in range(EXTENSIONS):
        found.sort(key=lambda t: t.rate)
        another = _beside(found)
        if another is None or time.monotonic() > until:
            break
        found.append(one(another))
    return sorted(found, key=lambda t: t.rate)


def _beside(found: Sequence[RateTrial]) -> float | None:
    """A rate to try next to the best; None where its neighbours are near."""
    if all(t.loss == math.inf for t in found):
        return found[0].rate / FURTHER
    at = min(range(len(found)), key=lambda i: found[i].loss)
    rate = found[at].rate
    if at == 0:
        return rate / FURTHER
    if at == len(found) - 1:
        return rate * FURTHER
    above, below = found[at + 1].rate, found[at - 1].rate
    if max(above / rate, rate / below) < WIDE:
        return None
    return math.sqrt(rate * (above if above / rate >= rate / below else below))


def chosen(trials: Sequence[RateTrial]) -> tuple[RateTrial, float, float]:
    """The trial to go by, and the lowest and highest rate that trained as well within noise.

    Of rates that trained equally well it is the middle one, furthest from where they fail.
    Noise is the standard error that differences between seeds give, pooled over rates after what
    the seeds have in common is taken off.
    """
    best = min(trials, key=lambda t: (t.loss, t.rate))
    table = np.array([t.losses for t in trials if math.isfinite(t.loss)])
    if not len(table):
        return best, best.rate, best.rate
    within = table - table.mean(1, keepdims=True)
    within = within - within.mean(0)
    freedom = max(1, (table.shape[0] - 1) * (table.shape[1] - 1))
    error = math.sqrt(float((within**2).sum()) / freedom * 2 / table.shape[1])
    equal = [t for t in trials if t.loss <= best.loss + NOISE * error]
    low, high = min(t.rate for t in equal), max(t.rate for t in equal)
    middle = math.log(low * high) / 2
    return min(equal, key=lambda t: (round(abs(math.log(t.rate) - middle), 3), t.rate)), low, high
