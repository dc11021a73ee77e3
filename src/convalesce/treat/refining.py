"""A proven course made better, where it leaves much open: further, and with what is still found."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from convalesce import core
from convalesce.readings.yardstick import measure
from convalesce.treat.measuring import WORTH
from convalesce.treat.measuring import measured as measured_course
from convalesce.treat.trainer import Say, Trainer
from convalesce.treat.verifying import FLATTERED, SHORT_S, Diagnose, verify, yardsticks

ENOUGH = 0.95  # of the way to all there is to know: what is left is not worth its trainings
KNOWN = 0.95  # of the training examples: more of a remedy can't teach more of them
TRIES = 8  # trainings of courses that might be better
MISSES = 3  # of them that may bring nothing
WIDER = 2.0  # times, where a wider net has helped
LONGER = 2  # times, where more epochs have helped
TIGHTER = 4.0  # times, where clipping has helped

# Remedies that change no training.
NO_MEND: set[type[core.Change]] = {core.SetMetric, core.CollectData}

Course = tuple[core.Change, ...]


def refined(
    found: core.Treatment,
    against: list[core.Finding],
    trainer: Trainer,
    diagnose: Diagnose,
    say: Say,
) -> core.Treatment:
    """The same, or a course near to it that does better beyond noise.

    Others are tried from the seed of the first pair, step by step from the best so far; the one
    that this comes to is verified as every course is.

    Args:
        found: Proven.
        against: What it mends.
        trainer: On the fit.
        diagnose: From the record of an arm to findings.
        say: Told what is being tried.
    """
    verified = found.verified
    long = trainer.reach.seconds(None) > SHORT_S
    if verified is None or long:
        return found
    enough = 1 - (1 - ENOUGH) * (1 - float(np.mean(verified.control)))
    if float(np.mean(verified.treated)) >= enough:
        return found
    whats, what = yardsticks(against, trainer.reach), verified.predict.what
    best, height, begun = found, verified.treated[0], {found.changes}
    misses = 0
    for _ in range(TRIES):
        record = trainer.train(best.changes, 1, closely=True)
        course = next((c for c in _near(best, record, against, diagnose) if c not in begun), None)
        if course is None or height >= enough or misses == MISSES:
            break
        begun.add(course)
        new = " and ".join(str(c) for c in course if c not in best.changes)
        say(f"is there a better one: {new}")
        try:
            changes, measured = measured_course(course, trainer, whats)
            value = measure(trainer.train(changes, 1, closely=True), what)
        except (core.CannotChange, core.OutOfTime):
            misses += 1
            continue
        if value - height > WORTH:
            best, height = replace(found, changes=changes, measured=measured), value
        else:
            misses += 1
    if best is found:
        return found
    try:
        again = verify(best.changes, against, trainer, diagnose)
    except (core.CannotChange, core.OutOfTime):
        return found
    if not again.proven or again.verified is None:
        return found
    ahead = float(np.mean(again.verified.treated)) - float(np.mean(verified.treated))
    noise = max(verified.noise, again.verified.noise) / math.sqrt(again.verified.pairs)
    return replace(again, measured=best.measured) if ahead > noise else found


def _near(
    found: core.Treatment, record: core.Signals, against: list[core.Finding], diagnose: Diagnose
) -> Iterator[Course]:
    """Courses that may do better, the likeliest first."""
    if measure(record, core.Yardstick.LEARNED) < KNOWN:  # else more of it can't be learned
        for i, change in enumerate(found.changes):
            for other in _further(change):
                yield (*found.changes[:i], other, *found.changes[i + 1 :])
    yield from _besides(found.changes, record, diagnose)
    yield from _instead(found, against[0].remedies)


def _further(change: core.Change) -> Iterator[core.Change]:
    """More of what has helped."""
    match change:
        case core.ScaleWidth(factor=factor) if factor > 1:
            yield core.ScaleWidth(factor * WIDER)
        case core.ChangeDepth(layers=layers) if layers > 0:
            yield core.ChangeDepth(layers + 1)
        case core.SetEpochs(epochs=epochs):
            yield core.SetEpochs(epochs * LONGER)
        case core.ClipGradients(norm=norm):
            yield core.ClipGradients(norm / TIGHTER)


def _besides(changes: Course, record: core.Signals, diagnose: Diagnose) -> Iterator[Course]:
    """With the first remedy of what is still found in the mended training."""
    kinds = {type(c) for c in changes}
    for finding in diagnose(record).findings:
        if not finding.serious or finding.cause in FLATTERED:
            continue
        able = [r for r in finding.remedies if type(r) not in kinds | NO_MEND]
        if able:
            yield (*changes, able[0])


def _instead(found: core.Treatment, lead: Course) -> Iterator[Course]:
    """With the leading cause's next remedy in place of its own."""
    made = [c for c in found.changes if type(c) in {type(r) for r in lead}]
    kinds = {type(c) for c in found.changes if not isinstance(c, core.ScaleAugmentation)} | NO_MEND
    others = [r for r in lead if type(r) not in kinds and r not in found.changes]
    others = [r for r in others if not (found.measured and isinstance(r, core.FindLearningRate))]
    if len(made) == 1 and others:
        yield tuple(others[0] if c is made[0] else c for c in found.changes)
