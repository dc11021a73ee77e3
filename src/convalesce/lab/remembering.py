"""Whole trainings that were made already are not made again."""

from __future__ import annotations

from dataclasses import replace

from convalesce import core


class Remembering:
    """A lab whose whole trainings are remembered: an arm shows the same whoever asks for it.

    Args:
        lab: Opened by the caller whenever something is trained.
    """

    def __init__(self, lab: core.Lab) -> None:
        self._lab = lab
        self._seen: dict[tuple[int, core.Arm], core.Signals] = {}

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

    def ask(self, fit: int, instrument: core.Instrument, *, seconds: float) -> core.Answered:
        """What an instrument answers on a fit; see `core.Lab`."""
        return self._lab.ask(fit, instrument, seconds=seconds)

    def train(self, fit: int, arm: core.Arm, *, seconds: float) -> core.Signals:
        """What one arm showed; see `core.Lab`. One that was watched shows all that others do."""
        if arm.steps is not None or arm.after or arm.bars:
            return self._lab.train(fit, arm, seconds=seconds)
        for closely in {arm.closely, True}:
            known = self._seen.get((fit, replace(arm, closely=closely)))
            if known is not None:
                return known
        shown = self._seen[fit, arm] = self._lab.train(fit, arm, seconds=seconds)
        return shown
