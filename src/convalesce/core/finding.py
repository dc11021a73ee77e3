"""What is suspected or stated, and what was not asked."""

from __future__ import annotations

from dataclasses import dataclass, field

from convalesce.core.change import Change
from convalesce.core.evidence import Evidence, Severity
from convalesce.core.lab import Tried
from convalesce.core.measured import Measured
from convalesce.core.verdict import Health, Verdict


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """A cause, the evidence for it, and its standing.

    Attributes:
        cause: Its id.
        severity: As shown: a suspicion that a stated cause explains is but a note.
        confidence: 0 … 1.
        remedies: The change to try first in front.
        fit: Which fit of the script, 0-based; the strongest, where several show it.
        also_in: The other fits that show it.
        explained_by: Id of the finding that accounts for this one; empty where none does.
        trial: The experiment that settled it, or was to; None where none was made.
        untried: Why no experiment settled a suspicion; empty where one did.
        beneath: Id of the finding that hid this one until it was mended; empty where none did.
        mended: What observing again showed, with this cause's change made; None where that
            was not done.
        measured: Figures that instruments took for it, on the training as it was.
    """

    cause: str
    title: str
    evidence: Evidence
    verdict: Verdict
    severity: Severity
    confidence: float
    remedies: tuple[Change, ...] = ()
    fit: int = 0
    also_in: tuple[int, ...] = ()
    explained_by: str = ""
    trial: Tried | None = None
    untried: str = ""
    beneath: str = ""
    mended: Tried | None = None
    measured: tuple[Measured, ...] = ()

    @property
    def tried_mend(self) -> tuple[Change, ...]:
        """What its trial changed last, where that is a mend; else empty."""
        made = self.trial.changes[-1:] if self.trial is not None else ()
        return tuple(change for change in made if not change.tells_only)

    @property
    def mends(self) -> tuple[Change, ...]:
        """What may mend it, the one that was tried in front, without what only tells."""
        remedies = (change for change in self.remedies if not change.tells_only)
        return (*self.tried_mend, *remedies)

    @property
    def serious(self) -> bool:
        """An error or a warning, not a mere note."""
        return self.severity is not Severity.NOTE


@dataclass(frozen=True, slots=True)
class NotAsked:
    """A cause that could not be asked, and why."""

    cause: str
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Diagnosis:
    """The findings of one fit or of a whole script, most probable root cause first."""

    health: Health
    findings: tuple[Finding, ...] = ()
    not_asked: tuple[NotAsked, ...] = ()
    remarks: tuple[str, ...] = field(default=())
