"""The course of confirmation: suspects against their look-alikes, then observe and diagnose again.

What persists once an upstream cause is mended is a fault of its own; what vanishes was its
consequence. So faults that hide one another are found one after another.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from convalesce import core
from convalesce.causes import alike, all_causes
from convalesce.confirm.another_kind import another_kind
from convalesce.confirm.arms import Arms, NotSettled
from convalesce.confirm.budget import Budget
from convalesce.confirm.experiments import Experiments
from convalesce.confirm.measuring import measured, supported
from convalesce.confirm.opinion import second_opinion
from convalesce.confirm.screening import longer, look_alike, screen
from convalesce.confirm.verdicts import BY_HEART, SOUND, settle
from convalesce.readings.confidence import confidence
from convalesce.readings.pairs import RELEVANT
from convalesce.readings.yardstick import MADE_UP_FOR, fair, measure

ROUNDS = 4  # faults of one fit that are followed up
WAYS = 3  # of mending that are tried before the second look is given up
LONGER = 4  # times a short trial's updates: what then still knows something is no passing gain
ALIKE = 4  # suspects that are tried side by side
LACKING = "data.insufficient"
NOTHING = RELEVANT.value  # known: no more than a constant answer

Diagnose = Callable[[core.Signals], core.Diagnosis]
Say = Callable[[str], object]
Way = tuple[core.Change, ...]


@dataclass(frozen=True, slots=True)
class _Standing:
    """A case at one moment."""

    base: Way
    last: core.Signals
    queue: tuple[core.Finding, ...]
    settled: tuple[core.Finding, ...]


@dataclass(slots=True)
class Case:
    """One fit under examination.

    Attributes:
        experiments: Trials on it.
        diagnose: From a record to findings.
        queue: Serious findings that are still to be settled, most probable first.
        notes: Found worth knowing of the fit, but no fault by itself.
        settled: What is settled, in the order in which it was.
        remarks: What could not be done, in sentences.
    """

    experiments: Experiments
    diagnose: Diagnose
    say: Say
    queue: list[core.Finding]
    notes: Sequence[core.Finding] = ()
    settled: list[core.Finding] = field(default_factory=list)
    remarks: list[str] = field(default_factory=list)

    def follow(self) -> None:
        """Settle the queue as far as the budget goes."""
        follows = True
        for _ in range(ROUNDS):
            if not self.queue:
                return
            roots, ways, rivals = self._next_roots()
            before = self._standing()
            self._settle(roots)
            follows = follows and (self._nothing_hides(roots) or self._mend(roots, ways))
            if follows and rivals and self._left_at_nothing(roots):
                self._rather(rivals, roots, before)
            if not follows:
                self._reopen(rivals)

    def look_beside(self) -> None:
        """Where suspects were tried and none is proven: is it what they can be taken for?"""
        known = [*self.settled, *self.queue]
        if not any(f.trial is not None and f.verdict is core.Verdict.UNDECIDED for f in known):
            return
        if any(f.verdict is core.Verdict.CONFIRMED for f in known):
            return
        found = self._noted(known) or look_alike(self.experiments, known, self.say)
        if found is None:
            return
        self.queue = [f for f in known if f.verdict is core.Verdict.UNDECIDED]
        self.settled = [*(f for f in known if f.verdict is core.Verdict.REFUTED), found]
        self._mend([found], [found.remedies])

    def _noted(self, known: Iterable[core.Finding]) -> core.Finding | None:
        """What was noted beside suspects that are left open, and can be taken for one of them."""
        open_ = [f.cause for f in known if f.verdict is core.Verdict.UNDECIDED]
        for note in self.notes:
            if note.explained_by or not any(alike(note.cause, cause) for cause in open_):
                continue
            roots = settle([note], self.experiments, self.say).roots
            if roots:
                return replace(roots[0], severity=core.Severity.WARNING)
        return None

    def look_at_validation(self) -> None:
        """Where all that is proven is learning by heart: is validation of another kind?"""
        proven = [f for f in self.settled if f.serious and f.verdict is core.Verdict.CONFIRMED]
        if not proven or any(f.cause not in BY_HEART for f in proven):
            return
        here = self._standing()
        self.experiments.base, self.experiments.last = (), self.experiments.original
        found = another_kind(self.experiments, self.say)
        self._stand(here)
        if found is not None:
            names = {f.cause for f in proven}
            rest = [f for f in self.settled if f.cause != found.cause]
            self.settled = [found, *(_explained(f, found) if f.cause in names else f for f in rest)]
            self.queue = [f for f in self.queue if f.cause != found.cause]

    # ---- which are the roots -----------------------------------------------------------------

    def _next_roots(self) -> tuple[list[core.Finding], list[Way], tuple[core.Finding, ...]]:
        """What is proven now, the ways to mend it, and what is proven beside it.

        The disproven leave the queue.
        """
        stated = [f for f in self.queue if f.evidence.stated]
        group = self._alike(self.queue[0])
        if any(_foremost(f, one) for f in stated for one in group):
            ways = [_first_of_each(stated)]
            ways += [f.remedies[:1] for f in stated if len(stated) > 1]
            ways += [(c,) for c in stated[0].remedies[1:]]
            return stated, ways, ()
        found = settle(group, self.experiments, self.say)
        by_cause = {f.cause: f for f in found.findings}
        if not found.roots:
            self.queue = [f for f in self.queue if f.cause not in by_cause]
            self.settled += found.findings
            return [], [], ()
        # The roots may have hidden what the others matter: they are asked again once it is mended.
        self.queue = [by_cause.get(f.cause, f) for f in self.queue]
        other = found.roots[0].remedies
        ways = [found.changes] if found.changes else []
        ways += [(c,) for c in other if c not in found.changes]
        return list(found.roots), ways, found.rivals

    def _alike(self, lead: core.Finding) -> list[core.Finding]:
        """The suspect and those suspects that can be taken for it, or it for them.

        Whatever stops in time helps who learned by heart, and who is asked about something else:
        only a trial of the data tells them apart, so these come first.
        """
        others = [f for f in self.queue[1:] if not f.evidence.stated and alike(f.cause, lead.cause)]
        group = [lead, *others][:ALIKE]
        if lead.cause in BY_HEART:
            group.sort(key=lambda f: f.cause in BY_HEART or not f.cause.startswith("data."))
        return group

    # ---- observe again, diagnose again -------------------------------------------------------

    def _nothing_hides(self, roots: list[core.Finding]) -> bool:
        """A second look would find no more: all is learned, and what lacks is examples.

        No change brings those, and its time is better spent on the learning curve.
        """
        learned = measure(self.experiments.last, core.Yardstick.LEARNED)
        lacking = all(f.cause == LACKING for f in roots)
        return lacking and (not roots or (not self.queue and learned >= SOUND))

    def _settle(self, roots: list[core.Finding]) -> None:
        """They wait no longer."""
        self.settled += roots
        settled = {f.cause for f in self.settled}
        self.queue = [f for f in self.queue if f.cause not in settled]

    def _mend(self, roots: list[core.Finding], ways: list[Way], least: int | None = None) -> bool:
        """Make the roots' changes, train under the monitor, and diagnose what is left.

        Args:
            roots: Proven to matter.
            ways: Of mending them, the first to try in front.
            least: Updates that tell as well, where there is no time for half of a training.
        """
        obstacles = []
        for changes in ways[:WAYS]:
            self.say(f"training once more: {' and '.join(map(str, changes))}")
            try:
                self._observe(roots, changes, least)
            except NotSettled as error:
                obstacles.append(str(error))
            else:
                return True
        if obstacles:
            names = " and ".join(f.cause for f in roots)
            self.remarks.append(f"{names} was not mended for a second look: {obstacles[0]}.")
        return False

    def _observe(self, roots: list[core.Finding], changes: Way, least: int | None) -> None:
        experiments = self.experiments
        base = (*experiments.base, *changes)
        record = experiments.seen(base)
        if record is None:
            experiments.plan(1, [None] if least is None else [None, least])
            record = experiments.arm(base, seed=0, closely=True)
        what = self._yardstick(roots)
        control, treated = measure(experiments.last, what), measure(record, what)
        if treated < control and all(f.cause in MADE_UP_FOR for f in roots):
            made = " and ".join(map(str, changes))
            raise NotSettled(f"{made}: {what} went from {control:.0%} to {treated:.0%}")
        mended = core.Tried(
            changes=base,
            predict=core.Rises(what),
            control=(control,),
            treated=(treated,),
            effect=treated - control,
            steps=experiments.steps or experiments.reach.steps,
        )
        names = {f.cause for f in roots}
        self.settled = [replace(f, mended=mended) if f.cause in names else f for f in self.settled]
        experiments.base, experiments.last = base, record
        self._look_again(record, roots[0])

    def _left_at_nothing(self, roots: list[core.Finding]) -> bool:
        """Their gain was that of a short arm: a whole training with it knows nothing."""
        causes = {f.cause for f in roots}
        mended = [f.mended for f in self.settled if f.cause in causes and f.mended is not None]
        return any(float(np.mean(tried.treated)) < NOTHING for tried in mended)

    def _rather(
        self, rivals: tuple[core.Finding, ...], roots: list[core.Finding], before: _Standing
    ) -> None:
        """Look again with what was proven beside the roots; who leaves something known is one.

        A slope on the negative side keeps units alive for some hundred updates at a rate that is
        too high, and longer arms tell.
        """
        after = self._standing()
        for rival in rivals:
            self._stand(before)
            self._settle([rival])
            self.queue += [f for f in roots if f.cause not in {q.cause for q in self.queue}]
            least = LONGER * rival.trial.steps if rival.trial is not None else None
            mended = self._mend([rival], [rival.tried_mend], least)
            if mended and not self._left_at_nothing([rival]):
                return
        self._stand(after)

    def _reopen(self, rivals: tuple[core.Finding, ...]) -> None:
        """What the roots may explain is open where there is no second look without them."""
        names = {f.cause for f in rivals}
        open_ = core.Verdict.UNDECIDED
        self.queue = [replace(f, verdict=open_) if f.cause in names else f for f in self.queue]

    def _standing(self) -> _Standing:
        here = self.experiments
        return _Standing(here.base, here.last, tuple(self.queue), tuple(self.settled))

    def _stand(self, standing: _Standing) -> None:
        self.experiments.base, self.experiments.last = standing.base, standing.last
        self.queue, self.settled = list(standing.queue), list(standing.settled)

    def _yardstick(self, roots: list[core.Finding]) -> core.Yardstick:
        """What the roots' own trials are measured by, where there is validation to do so."""
        trials = (all_causes()[f.cause].probe(f.evidence) for f in roots)
        return fair(trials, validated=self.experiments.reach.validated)

    def _look_again(self, record: core.Signals, root: core.Finding) -> None:
        """What vanished was a consequence; what is still there, or new, is a fault of its own."""
        again = {f.cause: f for f in self.diagnose(record).findings if f.serious}
        known = {f.cause for f in self.settled}
        queue = []
        for finding in self.queue:
            if finding.evidence.stated:
                queue.append(finding)
            elif finding.cause in again:
                queue.append(replace(finding, verdict=core.Verdict.UNDECIDED))
            else:
                self.settled.append(_explained(finding, root))
                known.add(finding.cause)
        waiting = {f.cause for f in queue}
        fresh = [
            replace(f, fit=self.experiments.fit, beneath=root.cause)
            for cause, f in again.items()
            if cause not in known | waiting
        ]
        self.queue = [*queue, *fresh]


def _foremost(stated: core.Finding, lead: core.Finding) -> bool:
    """What facts state is settled first where it leads, or may be all that a suspect shows."""
    nearer = core.upstream(stated.cause) < core.upstream(lead.cause)
    return stated is lead or (nearer and alike(stated.cause, lead.cause))


def _explained(finding: core.Finding, root: core.Finding) -> core.Finding:
    """A consequence of another one."""
    return replace(finding, severity=core.Severity.NOTE, explained_by=root.cause)


def _first_of_each(findings: list[core.Finding]) -> tuple[core.Change, ...]:
    """The remedy to try first of each, none of a kind twice."""
    kinds: dict[type[core.Change], core.Change] = {}
    for finding in findings:
        for change in finding.remedies[:1]:
            kinds.setdefault(type(change), change)
    return tuple(kinds.values())


def confirm(  # noqa: PLR0913 - what is known, what can be done, and who is told
    diagnosis: core.Diagnosis,
    run: core.Run,
    lab: core.Lab,
    budget: Budget,
    *,
    diagnose: Diagnose,
    say: Say = lambda _: None,
    hire: core.Hire = lambda _: None,
) -> core.Diagnosis:
    """Settle by experiment what a diagnosis suspects, and find what hides behind what it knows.

    Args:
        diagnosis: Of the run, before any experiment.
        run: As observed.
        lab: Trains the arms.
        budget: Seconds for all of it.
        diagnose: From the record of an arm to findings, as the run was diagnosed.
        say: Told what is being tried.
        hire: Gives a crew that trains arms of a fit beside the lab.
    """
    if budget.seconds <= 0 or run.crash is not None or run.interrupted:
        return diagnosis
    serious = [f for f in diagnosis.findings if f.serious]
    settled: list[core.Finding] = []
    made: dict[int, Experiments] = {}
    remarks: list[str] = []
    for index in dict.fromkeys(f.fit for f in serious):
        signals = run.signals_of(index)
        if signals is None:
            continue
        experiments = made[index] = Experiments(Arms(lab, budget, index, hire(index)), signals)
        here = [f for f in diagnosis.findings if f.fit == index]
        queue, notes = ([f for f in here if f.serious is kind] for kind in (True, False))
        case = Case(experiments, diagnose, say, queue, notes)
        try:
            case.follow()
            case.look_beside()
            case.look_at_validation()
        except KeyboardInterrupt:
            remarks.append("The experiments were interrupted; what they had not settled is open.")
        short = _too_short(case)
        told, left = measured((*case.settled, *case.queue, *short), experiments, say)
        settled += [_open(f) for f in told]
        remarks += [*case.remarks, *left]
    if run.fits and not run.cut and all(f.verdict is core.Verdict.REFUTED for f in settled):
        last = run.fits[-1]
        experiments = made.get(last.index) or Experiments(
            Arms(lab, budget, last.index, hire(last.index)), last.signals
        )
        experiments.watches = False  # nothing follows that would look at them again
        notes = [f for f in diagnosis.findings if f.fit == last.index and not f.serious]
        found = screen(experiments, say) or second_opinion(experiments, notes, say)
        if found is not None:  # a change of another size may have been ruled out before
            told, left = measured([found], experiments, say)
            settled = [*(f for f in settled if f.cause != found.cause), *map(_open, told)]
            remarks += left
        remarks += _untried(experiments)
    return _concluded(diagnosis, settled, remarks)


def _untried(experiments: Experiments) -> list[str]:
    """What was asked of no whole training, for want of time."""
    if not experiments.unsettled:
        return []
    changes = "; ".join(dict.fromkeys(map(str, experiments.unsettled)))
    return [
        (
            f"There was no time to settle whether other choices do better: {changes}; "
            "a larger --budget tries them."
        )
    ]


def _too_short(case: Case) -> list[core.Finding]:
    """A brief training that was too short beside what was mended, where nothing else is open."""
    roots = [f for f in case.settled if f.verdict is core.Verdict.CONFIRMED and f.serious]
    known = {f.cause for f in (*roots, *case.queue)}
    if not roots or case.queue or "hp.epochs_few" in known:
        return []
    found = longer(case.experiments, roots[0].cause, case.say)
    if found is None:
        return []
    case.settled = [f for f in case.settled if f.cause != found.cause]
    return [found]


def _open(finding: core.Finding) -> core.Finding:
    """As it is reported; what is but suspected in a training that was changed is worth a note."""
    proven = finding.verdict is core.Verdict.CONFIRMED
    sure = confidence(finding.evidence.strength, proven=proven)
    unproven = finding.verdict is core.Verdict.UNDECIDED and finding.beneath
    severity = core.Severity.NOTE if unproven else finding.severity
    return replace(finding, severity=severity, confidence=sure)


def _concluded(
    diagnosis: core.Diagnosis, settled: Iterable[core.Finding], remarks: list[str]
) -> core.Diagnosis:
    """The findings in their new standing: roots in the order found, then the open ones."""
    known: dict[str, core.Finding] = {}
    for finding in settled:
        known.setdefault(finding.cause, finding)
    for finding in diagnosis.findings:
        known.setdefault(finding.cause, finding)
    proven = [f for f in known.values() if _rank(f) == 0]
    doubted = bool(proven) and all(map(_explains_nothing, proven))
    findings = sorted(known.values(), key=lambda f: _order(f, doubted=doubted))
    return replace(
        diagnosis,
        findings=tuple(findings),
        health=_health(diagnosis.health, findings),
        remarks=(*diagnosis.remarks, *dict.fromkeys(remarks)),
    )


def _order(finding: core.Finding, *, doubted: bool) -> tuple[float, int]:
    """Standing, and among the open ones what figures say.

    Args:
        finding: To be put in its place.
        doubted: One that is proven explains nothing: suspicions of the data stand before it.
    """
    rank = _rank(finding)
    if doubted and rank == 1 and finding.cause.startswith("data."):
        return -1, supported(finding)
    return rank, supported(finding) if rank == 1 else 0


def _explains_nothing(finding: core.Finding) -> bool:
    """Proven by a gain after which no more is known than a constant answers."""
    if finding.verdict is not core.Verdict.CONFIRMED or finding.trial is None:
        return False
    return not finding.evidence.stated and float(np.mean(finding.trial.treated)) < NOTHING


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
    tried = any(f.verdict is core.Verdict.REFUTED or f.trial is not None for f in findings)
    return core.Health.HEALTHY if tried or before is core.Health.HEALTHY else before
