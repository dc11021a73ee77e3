"""Trains what a course is judged by: each arm once, many at a time where there is a crew."""

from __future__ import annotations

import math
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field

from convalesce import core

PATIENCE = 4.0  # times its expected time that a training may take
HALVED = 4.0  # times as many positions where strides are halved in two directions
SLACK_S = 30.0

Say = Callable[[str], object]


@dataclass(slots=True)
class Trainer:
    """Trains arms of one fit to their end, each once."""

    lab: core.Lab
    fit: int
    reach: core.Reach
    crew: core.Crew | None = None
    _seen: dict[core.Arm, core.Signals | Exception] = field(default_factory=dict)
    _there: set[core.Arm] = field(default_factory=set)

    def train(
        self, changes: tuple[core.Change, ...], seed: int, *, closely: bool = False
    ) -> core.Signals:
        """What a whole training showed."""
        arm = core.Arm(changes=changes, seed=seed, closely=closely)
        if arm not in self._seen:
            self._seen[arm] = self._trained(arm)
        shown = self._seen[arm]
        if isinstance(shown, Exception):
            raise shown
        return shown

    def _trained(self, arm: core.Arm) -> core.Signals:
        try:
            return self.lab.train(self.fit, arm, seconds=self._limit(arm.changes))
        except (core.CannotChange, core.OutOfTime):
            raise
        except Exception as error:  # of Keras: one course less
            first = str(error).strip().partition("\n")[0]
            raise core.CannotChange(f"an arm failed: {type(error).__name__}: {first}") from error

    def ahead(self, arms: list[core.Arm]) -> None:
        """Train what will be asked for at the same time, where there is a crew to do so.

        An arm that fails for a reason of the crew's own is trained by the lab when its turn comes.
        """
        new = [arm for arm in arms if arm not in self._seen]
        if not new or self.crew is None or self.crew.width < 2:
            return
        limit = max((self._limit(arm.changes) for arm in new), default=SLACK_S)
        for place, shown in self.crew.train(self.fit, new, seconds=limit):
            if isinstance(shown, core.Signals | core.CannotChange | core.OutOfTime):
                self._seen[new[place]] = shown
                self._there.add(new[place])

    def leave(self, found: core.Treatment, say: Say) -> None:
        """See that the lab itself has the mended model, as its last training left it."""
        pairs = found.verified.pairs if found.verified is not None else 0
        arm = core.Arm(changes=found.changes, seed=pairs, closely=pairs == 1)
        if arm in self._there:
            say("training the mended model here once more, to keep it")
            with suppress(core.CannotChange, core.OutOfTime):
                self.lab.train(self.fit, arm, seconds=self._limit(arm.changes))

    def _limit(self, changes: tuple[core.Change, ...]) -> float:
        times = math.prod(_slower(change, self.reach) for change in changes)
        return PATIENCE * (self.reach.seconds(None) * times + self.reach.overhead_s) + SLACK_S


def _slower(change: core.Change, reach: core.Reach) -> float:
    """How many times as long a training may take with it; wider nets grow by what is widened."""
    match change:
        case core.SetEpochs(epochs=epochs):
            return max(1.0, epochs / reach.epochs)
        case core.ScaleWidth(factor=factor):
            return max(1.0, factor)
        case core.SetStrides():
            return HALVED
        case core.Jointly(changes=changes):
            return math.prod(_slower(each, reach) for each in changes)
    return 1.0
