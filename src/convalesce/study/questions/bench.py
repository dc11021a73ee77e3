"""What all questions share: matched trainings from several seeds, and what they show."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from convalesce import core
from convalesce.readings.comparisons import simultaneous
from convalesce.readings.pairs import Effect
from convalesce.readings.yardstick import sampling_error
from convalesce.study.limit import longest
from convalesce.study.questions.trained import Trained, value_of

SEEDS = (0, 1, 2)
GAIN = "gain (95 %)"  # title of a column of intervals

Key = tuple[tuple[core.Change, ...], float, int]


@dataclass(slots=True)
class Bench:
    """Trains sets of changes on one fit.

    Attributes:
        what: The yardstick.
        until: Time (`time.monotonic`) after which no further training is begun.
        told: Hears how many trainings have ended, at each that ends.
        sampling: Standard error of the yardstick from the size of the validation sample, once
            something ran.
    """

    crew: core.Crew
    fit: int
    reach: core.Reach
    what: core.Yardstick
    until: float = math.inf
    told: Callable[[int], object] = lambda _: None
    sampling: float = 0.0
    _known: dict[Key, core.Trained] = field(default_factory=dict)
    _took: dict[Key, float] = field(default_factory=dict)

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
        keys = [(changes, share, seed) for changes in sets for seed in seeds]
        missing = [k for k in dict.fromkeys(keys) if k not in self._known]
        arms = [core.Arm(changes=c, seed=s, steps=steps, bars=bars) for c, _, s in missing]
        self._train(missing, arms)
        return [self._trained([(c, share, s) for s in seeds]) for c in sets]

    def _train(self, keys: Sequence[Key], arms: Sequence[core.Arm]) -> None:
        begun, left = time.monotonic(), dict(enumerate(keys))
        if begun <= self.until:
            for place, trained in self.crew.train(
                self.fit, arms, seconds=longest(self.reach, arms)
            ):
                key, now = left.pop(place), time.monotonic()
                self._known[key] = trained
                self.told(len(self._known))
                self._took[key] = now - begun if self.crew.width == 1 else math.nan
                begun = now
                if begun > self.until:
                    break
        for key in left.values():
            self._known[key] = core.OutOfTime("not begun: the minutes that were given are over")
            self._took[key] = math.nan

    def _trained(self, keys: list[Key]) -> Trained:
        shown = [self._known[k] for k in keys]
        values, ends, reached = [], [], []
        rates: list[float] = []
        for one in shown:
            value, end = value_of(one, self.what)
            values.append(value)
            ends.append(end)
            found = one.recorded.get(core.HISTORY) if isinstance(one, core.Signals) else None
            history = found if isinstance(found, core.History) else core.History(metrics={})
            reached.append(history.reached)
            rates.extend(history.learning_rate)
            if isinstance(one, core.Signals) and not self.sampling:
                self.sampling = sampling_error(one, self.what)
        # The first training of a set compiles it: the quickest tells most.
        quickest = min((self._took[k] for k in keys), default=math.nan)
        return Trained(
            values=tuple(values),
            ends=tuple(ends),
            reached=tuple(reached),
            seconds=quickest,
            rate=max(rates, default=math.nan),
            why_not=_why_not(shown),
        )

    def compared(
        self, control: Trained, arms: Sequence[Trained], *, comparisons: int = 0
    ) -> list[Effect]:
        """What each shows against the control, seed by seed; the intervals hold together.

        Args:
            control: The script as it is.
            arms: All that are compared with it.
            comparisons: That are made in all, where there are more of them.
        """
        return simultaneous(
            control.values,
            [a.values for a in arms],
            comparisons=comparisons,
            sampling=self.sampling,
        )


def _why_not(shown: Sequence[core.Trained]) -> str:
    """Why none of them could be trained; a training that ran and failed is no reason."""
    if any(isinstance(one, core.Signals) for one in shown):
        return ""
    whys = [str(one) for one in shown if isinstance(one, core.CannotChange)]
    if not whys:
        whys = [_said(one) for one in shown if isinstance(one, Exception)]
    return whys[0] if whys else ""


def _said(error: Exception) -> str:
    said = str(error).partition("\n")[0][:200]
    return f"out of time: {said}" if isinstance(error, core.OutOfTime) else said


def percent(value: float) -> str:
    """A share as tables show it."""
    return f"{100 * value:.1f} %" if math.isfinite(value) else "–"


def gain(found: Effect) -> str:
    """An effect with its interval, in percent of what there is to know."""
    if not math.isfinite(found.mean):
        return "–"
    return f"{100 * found.mean:+.1f} ({100 * found.low:+.1f} to {100 * found.high:+.1f})"


def together(count: int) -> str:
    """How the intervals are to be read; empty for a single comparison."""
    if count < 2:
        return ""
    return f" The intervals hold for all {count} comparisons at once (Bonferroni, 95 %)."
