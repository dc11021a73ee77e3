"""Whole trainings that were made already are not made again."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace

from convalesce import core

Known = dict[tuple[int, core.Arm], core.Signals]


class Remembering:
    """A lab whose whole trainings are remembered: an arm shows the same whoever asks for it.

    Args:
        lab: Opened by the caller whenever something is trained.
    """

    def __init__(self, lab: core.Lab) -> None:
        self._lab = lab
        self._seen: Known = {}

    @property
    def spent_s(self) -> float:
        """Wall-clock seconds spent so far."""
        return self._lab.spent_s

    def reach(self, fit: int) -> core.Reach:
        """What can be done on a fit of the run."""
        return self._lab.reach(fit)

    def find_rate(self, fit: int, changes: tuple[core.Change, ...], *, seconds: float) -> float:
        """The learning rate that a confirmed range test finds; see `core.Lab`."""
        return self._lab.find_rate(fit, changes, seconds=seconds)

    def exact(self, fit: int, changes: tuple[core.Change, ...]) -> tuple[core.Change, ...]:
        """The same changes, with what only the data tell of them; see `core.Lab`."""
        return self._lab.exact(fit, changes)

    def ask(self, fit: int, instrument: core.Instrument, *, seconds: float) -> core.Answered:
        """What an instrument answers on a fit; see `core.Lab`."""
        return self._lab.ask(fit, instrument, seconds=seconds)

    def train(self, fit: int, arm: core.Arm, *, seconds: float) -> core.Signals:
        """What one arm showed; see `core.Lab`."""
        known = self.known(fit, arm)
        if known is not None:
            return known
        shown = self._lab.train(fit, arm, seconds=seconds)
        if _whole(arm):
            self._seen[fit, arm] = shown
        return shown

    def known(self, fit: int, arm: core.Arm) -> core.Signals | None:
        """What a whole training showed that this lab made before; None where it made none."""
        return _known(self._seen, fit, arm)


class RememberingCrew:
    """A crew that is not asked again for what it, or its lab, has trained to the end.

    Args:
        crew: Of one fit, hired when something is to be trained.
        lab: What trains here.
    """

    def __init__(self, crew: Callable[[], core.Crew], lab: Remembering) -> None:
        self._crew = crew
        self._lab = lab
        self._seen: Known = {}

    @property
    def width(self) -> int:
        """How many it trains at the same time."""
        return self._crew().width

    def train(
        self, fit: int, arms: Sequence[core.Arm], *, seconds: float
    ) -> Iterator[tuple[int, core.Trained]]:
        """Each arm's place and what it showed, or why not; see `core.Crew`."""
        new = []
        for place, arm in enumerate(arms):
            known = self._lab.known(fit, arm) or _known(self._seen, fit, arm)
            if known is None:
                new.append(place)
            else:
                yield place, known
        if not new:
            return
        for i, shown in self._crew().train(fit, [arms[p] for p in new], seconds=seconds):
            arm = arms[new[i]]
            if isinstance(shown, core.Signals) and _whole(arm):
                self._seen[fit, arm] = shown
            yield new[i], shown


def _whole(arm: core.Arm) -> bool:
    return arm.steps is None and not arm.after and not arm.bars


def _known(seen: Known, fit: int, arm: core.Arm) -> core.Signals | None:
    """One that was watched shows all that others do."""
    if not _whole(arm):
        return None
    watched = seen.get((fit, replace(arm, closely=True)))
    return watched if watched is not None else seen.get((fit, arm))
