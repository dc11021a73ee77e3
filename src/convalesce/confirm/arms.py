"""Arms of one fit, each trained once: by the lab, or many at a time by a crew beside it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from convalesce import core
from convalesce.confirm.budget import Budget

PATIENCE = 4.0  # times its expected time that an arm may take


class NotSettled(Exception):
    """A trial could not be made or not be read; the message says why."""


class NoTime(NotSettled):
    """There was too little time."""


@dataclass(slots=True)
class Arms:
    """What arms of a fit showed, as far as the budget goes.

    Attributes:
        crew: Trains arms at the same time where there is more than one processor to do so.
    """

    lab: core.Lab
    budget: Budget
    fit: int
    crew: core.Crew | None = None
    _seen: dict[core.Arm, core.Signals | core.CannotChange] = field(default_factory=dict)

    @property
    def reach(self) -> core.Reach:
        """What can be done on this fit."""
        return self.lab.reach(self.fit)

    @property
    def left(self) -> float:
        """Seconds left."""
        return self.budget.left(self.lab)

    @property
    def width(self) -> int:
        """Arms that are trained at the same time."""
        return self.crew.width if self.crew is not None else 1

    def knows(self, arm: core.Arm) -> bool:
        """It has been trained."""
        return isinstance(self._seen.get(arm), core.Signals)

    def train(self, arm: core.Arm) -> core.Signals:
        """What one arm showed.

        Raises:
            NotSettled: It could not be trained.
        """
        if arm not in self._seen:
            if self.reach.seconds(arm.steps) > self.left:
                raise NoTime("the time for experiments is spent")
            limit = PATIENCE * self.reach.seconds(arm.steps)
            try:
                self._seen[arm] = self.lab.train(self.fit, arm, seconds=limit)
            except core.CannotChange as error:
                self._seen[arm] = error
            except core.OutOfTime as error:
                raise NoTime(f"an arm took too long: {error}") from error
            except Exception as error:
                raise NotSettled(
                    f"an arm failed: {type(error).__name__}: {str(error).partition(chr(10))[0]}"
                ) from error
        shown = self._seen[arm]
        if isinstance(shown, core.CannotChange):
            raise NotSettled(str(shown)) from shown
        return shown

    def ahead(self, arms: Sequence[core.Arm]) -> None:
        """Have a crew train arms of one length; what it fails at is left to the lab."""
        new = [arm for arm in dict.fromkeys(arms) if arm not in self._seen]
        if len(new) < 2 or self.crew is None or self.width < 2:
            return
        seconds = self.reach.seconds(new[0].steps)
        new = new[: int(self.left / seconds) * self.width]
        for place, shown in self.crew.train(self.fit, new, seconds=PATIENCE * seconds):
            if isinstance(shown, core.Signals | core.CannotChange):
                self._seen[new[place]] = shown
