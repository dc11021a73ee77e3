"""Suspects that can be taken for one another, tried side by side: which of them is the root."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from convalesce import core
from convalesce.causes import all_causes
from convalesce.confirm.arms import NotSettled
from convalesce.confirm.experiments import Experiments
from convalesce.readings.pairs import RELEVANT
from convalesce.readings.yardstick import measure

EXPLAINS = 0.7  # of the best effect: a change that brings so much explains the fault
BY_HEART = frozenset({"reg.overfitting", "data.insufficient", "hp.epochs_many"})
SOUND = 0.8  # of the yardstick: a training that came so far needs no further cause

LATE = 2  # suspects that a short trial left open which are tried over a whole training

Say = Callable[[str], object]


@dataclass(frozen=True, slots=True)
class Settled:
    """A group of suspects after their trials.

    Attributes:
        findings: All of them, in their new standing.
        roots: Those that are proven to matter, the first to be named in front.
        changes: What mended each root in its trial.
    """

    findings: tuple[core.Finding, ...]
    roots: tuple[core.Finding, ...] = ()
    changes: tuple[core.Change, ...] = ()

    @property
    def rivals(self) -> tuple[core.Finding, ...]:
        """Proven as well, the most upstream first, though the roots explain the effect."""
        roots = {f.cause for f in self.roots}
        proven = [f for f in self.findings if f.verdict is core.Verdict.CONFIRMED]
        others = [f for f in proven if f.cause not in roots and f.tried_mend]
        return tuple(sorted(others, key=lambda f: core.upstream(f.cause)))


def settle(group: Sequence[core.Finding], experiments: Experiments, say: Say) -> Settled:
    """Try every suspect alone; where that mends little, in combination.

    Of those that there is no time to try side by side, the last wait for another round.
    """
    try:
        trials = _affordable(group, experiments)
    except NotSettled as error:
        return Settled(tuple(replace(f, untried=str(error)) for f in group[:1]))
    group = [f for f in group if f.cause in trials]
    experiments.first_ahead(
        t.change for t in trials.values() if not t.after and experiments.long_enough(t)
    )
    found: dict[str, core.Finding] = {f.cause: f for f in group}
    best: core.Finding | None = None
    for finding in group:
        trial = trials[finding.cause]
        if best is not None and core.upstream(finding.cause) >= core.upstream(best.cause):
            continue  # it explains no more, and it is further from the root
        say(f"is it {finding.cause}? trying: {trial.change}")
        try:
            tried = experiments.try_out(trial)
        except NotSettled as error:
            found[finding.cause] = replace(finding, untried=str(error))
            continue
        found[finding.cause] = replace(finding, trial=tried, verdict=tried.verdict)
        if tried.verdict is core.Verdict.CONFIRMED and float(np.mean(tried.treated)) >= SOUND:
            best = found[finding.cause]
    proven = [f for f in found.values() if f.verdict is core.Verdict.CONFIRMED]
    if not proven:
        together = _both(found, trials, experiments, say)
        return together if together.roots else _longer(together, trials, experiments, say)
    root = _told(proven) or root_of(proven)
    roots = [root]
    if root.trial is not None and float(np.mean(root.trial.treated)) < SOUND:
        more = _besides(root, found, trials, experiments, say)
        ahead = [f for f in more if _outweighs(f, root, trials[f.cause])]
        roots = [*ahead, root, *(f for f in more if f not in ahead)]
    found.update({f.cause: f for f in roots})
    changes = tuple(mend for f in roots for mend in f.tried_mend)
    return Settled(tuple(found.values()), tuple(roots), changes)


def _affordable(group: Sequence[core.Finding], experiments: Experiments) -> dict[str, core.Trial]:
    """Trials of the first suspects, as many as arms that are long enough can be planned for.

    Raises:
        NotSettled: There is no time for a trial of the first.
    """
    trials = {f.cause: all_causes()[f.cause].probe(f.evidence) for f in group}
    while True:
        whole = all(t.steps is None for t in trials.values())
        controls = 0 if whole and experiments.observed_controls else 1
        try:
            experiments.plan(len(trials) + controls, [t.steps for t in trials.values()])
        except NotSettled:
            if len(trials) == 1:
                raise
        else:
            enough = all(t.after or experiments.long_enough(t) for t in trials.values())
            if enough or len(trials) == 1:
                return trials
        trials.popitem()


def _told(proven: list[core.Finding]) -> core.Finding | None:
    """What examples held out tell of the data, beside nothing but learning by heart.

    Stopping in time helps where validation is of another kind as well, and by another yardstick.
    """
    told = [f for f in proven if f.trial is not None and f.trial.changes[-1].tells_only]
    others = [f for f in proven if f not in told]
    return told[0] if told and all(f.cause in BY_HEART for f in others) else None


def root_of(proven: list[core.Finding]) -> core.Finding:
    """The most upstream of those that explain most of the best effect."""
    effects = {f.cause: f.trial.effect if f.trial is not None else 0.0 for f in proven}
    best = max(effects.values())
    explaining = [f for f in proven if effects[f.cause] >= EXPLAINS * best]
    return min(
        explaining,
        key=lambda f: (core.upstream(f.cause), -f.evidence.strength * effects[f.cause]),
    )


def _outweighs(finding: core.Finding, root: core.Finding, trial: core.Trial) -> bool:
    """It brings more on top of the root than that did, lies upstream, and whole trainings say so.

    In a short arm much speeds a training up that is no fault in the end.
    """
    if finding.trial is None or root.trial is None or trial.steps is not None:
        return False
    nearer = core.upstream(finding.cause) < core.upstream(root.cause)
    return nearer and finding.trial.effect > root.trial.effect


def _besides(
    root: core.Finding,
    found: dict[str, core.Finding],
    trials: dict[str, core.Trial],
    experiments: Experiments,
    say: Say,
) -> list[core.Finding]:
    """Others of the group that bring more on top of the root's change: they matter too."""
    if not root.tried_mend:
        return []
    base, more = experiments.base, []
    experiments.base = (*base, *root.tried_mend)
    try:
        for finding in found.values():
            if finding.cause == root.cause or trials[finding.cause].after:
                continue
            say(f"does {finding.cause} matter besides {root.cause}?")
            try:
                tried = experiments.try_out(trials[finding.cause])
            except NotSettled:
                continue
            if tried.verdict is core.Verdict.CONFIRMED:
                more.append(replace(finding, trial=tried, verdict=tried.verdict, untried=""))
                experiments.base = (*experiments.base, *more[-1].tried_mend)
    finally:
        experiments.base = base
    return more


def _both(
    found: dict[str, core.Finding],
    trials: dict[str, core.Trial],
    experiments: Experiments,
    say: Say,
) -> Settled:
    """The combination arm: all changes at once, where each alone did not help."""
    tried = [f for f in found.values() if f.tried_mend and not trials[f.cause].after]
    made = sorted(tried, key=lambda f: core.upstream(f.cause))
    if len(made) > 1 and experiments.reach.seconds(experiments.steps) <= experiments.left:
        say(f"is it {' and '.join(f.cause for f in made)} together?")
        changes = tuple(mend for f in made for mend in f.tried_mend)
        try:
            outcome = experiments.try_out(trials[made[0].cause], *changes[1:])
        except NotSettled:
            outcome = None
        if outcome is not None and outcome.verdict is core.Verdict.CONFIRMED:
            proof = core.Verdict.CONFIRMED
            # None of them helped alone: of two, each is needed; of more, the strongest two.
            needed = sorted(made, key=lambda f: -f.evidence.strength)[:2]
            roots = tuple(
                replace(f, trial=outcome, verdict=proof)
                for f in sorted(needed, key=lambda f: core.upstream(f.cause))
            )
            shown = {**found, **{f.cause: f for f in roots}}
            return Settled(tuple(shown.values()), roots, changes)
    return Settled(tuple(_unproven(f, experiments) for f in found.values()))


def _longer(
    open_: Settled, trials: dict[str, core.Trial], experiments: Experiments, say: Say
) -> Settled:
    """What a short trial left open, over a whole training: some faults show late.

    Where nothing is learned at all, only what gained something already: short trials of look-alikes
    come first.
    """
    learned = measure(experiments.last, core.Yardstick.LEARNED)
    waiting = [
        (f, f.trial)
        for f in open_.findings
        if f.trial is not None
        and f.verdict is core.Verdict.UNDECIDED
        and not trials[f.cause].after
        and (f.trial.effect > 0 or not learned < RELEVANT.value)
        and f.trial.steps < experiments.reach.steps
    ]
    shown = {f.cause: f for f in open_.findings}
    for finding, _ in sorted(waiting, key=lambda pair: -pair[1].effect)[:LATE]:
        say(f"is it {finding.cause}? over a whole training")
        try:
            experiments.plan(2, [None])
            tried = experiments.try_out(replace(trials[finding.cause], steps=None))
        except NotSettled:
            break
        settled = replace(finding, trial=tried, verdict=tried.verdict)
        settled = _unproven(settled, experiments)
        shown[finding.cause] = settled
        if settled.verdict is core.Verdict.CONFIRMED:
            return Settled(tuple(shown.values()), (settled,), settled.tried_mend)
    return Settled(tuple(shown.values()))


def _unproven(finding: core.Finding, experiments: Experiments) -> core.Finding:
    """Refuted only where it can be: a training that learned little has some cause.

    In one that learned its task, a gain over a whole training that is too small to count is worth a
    note, also where chance is not ruled out. What the data themselves show stands.
    """
    learned = measure(experiments.last, core.Yardstick.LEARNED)
    tried = finding.trial
    if finding.verdict is core.Verdict.REFUTED:
        return finding if learned >= SOUND else replace(finding, verdict=core.Verdict.UNDECIDED)
    if finding.verdict is core.Verdict.CONFIRMED or tried is None or not learned >= SOUND:
        return finding
    whole = tried.steps >= experiments.reach.steps
    shown = finding.cause.startswith("data.")
    small = whole and not shown and tried.effect < tried.relevant
    return replace(finding, severity=core.Severity.NOTE) if small else finding
