"""Pairs of arms: the effect of a change against the noise of none."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from convalesce import core

CALIBRATED = "the largest spread between seeds, see benchmarks/results/noise.md"
SEEDS = core.Limit(0.02, unit="1", source=CALIBRATED)
RELEVANT = core.Limit(
    0.05, unit="1", source="a twentieth of all there is to know: less is not worth a person's time"
)
OF_THE_REST = core.Limit(
    0.15, unit="1", source="and a seventh of what the control left open, so that it shows"
)
SIGMAS = 1.96  # the interval at 95 %


@dataclass(frozen=True, slots=True)
class Effect:
    """Mean difference of the pairs, its interval at 95 %, and what would be relevant."""

    mean: float
    low: float
    high: float
    noise: float
    relevant: float

    @property
    def verdict(self) -> core.Verdict:
        """Confirmed: relevant and beyond noise; refuted: at its best not relevant."""
        if self.mean >= self.relevant and self.low > 0:
            return core.Verdict.CONFIRMED
        return core.Verdict.REFUTED if self.high < self.relevant else core.Verdict.UNDECIDED


def effect(
    control: Sequence[float],
    treated: Sequence[float],
    same: Sequence[float],
    sampling: float,
    sigmas: float = SIGMAS,
) -> Effect:
    """What the pairs show.

    Args:
        control: The yardstick of each control arm.
        treated: The yardstick of its treated partner.
        same: The yardstick of arms without any change, for the noise between seeds.
        sampling: Standard error of one value from the size of the sample.
        sigmas: Half the width of the interval, in standard errors of the mean.
    """
    differences = [t - c for t, c in zip(treated, control, strict=True)]
    mean = float(np.mean(differences))
    between = float(np.std(same, ddof=1)) if len(same) > 1 else 0.0
    if len(differences) > 1:  # a change may bring more noise than there was
        between = max(between, float(np.std(differences, ddof=1)) / math.sqrt(2))
    one = math.sqrt(max(between, SEEDS.value) ** 2 + sampling**2)
    noise = math.sqrt(2) * one
    half = sigmas * noise / math.sqrt(len(differences))
    return Effect(mean, mean - half, mean + half, noise, relevance(float(np.mean(control))))


def relevance(control: float) -> float:
    """The least effect that counts, by what the control reaches."""
    return max(RELEVANT.value, OF_THE_REST.value * (1 - control))
