"""A course of changes for what was confirmed, and the retraining that verifies it."""

from __future__ import annotations

import math
from dataclasses import replace

from convalesce import core
from convalesce.treat.measuring import measured as measured_course
from convalesce.treat.refining import refined
from convalesce.treat.trainer import Say, Trainer
from convalesce.treat.verifying import Diagnose, verify, yardsticks

COURSES = 3  # that are tried before it is said that none is proven


def treat(
    diagnosis: core.Diagnosis,
    lab: core.Lab,
    *,
    diagnose: Diagnose,
    say: Say = lambda _: None,
    hire: core.Hire = lambda _: None,
) -> core.Treatment:
    """The first course that retraining proves, for the fit of the leading confirmed finding.

    Args:
        diagnosis: After confirmation.
        lab: Trains the arms.
        diagnose: From the record of an arm to findings.
        say: Told what is being trained.
        hire: Gives a crew that trains the pairs of a fit beside the lab.
    """
    confirmed = [f for f in diagnosis.findings if f.verdict is core.Verdict.CONFIRMED and f.serious]
    if not confirmed:
        return core.Treatment(why_not="nothing is confirmed that could be mended")
    fit = confirmed[0].fit
    against = [f for f in confirmed if f.fit == fit]
    reach = lab.reach(fit)
    if reach.why_not:
        causes = tuple(f.cause for f in against)
        return core.Treatment(fit=fit, causes=causes, why_not=reach.why_not)
    return _treated(against, Trainer(lab, fit, reach, hire(fit)), diagnose, say)


def _treated(
    against: list[core.Finding], trainer: Trainer, diagnose: Diagnose, say: Say
) -> core.Treatment:
    """The first of the courses that is proven, or a better one; else one for the lead alone."""
    why_not = "none of its remedies could be made here"
    failed: list[core.Treatment] = []
    for course in _courses(against):
        say(f"mending: {' and '.join(map(str, course))}")
        try:
            changes, measured = measured_course(course, trainer, yardsticks(against, trainer.reach))
            found = verify(changes, against, trainer, diagnose)
        except (core.CannotChange, core.OutOfTime) as error:
            why_not = str(error)
            continue
        if found.proven:
            found = refined(replace(found, measured=measured), against, trainer, diagnose, say)
            trainer.leave(found, say)
            return found
        failed.append(found)
        if len(failed) == COURSES:
            break
    if len(against) > 1:
        say(f"mending: {against[0].cause} alone")
        alone = _treated(against[:1], trainer, diagnose, say)
        if alone.proven:
            others = ", ".join(f.cause for f in against[1:])
            left = f"against {others} no course is proven"
            return replace(alone, left=(*alone.left, left))
    if failed:
        why_not = max(failed, key=_gain).why_not
    causes = tuple(f.cause for f in against)
    return core.Treatment(fit=trainer.fit, causes=causes, why_not=why_not)


def _gain(found: core.Treatment) -> float:
    gain = found.verified.effect if found.verified is not None else math.nan
    return gain if math.isfinite(gain) else -math.inf


def _courses(against: list[core.Finding]) -> list[tuple[core.Change, ...]]:
    """Courses worth trying, the one that experiments already speak for in front."""
    made = max((f.mended.changes for f in against if f.mended is not None), key=len, default=())
    first = tuple(change for f in against for change in f.mends[:1])
    courses = [made, _merged((*made, *first)), first]
    for i, finding in enumerate(against):
        others = [c for c in finding.remedies if c not in first]
        courses += [_merged((*first[:i], other, *first[i + 1 :])) for other in others]
    unique: dict[tuple[core.Change, ...], None] = {}
    for course in courses:
        if course and not any(change.tells_only for change in course):
            unique.setdefault(course)
    return list(unique)


def _merged(changes: tuple[core.Change, ...]) -> tuple[core.Change, ...]:
    """None of a kind twice: the first stands."""
    kinds: dict[type[core.Change], core.Change] = {}
    for change in changes:
        kinds.setdefault(type(change), change)
    return tuple(kinds.values())
