"""Many arms: one after another on this machine, or at the same time on a cluster."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from convalesce import core
from convalesce.lab.ray.cluster import Machines, NoCluster, connected

if TYPE_CHECKING:
    from convalesce.lab.bench import KerasLab


class Alone:
    """A crew of one lab, which trains each arm in turn.

    Args:
        lab: Opened by the caller.
    """

    width = 1

    def __init__(self, lab: core.Lab) -> None:
        self._lab = lab

    def train(
        self, fit: int, arms: Sequence[core.Arm], *, seconds: float
    ) -> Iterator[tuple[int, core.Trained]]:
        """Each arm's place and what it showed, or why not; see `core.Crew`."""
        for place, arm in enumerate(arms):
            try:
                yield place, self._lab.train(fit, arm, seconds=seconds)
            except Exception as error:  # noqa: BLE001 - one arm's end is not the others'
                yield place, error


class Crews:
    """The crews of a run's fits: each is hired when it is first asked for, and sent its fit once.

    Args:
        lab: Of the fits, opened by the caller whenever a crew is asked for or trains.
        machines: Where to train; None for here.
    """

    def __init__(self, lab: KerasLab, machines: Machines | None) -> None:
        self.machines = machines
        self._lab = lab
        self._hired: dict[int, core.Crew] = {}
        self._stack = contextlib.ExitStack()

    def of(self, fit: int) -> core.Crew:
        """The crew of a fit."""
        if fit not in self._hired:
            crew = self._stack.enter_context(crew_of(self._lab, fit, self.machines))
            self._hired[fit] = crew
        return self._hired[fit]

    def close(self) -> None:
        """Let all go; others are hired where it is asked again."""
        self._hired.clear()
        self._stack.close()


@contextlib.contextmanager
def crew_of(lab: KerasLab, fit: int, machines: Machines | None) -> Iterator[core.Crew]:
    """A crew for one fit. What can't be trained elsewhere is trained here, and that is told.

    Args:
        lab: Of the fit, opened by the caller.
        fit: Index of the fit.
        machines: Where to train; None for here.
    """
    if machines is None:
        yield Alone(lab)
        return
    from convalesce.lab.ray.crew import RayCrew
    from convalesce.lab.ray.parcel import CannotTravel
    from convalesce.lab.ray.staff import Staff

    with contextlib.ExitStack() as stack:
        crew: core.Crew = Alone(lab)
        try:
            workers = stack.enter_context(connected(machines))
            staff = Staff(lab, fit, machines.address, workers)
            there = RayCrew(staff, fit, crew, machines.tell, lab.waited)
            crew = stack.enter_context(contextlib.closing(there))
        except (CannotTravel, NoCluster, core.CannotChange) as error:
            machines.tell(f"{error}; it is trained here, one training after another")
        yield crew
