"""What the reasoning stages ask of the outside world: run this experiment."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from convalesce.core.change import Trial
from convalesce.core.signal import Signals


@dataclass(frozen=True, slots=True)
class Outcome:
    """Records of both arms of one trial; they differ in the change and in nothing else."""

    control: Signals
    treated: Signals


class Lab(Protocol):
    """Runs paired experiments from one snapshot."""

    def run(self, trial: Trial) -> Outcome:
        """Both arms of `trial`: same weights, optimiser state, batches and seed."""
