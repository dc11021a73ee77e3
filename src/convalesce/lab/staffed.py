"""What trains on the fits of a run: one lab and its crews, for proof, mend and study."""

from __future__ import annotations

from dataclasses import dataclass, field

from convalesce import core
from convalesce.lab.bench import KerasLab
from convalesce.lab.crew import Crews
from convalesce.lab.ray.cluster import Machines
from convalesce.lab.remembering import Remembering, RememberingCrew
from convalesce.observe.shelf import Shelf


@dataclass(frozen=True, slots=True)
class Staffed:
    """A lab, the same with a memory, and crews that share it.

    Attributes:
        lab: To be opened whenever something is trained.
        remembering: The same lab; whole trainings are made once.
        crews: Hired as they are needed.
    """

    lab: KerasLab
    remembering: Remembering
    crews: Crews
    _remembering: dict[int, RememberingCrew] = field(default_factory=dict)

    def crew(self, fit: int) -> RememberingCrew:
        """A crew for a fit that remembers what this lab has trained; hired with its first arms."""
        if fit not in self._remembering:
            made = RememberingCrew(lambda: self.crews.of(fit), self.remembering)
            self._remembering[fit] = made
        return self._remembering[fit]

    def close(self) -> None:
        """Let those go who train elsewhere, where some were hired."""
        self.crews.close()


def staffed(shelf: Shelf, fits: tuple[core.Fit, ...], machines: Machines | None = None) -> Staffed:
    """What trains on what a shelf has kept: made once, whoever asks first.

    Args:
        shelf: What was kept of the fits.
        fits: As observed.
        machines: Where crews train; None for here.
    """
    made: Staffed | None = shelf.lab
    if made is None or made.crews.machines != machines:
        lab = made.lab if made is not None else KerasLab(shelf, fits)
        memory = made.remembering if made is not None else Remembering(lab)
        shelf.close()
        made = shelf.lab = Staffed(lab, memory, Crews(lab, machines))
    return made
