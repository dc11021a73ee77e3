"""What all questions share: matched trainings from several seeds, and what they show."""

from __future__ import annotations

import math
import time
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from convalesce import core
from convalesce.readings.pairs import Effect, effect
from convalesce.readings.yardstick import measure, sampling_error
from convalesce.study.limit import longest

SEEDS = (0, 1, 2)


@dataclass(frozen=True, slots=True)
class Trained:
    """Trainings with one set of changes, a place for each seed.

    Attributes:
        values: The yardstick at the end; nan where it came to nothing.
        reached: The yardstick by the way, of each seed.
        seconds: Wall-clock time of one; nan where several were trained at the same time.
        why_not: Why it could not be trained; empty where it could.
    """

    values: tuple[float, ...]
    reached: tuple[tuple[float, ...], ...] = ()
    seconds: float = math.nan
    why_not: str = ""

    @property
    def mean(self) -> float:
        """Mean over the seeds that ended."""
        known = [v for v in self.values if math.isfinite(v)]
        return float(np.mean(known)) if known else math.nan

    @property
    def spread(self) -> float:
        """Standard deviation between seeds; nan for fewer than two."""
        known = [v for v in self.values if math.isfinite(v)]
        return float(np.std(known, ddof=1)) if len(known) > 1 else math.nan


@dataclass(slots=True)
class Bench:
    """Trains sets of changes on one fit.

    Attributes:
        what: The yardstick.
        sampling: Its standard error from the size of the validation sample, once something ran.
    """

    crew: core.Crew
    fit: int
    reach: core.Reach
    what: core.Yardstick
    sampling: float = 0.0
    _known: dict[tuple[tuple[core.Change, ...], float, int], core.Trained] = field(
        default_factory=dict
    )
    _took: dict[tuple[tuple[core.Change, ...], float, int], float] = field(default_factory=dict)

    def train(
        self,
        sets: Sequence[tuple[core.Change, ...]],
        *,
        seeds: Sequence[int] = SEEDS,
        share: float = 1.0,
        bars: tuple[core.Bar, ...] = (),
    ) -> list[Trained]:
        """Train each set from each seed, for a share of the observed updates."""
        steps = None if share >= 1 else max(1, round(share * self.reach.steps))
        limit = longest(self.reach)
        keys = [(changes, share, seed) for changes in sets for seed in seeds]
        missing = [k for k in dict.fromkeys(keys) if k not in self._known]
        arms = [core.Arm(changes=c, seed=s, steps=steps, bars=bars) for c, _, s in missing]
        begun = time.monotonic()
        for place, trained in self.crew.train(self.fit, arms, seconds=limit):
            self._known[missing[place]] = trained
            now = time.monotonic()
            self._took[missing[place]] = now - begun if self.crew.width == 1 else math.nan
            begun = now
        return [self._trained([(c, share, s) for s in seeds]) for c in sets]

    def _trained(self, keys: list[tuple[tuple[core.Change, ...], float, int]]) -> Trained:
        shown = [self._known[k] for k in keys]
        took = [self._took[k] for k in keys]
        whys = [str(s) for s in shown if isinstance(s, Exception)]
        values, reached = [], []
        for one in shown:
            signals = one if isinstance(one, core.Signals) else None
            values.append(measure(signals, self.what) if signals is not None else math.nan)
            history = signals.recorded.get(core.HISTORY) if signals is not None else None
            reached.append(history.reached if isinstance(history, core.History) else ())
            if signals is not None and not self.sampling:
                self.sampling = sampling_error(signals, self.what)
        # The first training of a set compiles it: the quickest tells most.
        quick = min(took, default=math.nan)
        return Trained(tuple(values), tuple(reached), quick, whys[0] if whys else "")

    def compared(self, control: Trained, treated: Trained) -> Effect:
        """What the treated trainings show against the control, seed by seed."""
        pairs = [
            (c, t)
            for c, t in zip(control.values, treated.values, strict=True)
            if math.isfinite(c) and math.isfinite(t)
        ]
        if not pairs:
            return Effect(math.nan, -math.inf, math.inf, math.inf, math.inf)
        left, right = zip(*pairs, strict=True)
        return effect(left, right, [v for v in control.values if math.isfinite(v)], self.sampling)


def percent(value: float) -> str:
    """A share as tables show it."""
    return f"{100 * value:.1f} %" if math.isfinite(value) else "–"


def gain(found: Effect) -> str:
    """An effect with its interval, in percent of what there is to know."""
    if not math.isfinite(found.mean):
        return "–"
    return f"{100 * found.mean:+.1f} ({100 * found.low:+.1f} to {100 * found.high:+.1f})"
