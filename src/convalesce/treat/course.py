"""A course of changes for what was confirmed, and the retraining that verifies it."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np

from convalesce import core
from convalesce.causes import all_causes
from convalesce.readings.yardstick import measure, sampling_error

PAIRS = 3  # retrainings of the original and of the mended
LONG_S = 120.0  # a training that takes longer is repeated once only
COURSES = 3  # that are tried before it is said that none is proven
PATIENCE = 4.0  # times its expected time that a training may take
# What a mend of these brings is honesty, not a better figure.
FLATTERED = {"data.leakage", "hp.metric"}

Say = Callable[[str], object]
Diagnose = Callable[[core.Signals], core.Diagnosis]


def treat(
    diagnosis: core.Diagnosis, lab: core.Lab, *, diagnose: Diagnose, say: Say = lambda _: None
) -> core.Treatment:
    """The first course that retraining proves, for the fit of the leading confirmed finding.

    Args:
        diagnosis: After confirmation.
        lab: Trains the arms.
        diagnose: From the record of an arm to findings.
        say: Told what is being trained.
    """
    confirmed = [f for f in diagnosis.findings if f.verdict is core.Verdict.CONFIRMED and f.serious]
    if not confirmed:
        return core.Treatment(why_not="nothing is confirmed that could be mended")
    fit = confirmed[0].fit
    against = [f for f in confirmed if f.fit == fit]
    causes = tuple(f.cause for f in against)
    reach = lab.reach(fit)
    if reach.why_not:
        return core.Treatment(fit=fit, causes=causes, why_not=reach.why_not)
    trainer = _Trainer(lab, fit, reach)
    why_not = "none of its remedies could be made here"
    for changes in _courses(against)[:COURSES]:
        say(f"mending: {' and '.join(map(str, changes))}")
        try:
            found = _verify(changes, against, trainer, diagnose)
        except (core.CannotChange, core.OutOfTime) as error:
            why_not = str(error)
            continue
        if found.proven:
            return found
        why_not = found.why_not
    return core.Treatment(fit=fit, causes=causes, why_not=why_not)


@dataclass(slots=True)
class _Trainer:
    """Trains arms of one fit to their end."""

    lab: core.Lab
    fit: int
    reach: core.Reach

    def train(
        self, changes: tuple[core.Change, ...], seed: int, *, closely: bool = False
    ) -> core.Signals:
        """What a whole training showed."""
        arm = core.Arm(changes=changes, seed=seed, closely=closely)
        limit = PATIENCE * (self.reach.seconds(None) + self.reach.overhead_s) + 30.0
        return self.lab.train(self.fit, arm, seconds=limit)


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
    courses += [_merged((other, *first[1:])) for other in against[0].remedies]
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
    trainer: _Trainer,
    diagnose: Diagnose,
) -> core.Treatment:
    """Original against mended from equal seeds, until three pairs agree or one shows no gain."""
    what = _yardstick(against, trainer.reach)
    causes = tuple(f.cause for f in against)
    control: list[float] = []
    treated: list[float] = []
    gone: tuple[str, ...] = ()
    few = ""
    for seed in range(1, PAIRS + 1):
        mended = trainer.train(changes, seed, closely=seed == 1)
        original = trainer.train((), seed)
        if seed == 1:
            still = {f.cause for f in diagnose(mended).findings if f.serious}
            gone = tuple(c for c in causes if c not in still)
        control.append(measure(original, what))
        treated.append(measure(mended, what))
        sampling = sampling_error(original, what)
        if trainer.reach.seconds(None) > LONG_S:
            few = f"one training takes about {trainer.reach.seconds(None):.0f} s"
            break
        if treated[-1] - control[-1] <= 0 and not _by_facts(against, gone):
            break
    verified = _tried(changes, what, (control, treated), sampling, trainer.reach.steps)
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


def _tried(
    changes: tuple[core.Change, ...],
    what: core.Yardstick,
    arms: tuple[list[float], list[float]],
    sampling: float,
    steps: int,
) -> core.Tried:
    control, treated = arms
    differences = np.subtract(treated, control)
    spread = float(np.std(differences, ddof=1)) if len(differences) > 1 else 0.0
    noise = max(spread, math.sqrt(2) * sampling)
    half = 1.96 * noise / math.sqrt(len(differences))
    mean = float(differences.mean())
    return core.Tried(
        changes=changes,
        predict=core.Rises(what),
        control=tuple(control),
        treated=tuple(treated),
        noise=noise,
        effect=mean,
        low=mean - half,
        high=mean + half,
        steps=steps,
        verdict=core.Verdict.CONFIRMED if mean - half > 0 else core.Verdict.UNDECIDED,
    )


def _objection(verified: core.Tried, against: list[core.Finding], gone: tuple[str, ...]) -> str:
    """Why a course is not proven; empty where it is."""
    if verified.verdict is core.Verdict.CONFIRMED:
        return ""
    if _by_facts(against, gone):
        honest = any(f.cause in FLATTERED for f in against)
        if honest or verified.high >= 0:
            return ""
        return "it removed what was found, and the figures became worse"
    return (
        f"retrained with it, {verified.predict.what} went from "
        f"{np.mean(verified.control):.0%} to {np.mean(verified.treated):.0%}, "
        "which is no gain beyond noise"
    )


def _by_facts(against: list[core.Finding], gone: tuple[str, ...]) -> bool:
    """Everything that it is against was stated from facts and is no longer found."""
    return all(f.evidence.stated and f.cause in gone for f in against)


def _yardstick(against: list[core.Finding], reach: core.Reach) -> core.Yardstick:
    """By what the causes themselves are tried, where there is validation to do so."""
    if not reach.validated:
        return core.Yardstick.LEARNED
    return next(_wanted(against), core.Yardstick.KNOWN)


def _wanted(against: list[core.Finding]) -> Iterator[core.Yardstick]:
    for finding in against:
        what = all_causes()[finding.cause].probe(finding.evidence).predict.what
        if what in {core.Yardstick.EVEN, core.Yardstick.SURE}:
            yield what
