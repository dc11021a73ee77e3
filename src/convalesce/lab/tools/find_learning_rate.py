"""The learning rate that trains best from where a model stands."""

from __future__ import annotations

import math
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from convalesce import core
from convalesce.lab.rates import (
    RangeTest,
    RateTrial,
    candidates,
    chosen,
    estimates,
    range_test,
    tried,
)
from convalesce.lab.rig import Rig, rigged, source_of
from convalesce.lab.schedules import peak

LOWEST, HIGHEST = 1e-6, 10.0
RANGE_STEPS, TRIAL_STEPS = 100, 60
SEEDS = (0, 1)


@dataclass(frozen=True, slots=True, kw_only=True)
class LearningRateFound:
    """What was found, and from what.

    Attributes:
        rate: The rate that trained best; nan where none trained.
        low: Lowest tried rate that did as well within noise. `high`: highest.
        curve: The range test.
        estimates: What each reading of the curve suggests.
        trials: Short trainings, by rate.
        why: In a sentence.
    """

    rate: float
    low: float
    high: float
    curve: RangeTest
    estimates: Mapping[str, float]
    trials: tuple[RateTrial, ...]
    why: str

    def __str__(self) -> str:
        return self.why


def find_learning_rate(  # noqa: PLR0913 - each one is named where it is called
    model: Any,
    x: Any,
    y: Any = None,
    *,
    sample_weight: Any = None,
    class_weight: Any = None,
    batch_size: int = 32,
    lowest: float = LOWEST,
    highest: float = HIGHEST,
    range_steps: int = RANGE_STEPS,
    trial_steps: int = TRIAL_STEPS,
    seeds: Sequence[int] = SEEDS,
    seconds: float = math.inf,
) -> LearningRateFound:
    """A range test, read in several ways, then confirmed by short trainings from the same weights.

    The model is left as it was: weights, optimizer, compiled functions and random state. NaN, noise
    and a loss that never falls are survived; a training that diverges counts as infinitely bad.

    Args:
        model: Built and compiled; its loss and optimizer are used. A schedule is put aside.
        x: Inputs, arrays `(examples, ...)` or a structure of them; or a data set of batches.
        y: Targets; None for a data set, whose batches bring them.
        sample_weight: Weight of each example, shape `(examples,)`.
        class_weight: As fit takes it.
        batch_size: For arrays.
        lowest: Rate at which the range test begins.
        highest: Rate at which it ends, unless the loss blows up before.
        range_steps: Updates of the range test.
        trial_steps: Updates of each short training.
        seeds: One training a rate each, two at the least.
        seconds: No further training is begun after so many.

    Raises:
        ValueError: The model can't be trained so, or the arguments do not fit.
    """
    if not 0 < lowest < highest < math.inf:
        raise ValueError(f"lowest={lowest} and highest={highest}; 0 < lowest < highest is expected")
    if range_steps < 10 or trial_steps < 3 or len(seeds) < 2:
        raise ValueError(
            f"range_steps={range_steps}, trial_steps={trial_steps} and {len(seeds)} seeds; 10, 3 "
            "and 2 at the least are expected"
        )
    until = time.monotonic() + seconds
    source = source_of(x, y, sample_weight, batch_size)
    present = present_rate(model, trial_steps)
    rates = np.geomspace(lowest, highest, range_steps).tolist()
    with rigged(model, source, class_weight=class_weight) as rig:
        return found_on(rig, rates, present, steps=trial_steps, seeds=seeds, until=until)


def present_rate(model: Any, steps: int) -> float:
    """The rate in use, or the highest of its schedule; nan where none can be read."""
    optimizer = getattr(model, "optimizer", None)
    if optimizer is None:
        return math.nan
    try:
        return peak(optimizer, steps)
    except core.CannotChange:
        return math.nan


def found_on(  # noqa: PLR0913 - shared by the tool and by experiments
    rig: Rig,
    rates: Sequence[float],
    present: float,
    *,
    steps: int,
    seeds: Sequence[int],
    until: float = math.inf,
) -> LearningRateFound:
    """The range test at `rates`, then trainings of `steps` updates; see `find_learning_rate`.

    Args:
        rig: What is trained.
        rates: Of the range test, rising.
        present: The rate in use, a candidate too.
        steps: Of each short training.
        seeds: One training a rate each.
        until: Time (`time.monotonic`) after which no further rate is begun.
    """
    curve = range_test(rig, rates, seeds[0])
    suggested = estimates(curve)
    trials = tried(
        rig,
        candidates(suggested, present if present > 0 else math.sqrt(rates[0] * rates[-1])),
        steps=steps,
        seeds=seeds,
        until=until,
    )
    best, low, high = chosen(trials)
    sound = best.loss < math.inf
    return LearningRateFound(
        rate=best.rate if sound else math.nan,
        low=low if sound else math.nan,
        high=high if sound else math.nan,
        curve=curve,
        estimates=suggested,
        trials=tuple(trials),
        why=_why(best, low, high, trials, suggested, steps) if sound else _nothing(trials),
    )


def _why(  # noqa: PLR0913, PLR0917 - the figures of one sentence
    best: RateTrial,
    low: float,
    high: float,
    trials: Sequence[RateTrial],
    suggested: Mapping[str, float],
    steps: int,
) -> str:
    read = ", ".join(f"{name} {rate:.2g}" for name, rate in suggested.items())
    read = f"the range test suggests {read}" if read else "the range test suggests no rate"
    others = ", ".join(f"{t.loss:.3g} at {t.rate:.2g}" for t in trials if t is not best)
    span = f"; {low:.2g} to {high:.2g} did as well within noise" if low < high else ""
    return (
        f"{best.rate:.3g}: {read}; trained {steps} steps from the same weights, {best.rate:.2g} "
        f"ends at a loss of {best.loss:.3g} ({others}){span}"
    )


def _nothing(trials: Sequence[RateTrial]) -> str:
    rates = ", ".join(f"{t.rate:.2g}" for t in trials)
    return (
        f"no rate: the loss was not finite in short trainings at any of {rates}. Look at the "
        "inputs and targets for NaN, and at the loss, before the learning rate"
    )
