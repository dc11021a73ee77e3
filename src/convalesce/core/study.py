"""A study: what it may change, what its trials showed, what came out best."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from convalesce.core.change import Change, Yardstick

Value = bool | int | float | str
Point = Mapping[str, Value]
TrialState = Literal["finished", "pruned", "failed"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Dimension:
    """One thing that trials of a study differ in.

    Attributes:
        name: As tables show it, e.g. `learning rate`.
        plain: The value that leaves the script as it is.
        choices: What it may be, in order; empty for a number.
        low: Smallest value of a number, searched by its logarithm. `high`: the largest.
    """

    name: str
    plain: Value
    choices: tuple[Value, ...] = ()
    low: float = math.nan
    high: float = math.nan

    def holds(self, value: Value) -> bool:
        """A trial could have this value."""
        if self.choices:
            return value in self.choices
        return isinstance(value, int | float) and self.low <= value <= self.high


@dataclass(frozen=True, slots=True, kw_only=True)
class StudyTrial:
    """One training of a study.

    Attributes:
        number: In the order in which they were asked for; 0 is the script as it is.
        point: The value of each dimension.
        changes: What it did differently from the script.
        state: `pruned` where its validation curve lay below the median of others.
        value: The yardstick at its end, or where it was pruned; nan where it failed.
        reached: The yardstick at each of its bars.
        cause: Of a training that came to nothing: the id of its most probable cause, or
            `memory`, `time`; empty where it learned or could not be made.
        why: The same in words, or why it could not be made.
        origin: Where the point came from: `script`, `diagnosis`, `search`.
    """

    number: int
    point: Point
    changes: tuple[Change, ...]
    state: TrialState
    value: float = math.nan
    reached: tuple[float, ...] = ()
    cause: str = ""
    why: str = ""
    origin: str = "search"
    seconds: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Finalist:
    """A point that was trained again from several seeds.

    Attributes:
        trial: Number of its trial.
        values: The yardstick at each seed.
        gain: Mean difference to the script as it is, seed by seed. `low`, `high`: its interval at
            95 %; nan for the script itself.
    """

    trial: int
    point: Point
    changes: tuple[Change, ...]
    values: tuple[float, ...]
    gain: float = math.nan
    low: float = math.nan
    high: float = math.nan

    @property
    def mean(self) -> float:
        """Mean over its seeds."""
        return sum(self.values) / len(self.values) if self.values else math.nan


@dataclass(frozen=True, slots=True, kw_only=True)
class Study:
    """A search over Changes to one fit.

    Attributes:
        fit: Index of the fit.
        what: What trials are measured by.
        dimensions: What was searched.
        left_out: Name of a dimension and why it was not searched.
        trials: In order of their numbers.
        finalists: The script as it is first, then the best, best first.
        importance: Share of the variation of the results by dimension.
        resumed: Trials that an earlier call had finished.
        diff: Unified diff of the script for the best; empty where nothing could be written.
        left: What could not be written into the script and why, with what to write by hand.
        why_not: Why there was no search; empty where there was one.
    """

    fit: int = 0
    what: Yardstick = Yardstick.KNOWN
    dimensions: tuple[Dimension, ...] = ()
    left_out: tuple[tuple[str, str], ...] = ()
    trials: tuple[StudyTrial, ...] = ()
    finalists: tuple[Finalist, ...] = ()
    importance: Mapping[str, float] = field(default_factory=dict)
    resumed: int = 0
    seconds: float = 0.0
    diff: str = ""
    left: tuple[str, ...] = ()
    why_not: str = ""

    @property
    def best(self) -> Finalist | None:
        """Of the finalists that beat the script beyond noise, the best; None where none does.

        Where another is as good within the noise of a pair and changes less, that one.
        """
        better = [f for f in self.finalists[1:] if f.low > 0]
        first = max(better, key=lambda f: f.mean, default=None)
        if first is None:
            return None
        alike = [f for f in better if first.mean - f.mean <= (first.high - first.low) / 2]
        return min(alike, key=lambda f: (len(f.changes), -f.mean))
