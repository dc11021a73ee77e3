"""What mends a training: a course of changes, what retraining showed, the edit of the source."""

from __future__ import annotations

from dataclasses import dataclass

from convalesce.core.change import Change
from convalesce.core.lab import Tried


@dataclass(frozen=True, slots=True, kw_only=True)
class FileMend:
    """What would mend a file that the script reads: proposed, never written.

    Attributes:
        path: The file, as `ReadFile` names it; or `the command line`, `the environment`.
        says: What to change, in a sentence or two.
        diff: Unified diff of a file of settings; empty where there is none.
        snippet: Python that writes a mended copy of a data file under another name; empty where
            there is none.
        rows: Rows concerned, 0-based, the first few; `count`: how many there are.
    """

    path: str
    says: str
    diff: str = ""
    snippet: str = ""
    rows: tuple[int, ...] = ()
    count: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Treatment:
    """What was tried against the findings of one fit.

    Attributes:
        fit: Index of the fit.
        causes: What it is against.
        changes: The course; empty where none could be made.
        verified: The retrainings of the original and of the mended; None where none ended.
        gone: Causes that a diagnosis of the mended training no longer finds.
        measured: What was measured for it, in sentences.
        why_not: Why there is no proven course; empty where there is one.
        few: Why there are fewer than three pairs; empty where there are not.
        diff: Unified diff of the script; empty where nothing could be written.
        left: What could not be written into the script and why, with what to write by hand.
        applied: Where the original of the edited script is kept; empty where it was not edited.
        model: File of the mended model; empty where it was not saved.
        files: Mends of what the script reads, as an alternative to the diff or in its place.
        ran: The edited script was run through its first steps (True), failed so that its diff
            was withdrawn (False), or there is none or it could not be tried (None).
        ran_says: What came of running it, in a sentence; empty where there is no diff.
    """

    fit: int = 0
    causes: tuple[str, ...] = ()
    changes: tuple[Change, ...] = ()
    verified: Tried | None = None
    gone: tuple[str, ...] = ()
    measured: tuple[str, ...] = ()
    why_not: str = ""
    few: str = ""
    diff: str = ""
    left: tuple[str, ...] = ()
    applied: str = ""
    model: str = ""
    files: tuple[FileMend, ...] = ()
    ran: bool | None = None
    ran_says: str = ""

    @property
    def proven(self) -> bool:
        """There is a course, and retraining has shown that it mends."""
        return bool(self.changes) and not self.why_not
