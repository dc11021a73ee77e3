"""A course of changes for what was confirmed, and the retraining that verifies it."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, nullcontext
from dataclasses import replace

import numpy as np

from convalesce import core
from convalesce.causes import all_causes
from convalesce.readings.pairs import effect
from convalesce.readings.yardstick import MADE_UP_FOR, measure, sampling_error
from convalesce.treat.measuring import SHORT_S, WORTH
from convalesce.treat.measuring import measured as measured_course
from convalesce.treat.trainer import Say, Trainer

PAIRS = 3  # retrainings of the original and of the mended
LONG_S = 120.0  # a training that takes longer is repeated once only
COURSES = 3  # that are tried before it is said that none is proven
ENOUGH = 0.95  # known with a mend: what another remedy could add is not worth its trainings
# What a mend of these brings is honesty, not a better figure.
FLATTERED = {"data.leakage", "hp.metric"}

# Remedies that change no training.
NO_MEND: set[type[core.Change]] = {core.SetMetric, core.CollectData}

Diagnose = Callable[[core.Signals], core.Diagnosis]
Hire = Callable[[int], AbstractContextManager[core.Crew | None]]


def treat(
    diagnosis: core.Diagnosis,
    lab: core.Lab,
    *,
    diagnose: Diagnose,
    say: Say = lambda _: None,
    hire: Hire = lambda _: nullcontext(),
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
    with hire(fit) as crew:
        return _treated(against, Trainer(lab, fit, reach, crew), diagnose, say)


def _treated(
    against: list[core.Finding], trainer: Trainer, diagnose: Diagnose, say: Say
) -> core.Treatment:
    """The first of the courses that is proven, or a better one."""
    why_not = "none of its remedies could be made here"
    tried = 0
    for course in _courses(against):
        say(f"mending: {' and '.join(map(str, course))}")
        try:
            changes, measured = measured_course(
                course, trainer, _yardsticks(against, trainer.reach)
            )
            found = _verify(changes, against, trainer, diagnose)
        except (core.CannotChange, core.OutOfTime) as error:
            why_not = str(error) if not tried else why_not
            continue
        if found.proven:
            found = _better(replace(found, measured=measured), against, trainer, diagnose, say)
            trainer.leave(found, say)
            return found
        why_not, tried = found.why_not, tried + 1
        if tried == COURSES:
            break
    causes = tuple(f.cause for f in against)
    return core.Treatment(fit=trainer.fit, causes=causes, why_not=why_not)


def _better(
    found: core.Treatment,
    against: list[core.Finding],
    trainer: Trainer,
    diagnose: Diagnose,
    say: Say,
) -> core.Treatment:
    """The same with the leading cause's next remedy, where much is left open and it does better."""
    verified = found.verified
    long = trainer.reach.seconds(None) > SHORT_S
    if verified is None or long or float(np.mean(verified.treated)) >= ENOUGH:
        return found
    course = _other(found, against[0].remedies)
    if not course:
        return found
    say(f"is there a better one: {next(c for c in course if c not in found.changes)}")
    try:
        changes, measured = measured_course(course, trainer, _yardsticks(against, trainer.reach))
        one = measure(trainer.train(changes, 1, closely=True), verified.predict.what)
        if not one - verified.treated[0] > WORTH:
            return found
        again = _verify(changes, against, trainer, diagnose)
    except (core.CannotChange, core.OutOfTime):
        return found
    if not again.proven or again.verified is None:
        return found
    ahead = float(np.mean(again.verified.treated)) - float(np.mean(verified.treated))
    better = ahead > max(verified.noise, again.verified.noise) / math.sqrt(PAIRS)
    return replace(again, measured=measured) if better else found


def _other(found: core.Treatment, lead: tuple[core.Change, ...]) -> tuple[core.Change, ...]:
    """The course with the leading cause's next remedy in place of its own; empty for none."""
    made = [c for c in found.changes if type(c) in {type(r) for r in lead}]
    kinds = {type(c) for c in found.changes if not isinstance(c, core.ScaleAugmentation)} | NO_MEND
    others = [r for r in lead if type(r) not in kinds and r not in found.changes]
    others = [r for r in others if not (found.measured and isinstance(r, core.FindLearningRate))]
    if len(made) != 1 or not others:
        return ()
    return tuple(others[0] if c is made[0] else c for c in found.changes)


def _courses(against: list[core.Finding]) -> list[tuple[core.Change, ...]]:
    """Courses worth trying, the one that experiments already speak for in front."""
    made = max((f.mended.changes for f in against if f.mended is not None), key=len, default=())
    proven = [
        f.trial.changes[-1] if f.trial is not None and f.trial.changes else None for f in against
    ]
    first = tuple(
        change
        for f, by_trial in zip(against, proven, strict=True)
        for change in [by_trial if by_trial is not None else _first(f)]
        if change is not None
    )
    courses = [made, _merged((*made, *first)), first]
    for i, finding in enumerate(against):
        others = [c for c in finding.remedies if c not in first]
        courses += [_merged((*first[:i], other, *first[i + 1 :])) for other in others]
    unique: dict[tuple[core.Change, ...], None] = {}
    for course in courses:
        if course:
            unique.setdefault(course)
    return list(unique)


def _first(finding: core.Finding) -> core.Change | None:
    return finding.remedies[0] if finding.remedies else None


def _merged(changes: tuple[core.Change, ...]) -> tuple[core.Change, ...]:
    """None of a kind twice: the first stands."""
    kinds: dict[type[core.Change], core.Change] = {}
    for change in changes:
        kinds.setdefault(type(change), change)
    return tuple(kinds.values())


def _verify(
    changes: tuple[core.Change, ...],
    against: list[core.Finding],
    trainer: Trainer,
    diagnose: Diagnose,
) -> core.Treatment:
    """Original against mended from equal seeds, until three pairs agree or one shows no gain."""
    whats = _yardsticks(against, trainer.reach)
    causes = tuple(f.cause for f in against)
    pairs: list[tuple[core.Signals, core.Signals]] = []
    gone: tuple[str, ...] = ()
    few = ""
    seeds = range(1, PAIRS + 1) if trainer.reach.seconds(None) <= LONG_S else (1,)
    trainer.ahead(
        [
            arm
            for seed in seeds
            for arm in (
                core.Arm(changes=changes, seed=seed, closely=seed == 1),
                core.Arm(changes=_honest(changes, against), seed=seed),
            )
        ]
    )
    for seed in seeds:
        mended = trainer.train(changes, seed, closely=seed == 1)
        pairs.append((trainer.train(_honest(changes, against), seed), mended))
        if seed == 1:
            still = {f.cause for f in diagnose(mended).findings if f.serious}
            gone = tuple(c for c in causes if c not in still)
        if len(seeds) == 1:
            few = f"one training takes about {trainer.reach.seconds(None):.0f} s"
            break
        lost = all(measure(pairs[-1][1], w) <= measure(pairs[-1][0], w) for w in whats)
        if lost and not _by_facts(against, gone):
            break
    tried = [_tried(changes, what, pairs, trainer.reach.steps) for what in whats]
    verified = _shown(tried)
    why_not = _objection(verified, against, gone)
    return core.Treatment(
        fit=trainer.fit,
        causes=causes,
        changes=changes,
        verified=verified,
        gone=gone,
        why_not=why_not,
        few=few,
    )


def _honest(
    changes: tuple[core.Change, ...], against: list[core.Finding]
) -> tuple[core.Change, ...]:
    """What the original is given too, so that its figures are not flattered.

    Of several causes, the mends of those whose mend brings honesty.
    """
    flattered = [f for f in against if f.cause in FLATTERED]
    if not flattered or len(flattered) == len(against):
        return ()
    kinds = {type(change) for f in flattered for change in f.remedies}
    kept = tuple(c for c in changes if type(c) in kinds)
    return kept if kept != changes else ()


def _shown(tried: list[core.Tried]) -> core.Tried:
    """By the first yardstick; by a further one where that alone shows a gain and none a loss."""
    first = tried[0]
    if first.verdict is core.Verdict.CONFIRMED or first.high < 0:
        return first
    return next((t for t in tried if t.verdict is core.Verdict.CONFIRMED), first)


def _tried(
    changes: tuple[core.Change, ...],
    what: core.Yardstick,
    pairs: list[tuple[core.Signals, core.Signals]],
    steps: int,
) -> core.Tried:
    control = [measure(original, what) for original, _ in pairs]
    treated = [measure(mended, what) for _, mended in pairs]
    found = effect(control, treated, control, sampling_error(pairs[-1][0], what))
    return core.Tried(
        changes=changes,
        predict=core.Rises(what),
        control=tuple(control),
        treated=tuple(treated),
        noise=found.noise,
        effect=found.mean,
        low=found.low,
        high=found.high,
        steps=steps,
        verdict=core.Verdict.CONFIRMED if found.low > 0 else core.Verdict.UNDECIDED,
    )


def _objection(verified: core.Tried, against: list[core.Finding], gone: tuple[str, ...]) -> str:
    """Why a course is not proven; empty where it is."""
    if verified.verdict is core.Verdict.CONFIRMED:
        return ""
    if _by_facts(against, gone):
        honest = any(f.cause in FLATTERED for f in against)
        if honest or not verified.high < 0:
            return ""
        return "it removed what was found, and the figures became worse"
    return (
        f"retrained with it, {verified.predict.what} went from "
        f"{np.mean(verified.control):.0%} to {np.mean(verified.treated):.0%}, "
        "which is no gain beyond noise"
    )


def _by_facts(against: list[core.Finding], gone: tuple[str, ...]) -> bool:
    """Everything that it is against was stated from facts and is no longer found.

    What a mend only makes up for is not mended by no longer being found.
    """
    return all(
        f.evidence.stated and f.cause in gone and f.cause not in MADE_UP_FOR for f in against
    )


def _yardsticks(against: list[core.Finding], reach: core.Reach) -> tuple[core.Yardstick, ...]:
    """By what the causes themselves are tried, where there is validation to do so.

    What is known of validation is also told by its loss: bad labels cost certainty first.
    """
    if not reach.validated:
        return (core.Yardstick.LEARNED,)
    what = next(_wanted(against), core.Yardstick.KNOWN)
    return (what, core.Yardstick.SURE) if what is core.Yardstick.KNOWN else (what,)


def _wanted(against: list[core.Finding]) -> Iterator[core.Yardstick]:
    for finding in against:
        what = all_causes()[finding.cause].probe(finding.evidence).predict.what
        if what in {core.Yardstick.EVEN, core.Yardstick.SURE}:
            yield what
