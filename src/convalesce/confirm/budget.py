"""How long experiments may take."""

from __future__ import annotations

from dataclasses import dataclass

from convalesce import core

SHARE = 0.2  # of the training's time: with what watching costs, a quarter at the most
FLOOR_S = 40.0  # about eight arms of a small net: fewer settle nothing


@dataclass(frozen=True, slots=True)
class Budget:
    """Seconds for all experiments of a run.

    Attributes:
        seconds: In all.
    """

    seconds: float

    @classmethod
    def of(cls, training_s: float, share: float | None) -> Budget:
        """A share of the training's time, or the floor; none where the share is 0.

        Who gives a whole training's time wants it settled: the floor is twice as high.
        """
        if share == 0:
            return cls(0.0)
        floor = FLOOR_S if share is None or share < 1 else 2 * FLOOR_S
        return cls(max(floor, (SHARE if share is None else share) * training_s))

    def left(self, lab: core.Lab) -> float:
        """Seconds that are left."""
        return max(0.0, self.seconds - lab.spent_s)
