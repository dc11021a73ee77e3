"""What the reasoning stages ask of the outside world: train this arm, and what it showed."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

from convalesce.core.change import Change, Rises, Yardstick
from convalesce.core.measured import Answered, Instrument
from convalesce.core.signal import Signals
from convalesce.core.verdict import Verdict


@dataclass(frozen=True, slots=True, kw_only=True)
class Bar:
    """A height that an arm must have reached by the way, or it is broken off.

    Attributes:
        share: Of the arm's updates, above 0 and below 1: when it is measured.
        what: By which yardstick.
        least: What it must reach; minus infinity only has it measured.
    """

    share: float
    what: Yardstick
    least: float = -math.inf


@dataclass(frozen=True, slots=True, kw_only=True)
class Arm:
    """One training of an experiment. Arms of equal seed and length see the same batches.

    Attributes:
        changes: Made in this order; none for the control.
        seed: Of the order of examples, dropout and all else that is drawn.
        steps: Updates of the observed training's batches; None for as many as it made. An arm with
            other batches sees as many examples.
        after: Starts from the trained weights, not from the initial ones.
        closely: Watched by the whole monitor, so that it can be diagnosed anew.
        bars: Measured by the way, in order of their shares; not while watched closely.
    """

    changes: tuple[Change, ...] = ()
    seed: int = 0
    steps: int | None = None
    after: bool = False
    closely: bool = False
    bars: tuple[Bar, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Reach:
    """What can be done on one observed fit.

    Attributes:
        steps: Updates that the observed training made. `epochs`: that it was planned for.
        seconds_a_step: Of the observed training, validation included.
        overhead_s: What an arm costs beside its steps.
        whole: All examples are at hand, not a sample.
        validated: There are validation examples.
        redrawn: The data pipeline draws its examples anew in each epoch, and can do without.
        alike: An arm without a change is the observed training again, but for its order.
        why_not: Why no experiment can be made; empty where one can.
    """

    steps: int = 0
    epochs: int = 1
    seconds_a_step: float = 0.0
    overhead_s: float = 2.0
    whole: bool = True
    validated: bool = False
    redrawn: bool = False
    alike: bool = False
    why_not: str = ""

    def seconds(self, steps: int | None) -> float:
        """Expected wall-clock seconds of one arm."""
        return self.overhead_s + self.seconds_a_step * (self.steps if steps is None else steps)


class CannotChange(Exception):
    """A change can't be made on this model, data or set-up; the message says why."""


class OutOfTime(Exception):
    """An arm was broken off because its time was up."""


class BelowBar(Exception):
    """An arm was broken off at a bar.

    Attributes:
        reached: What it had reached at each bar up to that one, in order.
    """

    def __init__(self, reached: tuple[float, ...]) -> None:
        super().__init__(f"broken off: {reached[-1]:.3f} at bar {len(reached)}")
        self.reached = reached

    def __reduce__(self) -> tuple[type[BelowBar], tuple[tuple[float, ...]]]:
        return BelowBar, (self.reached,)


class Lab(Protocol):
    """Trains arms from one snapshot of each observed fit."""

    @property
    def spent_s(self) -> float:
        """Wall-clock seconds spent so far."""

    def reach(self, fit: int) -> Reach:
        """What can be done on a fit of the run."""

    def find_rate(self, fit: int, changes: tuple[Change, ...], *, seconds: float) -> float:
        """The learning rate that a range test, confirmed by short trainings, finds.

        Args:
            fit: Index of the fit.
            changes: Made beforehand.
            seconds: It is not begun where it would take longer.

        Raises:
            CannotChange: None was found, or one of the changes can't be made here.
            OutOfTime: It would take too long.
        """

    def exact(self, fit: int, changes: tuple[Change, ...]) -> tuple[Change, ...]:
        """The same changes, with what only the data tell of them: which rows, and by how much.

        Args:
            fit: Index of the fit.
            changes: In order.

        Raises:
            CannotChange: The data do not tell it.
        """

    def ask(self, fit: int, instrument: Instrument, *, seconds: float) -> Answered:
        """What an instrument answers on a fit, on the training as it was observed.

        Args:
            fit: Index of the fit.
            instrument: What is asked.
            seconds: It is not begun where it would take longer.

        Raises:
            CannotChange: It can't be asked here; the message says why.
            OutOfTime: It would take too long.
        """

    def train(self, fit: int, arm: Arm, *, seconds: float) -> Signals:
        """What one arm showed: always the answers at its end, all signals if it is watched closely.

        Args:
            fit: Index of the fit whose snapshot it starts from.
            arm: What to train.
            seconds: It is broken off after so many.

        Raises:
            CannotChange: One of its changes can't be made here.
            OutOfTime: It did not end in time.
            BelowBar: It did not reach one of its bars.
        """


Trained = Signals | Exception  # one of those that `Lab.train` raises, or what else went wrong


class Crew(Protocol):
    """Trains many arms, one after another or at the same time: what each shows is the same."""

    @property
    def width(self) -> int:
        """How many it trains at the same time."""

    def train(
        self, fit: int, arms: Sequence[Arm], *, seconds: float
    ) -> Iterator[tuple[int, Trained]]:
        """Each arm's place in `arms` and what it showed, or why not, as they end.

        Args:
            fit: As for `Lab.train`.
            arms: What to train.
            seconds: Each arm is broken off after so many.
        """


Hire = Callable[[int], Crew | None]  # a crew for a fit, beside the lab


@dataclass(frozen=True, slots=True, kw_only=True)
class Tried:
    """One experiment and what it showed.

    Attributes:
        changes: What the treated arms did differently, the last one under test.
        predict: What had to be seen, fixed beforehand.
        control: The yardstick of each control arm. `treated`: of each treated one.
        noise: Standard deviation of the difference of a pair without any change.
        effect: Mean difference. `low`, `high`: its interval at 95 %.
        relevant: The least effect that counts.
        steps: Updates of each arm. `pairs`: of arms.
    """

    changes: tuple[Change, ...]
    predict: Rises
    control: tuple[float, ...] = ()
    treated: tuple[float, ...] = ()
    noise: float = 0.0
    effect: float = 0.0
    low: float = 0.0
    high: float = 0.0
    relevant: float = 0.0
    steps: int = 0
    verdict: Verdict = Verdict.UNDECIDED

    @property
    def pairs(self) -> int:
        """Treated arms, each with its control."""
        return len(self.treated)
