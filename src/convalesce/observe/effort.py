"""Seconds that work takes, less those in which the machine works for other programs.

A budget in seconds of a crowded machine buys a quarter of the trials that it buys on an idle one,
and a diagnosis should not depend on what else runs. The time of the process on the CPUs says how
much of the wall clock's was its own; who waits for disks or accelerators uses little of it, so that
a part of the wall clock's time counts in any case.
"""

from __future__ import annotations

import time
from dataclasses import dataclass

LEAST = 0.25  # of the wall clock's time, which so exceeds what was promised fourfold at the most


@dataclass(frozen=True, slots=True)
class Moment:
    """A point in time, by both clocks, in seconds."""

    wall: float
    cpu: float

    def __sub__(self, other: Moment) -> float:
        """Seconds of work between two points."""
        wall = self.wall - other.wall
        return min(wall, max(self.cpu - other.cpu, LEAST * wall))

    @property
    def since(self) -> float:
        """Seconds of work since then."""
        return now() - self


def now() -> Moment:
    """The present."""
    return Moment(time.perf_counter(), time.process_time())
