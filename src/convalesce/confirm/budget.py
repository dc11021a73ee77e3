"""How long experiments may take."""

from __future__ import annotations

import math
from dataclasses import dataclass

from convalesce import core

SHARE = 0.2  # of the training's time: with what watching costs, a quarter at the most
BESIDE = 0.1  # of the training's time
FLOOR_S = 40.0  # about eight arms of a small net: fewer settle nothing


@dataclass(frozen=True, slots=True)
class Budget:
    """Seconds for all experiments of a run.

    Attributes:
        seconds: In all.
        beside_s: Of them, for figures that stand beside a proof and settle nothing.
    """

    seconds: float
    beside_s: float = math.inf

    @classmethod
    def of(cls, training_s: float, share: float | None) -> Budget:
        """A share of the training's time, or the floor; none where the share is 0.

        Who gives a whole training's time wants it settled: the floor is twice as high. Who gives
        no share pays for what settles something; the rest has a tenth of the training.
        """
        if share == 0:
            return cls(0.0)
        floor = FLOOR_S if share is None or share < 1 else 2 * FLOOR_S
        seconds = max(floor, (SHARE if share is None else share) * training_s)
        return cls(seconds, BESIDE * training_s if share is None else math.inf)

    def left(self, lab: core.Lab) -> float:
        """Seconds that are left."""
        return max(0.0, self.seconds - lab.spent_s)
