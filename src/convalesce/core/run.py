"""A whole observed script: its fits, what it cost, what is concluded."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from convalesce.core.change import Change
from convalesce.core.course import Crash
from convalesce.core.finding import Diagnosis
from convalesce.core.signal import Signals
from convalesce.core.site import Site
from convalesce.core.treatment import Treatment


@dataclass(frozen=True, slots=True, kw_only=True)
class Cost:
    """Wall-clock seconds.

    Attributes:
        work_s: Of the training, those in which the machine did not work for other programs.
    """

    training_s: float = 0.0
    monitor_s: float = 0.0
    scan_s: float = 0.0
    probes_s: float = 0.0
    work_s: float = 0.0

    def __add__(self, other: Cost) -> Cost:
        return Cost(
            training_s=self.training_s + other.training_s,
            monitor_s=self.monitor_s + other.monitor_s,
            scan_s=self.scan_s + other.scan_s,
            probes_s=self.probes_s + other.probes_s,
            work_s=self.work_s + other.work_s,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Recovery:
    """One time that a training broke and went back, on request.

    Attributes:
        step: At which it broke. `back_to`: where it went on from.
        change: What was changed; empty where training ended.
        ended: Why it ended instead; empty where it went on.
        held: It went on past the trouble (True), broke again (False), or was over before (None).
    """

    step: int
    back_to: int
    why: str
    change: str = ""
    ended: str = ""
    held: bool | None = None

    def __str__(self) -> str:
        begun = f"at update {self.step} {self.why}; back to update {self.back_to}"
        if self.ended:
            return f"{begun}, and the training ends there: {self.ended}"
        told = {True: ", which held", False: ", which did not hold", None: ""}[self.held]
        return f"{begun}; {self.change}{told}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Fit:
    """One call of fit (or one hand-written loop) as it was observed.

    Attributes:
        index: 0-based, in the order of the script.
        signals: What was recorded.
        site: The user's line that called fit.
        continues: Index of the fit that trained the same model before; None for the first.
        remarks: What could not be observed and why, and errors of our own, in sentences.
        recoveries: Times that it went back, where that was asked for.
    """

    index: int
    signals: Signals
    cost: Cost = Cost()
    site: Site | None = None
    continues: int | None = None
    remarks: tuple[str, ...] = ()
    recoveries: tuple[Recovery, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadFile:
    """A file of the user's that a script read: data, settings, a module of its own.

    Attributes:
        path: Relative to the folder that the script was started in where it lies below, else
            absolute.
        size: Bytes, when it was opened first.
        changed_ns: Time of its last change by then, nanoseconds since the epoch.
    """

    path: str
    size: int = 0
    changed_ns: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """One observed run of a script.

    Attributes:
        script: As the user named it; a module run by `-m` is `-m name`.
        fits: In order; empty where the script never trained.
        status: The script's own exit status.
        crash: The exception that ended it, wherever it arose.
        interrupted: Ctrl-C.
        cut: Fits were cut to their first steps (`check`).
        remarks: What is covered in part or not at all, in sentences.
        probes_s: Seconds that experiments took after the script had ended.
        reads: Files below the script's folder and the working directory that it read, as far as
            Python itself opened them.
    """

    script: str
    fits: tuple[Fit, ...] = ()
    status: int = 0
    crash: Crash | None = None
    interrupted: bool = False
    cut: bool = False
    remarks: tuple[str, ...] = ()
    probes_s: float = 0.0
    reads: tuple[ReadFile, ...] = ()

    def signals_of(self, fit: int) -> Signals | None:
        """What the fit of an index showed; None where there was none."""
        return next((f.signals for f in self.fits if f.index == fit), None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Examined:
    """A run and what is concluded from it: what a report shows.

    Attributes:
        edits: Index of a fit and a remedy for it: the unified diff of the script that makes it.
            Remedies that can't be written faithfully are missing.
    """

    run: Run
    diagnosis: Diagnosis
    started: str = ""
    pages: str = field(default="docs/causes")
    treatment: Treatment | None = None
    edits: Mapping[tuple[int, Change], str] = field(default_factory=dict)
