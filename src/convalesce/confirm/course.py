"""The course of confirmation: suspects against their look-alikes, then observe and diagnose again.

What persists once an upstream cause is mended is a fault of its own; what vanishes was its
consequence. So faults that hide one another are found one after another.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace

from convalesce import core
from convalesce.causes import all_causes
from convalesce.confirm.budget import Budget
from convalesce.confirm.experiments import Experiments, NotSettled
from convalesce.confirm.verdicts import Group, settle
from convalesce.readings.yardstick import measure

SERIOUS = (core.Severity.ERROR, core.Severity.WARNING)
LEARNED = 0.5  # of the yardstick: a training that came so far is not doomed
ROUNDS = 4  # faults of one fit that are followed up
ALIKE = 4  # suspects that are tried side by side

Diagnose = Callable[[core.Signals], core.Diagnosis]
Say = Callable[[str], object]


@dataclass(slots=True)
class Case:
    """One fit under examination.

    Attributes:
        experiments: Trials on it.
        diagnose: From a record to findings.
        queue: Serious findings that are still to be settled, most probable first.
        settled: What is settled, in the order in which it was.
        remarks: What could not be done, in sentences.
    """

    experiments: Experiments
    diagnose: Diagnose
    say: Say
    queue: list[core.Finding]
    settled: list[core.Finding] = field(default_factory=list)
    remarks: list[str] = field(default_factory=list)

    def follow(self) -> None:
        """Settle the queue as far as the budget goes."""
        for _ in range(ROUNDS):
            if not self.queue:
                return
            root = self._next_root()
            if root is None:
                continue
            self.settled.append(root)
            self.queue = [f for f in self.queue if f.cause != root.cause]
            if not self._mend(root):
                break
        while self.queue and self._next_root_alone():
            pass

    # ---- which is the root -------------------------------------------------------------------

    def _next_root(self) -> core.Finding | None:
        """The most upstream cause that is proven now; the disproven leave the queue."""
        lead = self.queue[0]
        if lead.evidence.stated:
            return lead
        group = self._alike(lead)
        found = settle(Group(tuple(group)), self.experiments, self.say)
        by_cause = {f.cause: f for f in found.findings}
        root = by_cause.get(found.root)
        if root is None:
            self.queue = [f for f in self.queue if f.cause not in by_cause]
            self.settled += found.findings
        else:
            # The root may have hidden what the others matter: they are asked again once it is
            # mended.
            self.queue = [by_cause.get(f.cause, f) for f in self.queue]
        return root

    def _alike(self, lead: core.Finding) -> list[core.Finding]:
        """The suspect and those suspects that can be taken for it, or it for them."""
        causes = all_causes()
        others = [
            f
            for f in self.queue[1:]
            if not f.evidence.stated
            and (f.cause in causes[lead.cause].mimics or lead.cause in causes[f.cause].mimics)
        ]
        return [lead, *others][:ALIKE]

    def _next_root_alone(self) -> bool:
        """After the last round: suspects are tried on what is mended so far, none is followed."""
        root = self._next_root()
        if root is not None:
            self.settled.append(root)
            self.queue = [f for f in self.queue if f.cause != root.cause]
        return bool(self.queue)

    # ---- observe again, diagnose again -------------------------------------------------------

    def _mend(self, root: core.Finding) -> bool:
        """Make the root's change, train under the monitor, and diagnose what is left."""
        before, experiments = self.queue, self.experiments
        changes = _proven(root) or root.remedies
        for change in changes:
            if str(change) and self._observe(root, change):
                return True
        if changes:
            experiments.steps = None
        self.queue = before
        return False

    def _observe(self, root: core.Finding, change: core.Change) -> bool:
        experiments = self.experiments
        base = (*experiments.base, change)
        self.say(f"training once more: {change}")
        try:
            experiments.plan(1, [None])
            record = experiments.arm(base, seed=0, closely=True)
        except NotSettled as error:
            self.remarks.append(f"{root.cause}: {change} was not tried in full: {error}.")
            return False
        what = core.Yardstick.KNOWN if experiments.reach.validated else core.Yardstick.LEARNED
        control, treated = measure(experiments.last, what), measure(record, what)
        mended = core.Tried(
            changes=base,
            predict=core.Rises(what),
            control=(control,),
            treated=(treated,),
            effect=treated - control,
            steps=experiments.steps or experiments.reach.steps,
        )
        self.settled = [
            replace(f, mended=mended) if f.cause == root.cause else f for f in self.settled
        ]
        experiments.base, experiments.last = base, record
        self._look_again(record, root)
        return True

    def _look_again(self, record: core.Signals, root: core.Finding) -> None:
        """What vanished was a consequence; what is still there, or new, is a fault of its own."""
        again = {f.cause: f for f in self.diagnose(record).findings if f.severity in SERIOUS}
        known = {f.cause for f in self.settled}
        queue = []
        for finding in self.queue:
            if finding.cause in again or finding.evidence.stated:
                queue.append(finding)
            else:
                note = replace(finding, severity=core.Severity.NOTE, explained_by=root.cause)
                self.settled.append(note)
                known.add(finding.cause)
        waiting = {f.cause for f in queue}
        fresh = [
            replace(f, fit=self.experiments.fit, beneath=root.cause)
            for cause, f in again.items()
            if cause not in known | waiting
        ]
        self.queue = [*queue, *fresh]


def _proven(root: core.Finding) -> tuple[core.Change, ...]:
    """The change that proved it first, then the other remedies."""
    if root.trial is None:
        return ()
    tried = root.trial.changes[-1]
    return (tried, *(c for c in root.remedies if c != tried))


def confirm(  # noqa: PLR0913 - what is known, what can be done, and who is told
    diagnosis: core.Diagnosis,
    run: core.Run,
    lab: core.Lab,
    budget: Budget,
    *,
    diagnose: Diagnose,
    say: Say = lambda _: None,
) -> core.Diagnosis:
    """Settle by experiment what a diagnosis suspects, and find what hides behind what it knows.

    Args:
        diagnosis: Of the run, before any experiment.
        run: As observed.
        lab: Trains the arms.
        budget: Seconds for all of it.
        diagnose: From the record of an arm to findings, as the run was diagnosed.
        say: Told what is being tried.
    """
    if budget.seconds <= 0 or run.crash is not None or run.interrupted:
        return diagnosis
    serious = [f for f in diagnosis.findings if f.severity in SERIOUS]
    settled: list[core.Finding] = []
    remarks: list[str] = []
    for index in dict.fromkeys(f.fit for f in serious):
        signals = next((f.signals for f in run.fits if f.index == index), None)
        if signals is None:
            continue
        experiments = Experiments(lab, budget, index, signals)
        queue = [f for f in serious if f.fit == index]
        case = Case(experiments, diagnose, say, queue)
        try:
            case.follow()
        except KeyboardInterrupt:
            remarks.append("The experiments were interrupted; what they had not settled is open.")
        settled += [*case.settled, *case.queue]
        remarks += case.remarks
    return _concluded(diagnosis, settled, remarks)


def _concluded(
    diagnosis: core.Diagnosis, settled: Iterable[core.Finding], remarks: list[str]
) -> core.Diagnosis:
    """The findings in their new standing: roots in the order found, then the open ones."""
    known: dict[str, core.Finding] = {}
    for finding in settled:
        known.setdefault(finding.cause, finding)
    for finding in diagnosis.findings:
        known.setdefault(finding.cause, finding)
    findings = sorted(known.values(), key=_rank)
    return replace(
        diagnosis,
        findings=tuple(findings),
        health=_health(diagnosis.health, findings),
        remarks=(*diagnosis.remarks, *dict.fromkeys(remarks)),
    )


def _rank(finding: core.Finding) -> int:
    if finding.verdict is core.Verdict.REFUTED:
        return 3
    if finding.severity is core.Severity.NOTE:
        return 2
    return 0 if finding.verdict is core.Verdict.CONFIRMED else 1


def _health(before: core.Health, findings: list[core.Finding]) -> core.Health:
    if before is core.Health.CRASHED:
        return before
    open_ = [f for f in findings if _rank(f) < 2]
    if any(f.verdict is core.Verdict.CONFIRMED for f in open_):
        return core.Health.UNHEALTHY
    if open_:
        return core.Health.UNDECIDED
    refuted = any(f.verdict is core.Verdict.REFUTED for f in findings)
    return core.Health.HEALTHY if refuted or before is core.Health.HEALTHY else before
