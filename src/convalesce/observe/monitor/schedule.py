"""Which steps are monitored."""

from __future__ import annotations

from dataclasses import dataclass

DENSE = 16
SPARSE = 50


@dataclass(frozen=True, slots=True)
class Schedule:
    """A plan of monitored steps.

    Attributes:
        every: Each k-th step; 0 for none; None for the default: the first 16 steps, the powers
            of two, then every 50th.
        settled: Training had gone on before this fit; by default the dense start is left out then.
    """

    every: int | None = None
    settled: bool = False

    def due(self, first: int, count: int = 1) -> bool:
        """Whether one of the steps `first` … `first + count - 1` is to be monitored."""
        if count == 1:
            return self._due(first)
        return any(self._due(step) for step in range(first, first + count))

    def _due(self, step: int) -> bool:
        if self.every is not None:
            return self.every > 0 and step % self.every == 0
        if step % SPARSE == 0:
            return True
        if self.settled and step < DENSE:
            return False
        return step < DENSE or step & (step - 1) == 0
