"""The diagnosis of a whole script: its fits and its crash, seen together."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from convalesce import core
from convalesce.causes import all_causes
from convalesce.diagnose.ask import diagnose, finding, health, in_order


def diagnose_run(run: core.Run, *, mute: Iterable[str] = ()) -> core.Diagnosis:
    """Findings of all fits, one a cause, and the cause behind a crash in front."""
    muted = frozenset(mute)
    next_of = {fit.continues: fit.index for fit in run.fits if fit.continues is not None}
    diagnoses = {f.index: diagnose(f.signals, fit=f.index, mute=muted) for f in run.fits}
    by_cause: dict[str, list[core.Finding]] = {}
    not_asked: dict[str, core.NotAsked] = {}
    asked: set[str] = set()
    remarks: list[str] = []
    for fit in run.fits:
        diagnosis = diagnoses[fit.index]
        remarks += diagnosis.remarks
        not_asked.update({n.cause: n for n in diagnosis.not_asked})
        asked |= all_causes().keys() - {n.cause for n in diagnosis.not_asked}
        for one in diagnosis.findings:
            if run.cut and not one.evidence.stated:
                not_asked[one.cause] = core.NotAsked(
                    one.cause, "check ends each fit after its first steps, which cannot settle it"
                )
                asked.discard(one.cause)
            elif not _left_behind(one, diagnoses.get(next_of.get(fit.index, -1))):
                by_cause.setdefault(one.cause, []).append(one)
    findings = in_order(map(_merged, by_cause.values()))
    if run.crash is not None:
        findings = [*_behind(run.crash, muted), *findings]
    if not run.fits:
        why = "the script never called fit" if run.crash is None else "the script ended before"
        not_asked = {c: core.NotAsked(c, why) for c in all_causes()}
    said = {f.cause for f in findings}
    return core.Diagnosis(
        health=_health(run, findings, unexplained=bool(remarks)),
        findings=tuple(_once(findings)),
        not_asked=tuple(n for c, n in sorted(not_asked.items()) if c not in asked | said),
        remarks=tuple(dict.fromkeys(remarks)),
    )


def _left_behind(found: core.Finding, after: core.Diagnosis | None) -> bool:
    """What a stage shows, and the next fit of the same model doesn't, was a part of the course.

    A head that is trained on a frozen base, a few epochs to warm up. What facts state of the data
    stands: what was learned from them is in the weights.
    """
    if after is None:
        return False
    if not found.evidence.stated:
        return True
    again = {one.cause for one in after.findings} | {n.cause for n in after.not_asked}
    return found.cause not in again and not found.cause.startswith("data.")


def _merged(findings: list[core.Finding]) -> core.Finding:
    """One finding for all fits that show it: the first of the strongest."""
    best = in_order(findings)[0]
    others = tuple(f.fit for f in findings if f.fit != best.fit)
    return replace(best, also_in=others)


def _behind(crash: core.Crash, muted: frozenset[str]) -> list[core.Finding]:
    """Causes that the exception speaks for, strongest first."""
    found = [
        finding(cause, evidence)
        for cause in all_causes().values()
        if cause.id not in muted
        and cause.crash is not None
        and (evidence := cause.crash(crash)) is not None
    ]
    return in_order(found)


def _once(findings: list[core.Finding]) -> list[core.Finding]:
    seen: dict[str, core.Finding] = {}
    for one in findings:
        seen.setdefault(one.cause, one)
    return list(seen.values())


def _health(run: core.Run, findings: list[core.Finding], *, unexplained: bool) -> core.Health:
    if run.crash is not None:
        return core.Health.CRASHED
    found = health(findings)
    unsure = found is core.Health.HEALTHY and unexplained
    return core.Health.UNDECIDED if unsure or not run.fits else found
