"""Suspects that can be taken for one another, tried side by side: which of them is the root."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from convalesce import core
from convalesce.causes import all_causes
from convalesce.confirm.experiments import Experiments, NotSettled
from convalesce.readings.yardstick import measure

UPSTREAM_FIRST = ("data", "arch", "reg", "hp")
EXPLAINS = 0.7  # of the best effect: a change that brings so much explains the fault
SOUND = 0.8  # of the yardstick: a training that came so far needs no root cause


@dataclass(frozen=True, slots=True)
class Group:
    """Suspects to be tried side by side, the most probable first."""

    findings: tuple[core.Finding, ...]


@dataclass(frozen=True, slots=True)
class Settled:
    """The group after its trials.

    Attributes:
        findings: In their new standing.
        root: Id of the most upstream one that explains the effect; empty where none does.
        both: Only together did the changes help: each matters.
    """

    findings: tuple[core.Finding, ...]
    root: str = ""
    both: bool = False


def settle(group: Group, experiments: Experiments, say: Callable[[str], object]) -> Settled:
    """Try every suspect of a group, and if no single change helps, all of them together."""
    trials = {f.cause: all_causes()[f.cause].probe(f.evidence) for f in group.findings}
    try:
        experiments.plan(len(trials) + 1, [t.steps for t in trials.values()])
    except NotSettled as error:
        return Settled(tuple(replace(f, untried=str(error)) for f in group.findings))
    tried: dict[str, core.Tried] = {}
    findings: dict[str, core.Finding] = {}
    for finding in group.findings:
        say(f"is it {finding.cause}? trying: {trials[finding.cause].change}")
        try:
            outcome = experiments.try_out(trials[finding.cause])
        except NotSettled as error:
            findings[finding.cause] = replace(finding, untried=str(error))
            continue
        tried[finding.cause] = outcome
        findings[finding.cause] = replace(finding, trial=outcome, verdict=outcome.verdict)
    proven = [c for c, t in tried.items() if t.verdict is core.Verdict.CONFIRMED]
    if proven:
        root = _root(proven, tried, findings)
        return Settled(tuple(findings.values()), root)
    together = _together(trials, tried, experiments, say)
    if together is not None:
        root = min(tried, key=_upstream)
        shown = replace(findings[root], trial=together, verdict=core.Verdict.CONFIRMED)
        return Settled(tuple({**findings, root: shown}.values()), root, both=True)
    return Settled(tuple(_unproven(f, experiments) for f in findings.values()))


def _root(
    proven: list[str], tried: dict[str, core.Tried], findings: dict[str, core.Finding]
) -> str:
    """The most upstream of those that explain most of the best effect."""
    best = max(tried[c].effect for c in proven)
    explaining = [c for c in proven if tried[c].effect >= EXPLAINS * best]
    return min(
        explaining,
        key=lambda c: (_upstream(c), -findings[c].evidence.strength * tried[c].effect),
    )


def _upstream(cause: str) -> int:
    return UPSTREAM_FIRST.index(cause.partition(".")[0])


def _together(
    trials: dict[str, core.Trial],
    tried: dict[str, core.Tried],
    experiments: Experiments,
    say: Callable[[str], object],
) -> core.Tried | None:
    """The combination arm: all changes at once, where each alone did not help; the root's last."""
    made = sorted((c for c in tried if not trials[c].after), key=_upstream)
    if len(made) < 2 or experiments.reach.seconds(experiments.steps) > experiments.left:
        return None
    say(f"is it {' and '.join(made)} together?")
    root, *others = made
    try:
        outcome = experiments.try_out(trials[root], *(tried[c].changes[-1] for c in others))
    except NotSettled:
        return None
    return outcome if outcome.verdict is core.Verdict.CONFIRMED else None


def _unproven(finding: core.Finding, experiments: Experiments) -> core.Finding:
    """Refuted only where it can be: a training that learned nothing has some cause."""
    if finding.verdict is not core.Verdict.REFUTED or finding.trial is None:
        return finding
    learned = measure(experiments.last, core.Yardstick.LEARNED)
    if learned >= SOUND:
        return finding
    return replace(finding, verdict=core.Verdict.UNDECIDED)
