"""What trainings with one set of changes came to: how well they did, and which came to nothing."""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import dataclass

import numpy as np

from convalesce import core
from convalesce.readings.yardstick import measure
from convalesce.study.limit import OUT_OF_MEMORY

NAN = "NaN"
LATE = "out of time"
MEMORY = "out of memory"


@dataclass(frozen=True, slots=True)
class Trained:
    """Trainings with one set of changes, a place for each seed.

    Attributes:
        values: The yardstick at the end; nan where it came to nothing.
        ends: How each failed; empty where it did not.
        reached: The yardstick by the way, of each seed.
        seconds: Wall-clock time of one; nan where several were trained at the same time.
        rate: Highest learning rate that was in force; nan where it is not known.
        why_not: Why it could not be made at all; empty where it could.
    """

    values: tuple[float, ...]
    ends: tuple[str, ...] = ()
    reached: tuple[tuple[float, ...], ...] = ()
    seconds: float = math.nan
    rate: float = math.nan
    why_not: str = ""

    @property
    def mean(self) -> float:
        """Mean over the seeds that did not fail."""
        known = [v for v in self.values if math.isfinite(v)]
        return float(np.mean(known)) if known else math.nan

    @property
    def spread(self) -> float:
        """Standard deviation between seeds; nan for fewer than two."""
        known = [v for v in self.values if math.isfinite(v)]
        return float(np.std(known, ddof=1)) if len(known) > 1 else math.nan

    @property
    def failed(self) -> int:
        """Seeds at which it came to nothing."""
        return sum(map(bool, self.ends))

    @property
    def nans(self) -> int:
        """Seeds at which its loss or its answers ended as no numbers."""
        return self.ends.count(NAN)

    @property
    def failures(self) -> str:
        """As tables show it: `0 of 3`, `2 of 3: NaN`."""
        why = Counter(end for end in self.ends if end)
        told = [kind if len(why) == 1 else f"{times} {kind}" for kind, times in why.items()]
        count = f"{self.failed} of {len(self.values)}"
        return f"{count}: {', '.join(told)}" if told else count


def value_of(shown: core.Trained, what: core.Yardstick) -> tuple[float, str]:
    """The yardstick of one training; nan, and how it failed, where it came to nothing."""
    if isinstance(shown, core.Signals):
        if not _finite(shown):
            return math.nan, NAN
        value = measure(shown, what)
        return value, "" if math.isfinite(value) else "no answers"
    if isinstance(shown, core.OutOfTime):
        return math.nan, LATE
    if type(shown).__name__ in OUT_OF_MEMORY:
        return math.nan, MEMORY
    return math.nan, type(shown).__name__


def _finite(shown: core.Signals) -> bool:
    """The last loss and all answers are numbers."""
    answers = (shown.recorded.get(s) for s in (core.TRAIN_ANSWERS, core.VALIDATION_ANSWERS))
    if not all(a.finite for a in answers if isinstance(a, core.Predictions)):
        return False
    history = shown.recorded.get(core.HISTORY)
    losses = history.metrics.get("loss", ()) if isinstance(history, core.History) else ()
    return all(map(math.isfinite, losses[-1:]))
