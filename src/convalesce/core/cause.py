"""A cause of failed training: everything `convalesce` knows about it, in one value."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from convalesce.core.change import Change, Trial
from convalesce.core.course import Crash
from convalesce.core.evidence import Evidence
from convalesce.core.measured import Instrument
from convalesce.core.signal import Signal, Signals

UPSTREAM_FIRST = ("data", "arch", "reg", "hp")


def upstream(cause: str) -> int:
    """Place of a cause's family on the way from the data to the settings; the first is 0."""
    return UPSTREAM_FIRST.index(cause.partition(".")[0])


@dataclass(frozen=True, slots=True, kw_only=True)
class Cause:
    """One root cause.

    Attributes:
        module: `__name__` of the declaring module; the id is its last two parts.
        page: `__doc__` of that module: the cause's page in the documentation.
        needs: Signals without which `symptom` is not asked.
        wants: Signals that it reads where they were recorded. Nothing beyond needs and wants
            is shown to it.
        symptom: Evidence for the cause in the record, or None.
        probe: The experiment that would settle the suspicion.
        remedies: Changes that mend it, the one to try first in front.
        mimics: Ids of causes that can leave the same symptom; tried side by side. Where one
            of these is stated by facts, a suspicion of this cause is explained by it.
        asks: Instruments whose figures are taken for it, while there is time.
        crash: Evidence for the cause in an exception, or None; for causes that can raise one.
        sick: Records in which `symptom` must find evidence.
        healthy: Records in which it must not.
        sick_crashes: Exceptions in which `crash` must find evidence.
    """

    module: str
    page: str | None
    needs: tuple[Signal[Any], ...]
    wants: tuple[Signal[Any], ...] = ()
    symptom: Callable[[Signals], Evidence | None]
    probe: Callable[[Evidence], Trial]
    remedies: Callable[[Evidence], Sequence[Change]]
    mimics: tuple[str, ...] = ()
    asks: tuple[Instrument, ...] = ()
    crash: Callable[[Crash], Evidence | None] | None = None
    sick: tuple[Signals, ...]
    healthy: tuple[Signals, ...]
    sick_crashes: tuple[Crash, ...] = ()

    @property
    def id(self) -> str:
        """`family.cause`, as in the vocabulary."""
        return ".".join(self.module.split(".")[-2:])

    @property
    def title(self) -> str:
        """First line of the page."""
        return (self.page or "").partition("\n")[0].rstrip(".")

    def ask(self, signals: Signals) -> Evidence | None:
        """`symptom`, shown what it declared and nothing else."""
        return self.symptom(signals.only(self.needs, self.wants))
