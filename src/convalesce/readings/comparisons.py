"""Many arms against one control: intervals that hold for all of them together.

Of twenty arms without any effect, one lies outside its own interval at 95 %. So each interval is
widened until the chance that any of them misses is 5 % (Bonferroni; R. G. Miller, *Simultaneous
Statistical Inference*, 1981, section 1.15). Three seeds an arm tell little of its noise; all arms
together do: it is the residual of arms × seeds, with Student's quantile for its degrees of freedom.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from convalesce.readings.intervals import LEVEL, quantile_t
from convalesce.readings.pairs import SEEDS, Effect, relevance

APART = 0.95  # a row that scatters more than so many of its like is judged by its own scatter

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Noise:
    """Standard deviation between seeds, and the degrees of freedom of this estimate."""

    deviation: float
    freedom: float


def simultaneous(
    control: Sequence[float],
    arms: Sequence[Sequence[float]],
    *,
    comparisons: int = 0,
    sampling: float = 0.0,
    floor: float = SEEDS.value,
) -> list[Effect]:
    """The effect of each arm, by pairs of equal seed; the intervals hold together at 95 %.

    An arm that equals the control at every seed is none: its change did nothing, and it tells
    nothing of the noise.

    Args:
        control: What it reached at each seed; nan where it came to nothing.
        arms: The same of each arm.
        comparisons: That are made in all; those of `arms` where it is 0.
        sampling: Standard error of one value from the size of the sample.
        floor: Least deviation between seeds that is believed.
    """
    table = np.array([control, *arms], np.float64)
    same = [i for i in range(1, len(table)) if identical(control, table[i].tolist())]
    level = 1 - (1 - LEVEL) / max(1, comparisons or len(arms) - len(same))
    noises = _noises(table, same)
    found = []
    for i in range(1, len(table)):
        if i in same:
            found.append(Effect(0.0, 0.0, 0.0, 0.0, relevance(float(np.nanmean(table[0])))))
            continue
        noise = _of_both(noises[0], noises[i])
        one = math.hypot(max(noise.deviation, floor), sampling)
        found.append(_effect(table[0], table[i], one, quantile_t(noise.freedom, level)))
    return found


def _effect(control: Floats, treated: Floats, one: float, quantile: float) -> Effect:
    """Of the pairs that both came to something.

    Args:
        control: Shape `(seeds,)`.
        treated: Likewise.
        one: Standard deviation of one value.
        quantile: Half-width of the interval in standard errors.
    """
    differences = (treated - control)[np.isfinite(treated) & np.isfinite(control)]
    if not differences.size:
        return Effect(math.nan, -math.inf, math.inf, math.inf, math.inf)
    mean, noise = float(differences.mean()), math.sqrt(2) * one
    half = quantile * noise / math.sqrt(differences.size)
    known = float(np.nanmean(control))
    return Effect(mean, mean - half, mean + half, noise, relevance(known))


def identical(control: Sequence[float], arm: Sequence[float]) -> bool:
    """The arm came to the same at every seed, to the last bit: its change did nothing.

    Where the control is the same at every seed, a tie tells nothing.
    """
    exact = all(c == a for c, a in zip(control, arm, strict=True))
    return exact and len(set(control)) > 1


def _noises(table: Floats, same: list[int]) -> list[Noise]:
    """Of each row: what all have in common; its own where it scatters clearly more than others."""
    whole = [i for i in range(len(table)) if np.isfinite(table[i]).all() and i not in same]
    alike, apart = list(whole), dict[int, Noise]()
    while len(alike) > 2:  # of two rows neither is the odd one
        own = {i: _own(table, i, [o for o in alike if o != i]) for i in alike}
        widest = max(own, key=lambda i: own[i].deviation)
        others = _pooled(table, [i for i in alike if i != widest])
        bound = math.sqrt(_quantile_f(own[widest].freedom, others.freedom)) * others.deviation
        if not own[widest].deviation > bound:
            break
        apart[widest] = own[widest]
        alike.remove(widest)
    common = _pooled(table, alike)
    found = [common] * len(table)
    for i in whole:  # one that is not clearly the odd one may be it all the same
        rest = [o for o in alike if o != i]
        own_deviation = _own(table, i, rest).deviation if rest else 0.0
        found[i] = apart.get(i, Noise(max(common.deviation, own_deviation), common.freedom))
    return found


def _own(table: Floats, row: int, others: list[int]) -> Noise:
    """Of one row, what the others have in common at each seed taken off."""
    if table.shape[1] < 2:
        return Noise(0.0, 0)
    left = table[row] - table[others].mean(0)
    shrunk = float(left.std(ddof=1)) * math.sqrt(len(others) / (len(others) + 1))
    return Noise(shrunk, len(left) - 1)


def _pooled(table: Floats, rows: list[int]) -> Noise:
    """Of these rows together: what neither the row nor the seed explains."""
    part = table[rows]
    freedom = (len(rows) - 1) * (part.shape[1] - 1)
    if freedom < 1:
        return Noise(0.0, 0)
    rest = part - part.mean(1, keepdims=True) - part.mean(0) + part.mean()
    return Noise(math.sqrt(float((rest**2).sum()) / freedom), freedom)


def _of_both(one: Noise, other: Noise) -> Noise:
    """The noise that a pair has, halved; its freedom after Welch (1947, Biometrika 34)."""
    if not (one.freedom and other.freedom):
        return min(one, other, key=lambda n: n.freedom)
    a, b = one.deviation**2, other.deviation**2
    most = max(one.freedom, other.freedom)  # the common part of both is known once, not twice
    if not a + b:
        return Noise(0.0, most)
    freedom = (a + b) ** 2 / (a**2 / one.freedom + b**2 / other.freedom)
    return Noise(math.sqrt((a + b) / 2), min(most, freedom))


def _quantile_f(above: float, below: float) -> float:
    from scipy.special import fdtri  # noqa: PLC0415 - comes with scikit-learn

    return float(fdtri(above, below, APART)) if above and below else math.inf
