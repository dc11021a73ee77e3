"""Whole trainings of one fit, for the courses that are tried on it."""

from __future__ import annotations

from dataclasses import dataclass, field

from convalesce import core

PATIENCE = 4.0  # times its expected time that a training may take


@dataclass(slots=True)
class Trainer:
    """Trains arms of one fit to their end, each once."""

    lab: core.Lab
    fit: int
    reach: core.Reach
    _seen: dict[core.Arm, core.Signals] = field(default_factory=dict)

    def train(
        self, changes: tuple[core.Change, ...], seed: int, *, closely: bool = False
    ) -> core.Signals:
        """What a whole training showed."""
        arm = core.Arm(changes=changes, seed=seed, closely=closely)
        if arm not in self._seen:
            limit = PATIENCE * (self.reach.seconds(None) + self.reach.overhead_s) + 30.0
            self._seen[arm] = self.lab.train(self.fit, arm, seconds=limit)
        return self._seen[arm]
