"""What an experiment is measured by, read off the answers at the end of an arm."""

from __future__ import annotations

import math
from collections.abc import Iterable

import numpy as np

from convalesce.core import (
    TRAIN_ANSWERS,
    VALIDATION_ANSWERS,
    Predictions,
    Signals,
    Trial,
    Yardstick,
)
from convalesce.readings import curves

WORST, BEST = -1.0, 1.0
# No change brings the examples that these lack: a mend must show a gain.
MADE_UP_FOR = frozenset({"data.insufficient", "data.imbalance"})


def measure(signals: Signals, what: Yardstick) -> float:
    """The yardstick's value, between -1 and 1; nan where it was not measured.

    Answers that are not finite count as nothing known.
    """
    which = TRAIN_ANSWERS if what is Yardstick.LEARNED else VALIDATION_ANSWERS
    answers = signals.recorded.get(which)
    if not isinstance(answers, Predictions):
        return math.nan
    if not answers.finite:
        return 0.0
    if what is not Yardstick.LEARNED and answers.baseline_accuracy >= 1 > answers.accuracy:
        return answers.accuracy - 1  # of one class alone, and missed: less than chance knows
    value = {
        Yardstick.LEARNED: curves.skill,
        Yardstick.KNOWN: curves.skill,
        Yardstick.SURE: _by_loss,
        Yardstick.EVEN: _even,
    }[what](answers)
    return min(BEST, max(WORST, value)) if math.isfinite(value) else math.nan


def fair(trials: Iterable[Trial], *, validated: bool) -> Yardstick:
    """By what trainings are compared: as evenly over the classes as one of the trials is.

    Args:
        trials: Of the causes in question.
        validated: There are validation examples.
    """
    if not validated:
        return Yardstick.LEARNED
    even = any(trial.predict.what is Yardstick.EVEN for trial in trials)
    return Yardstick.EVEN if even else Yardstick.KNOWN


def fullest(signals: Signals, what: Yardstick) -> Yardstick:
    """The yardstick, or the mean recall of the classes where that says more.

    Where one class is all but alone, accuracy and loss say nothing of the others.
    """
    known = {w: measure(signals, w) for w in (what, Yardstick.EVEN)}
    return max((w for w in known if math.isfinite(known[w])), key=known.__getitem__, default=what)


def known_of_classes(signals: Signals, what: Yardstick) -> float:
    """What the fullest yardstick says."""
    return measure(signals, fullest(signals, what))


def sampling_error(signals: Signals, what: Yardstick) -> float:
    """Standard error of the yardstick from the size of the sample alone.

    Of a share p of n examples it is sqrt(p (1 - p) / n), over what chance leaves open; p is taken
    with two successes and two failures more (Agresti and Coull 1998), lest it be 0 where all or
    none of a few are known.
    """
    which = TRAIN_ANSWERS if what is Yardstick.LEARNED else VALIDATION_ANSWERS
    answers = signals.recorded.get(which)
    if not isinstance(answers, Predictions) or answers.examples < 1:
        return 0.0
    value = measure(signals, what)
    share = min(1.0, max(0.0, value)) if math.isfinite(value) else 0.5
    more = answers.examples + 4
    share = (share * answers.examples + 2) / more
    return math.sqrt(share * (1 - share) / more)


def _by_loss(answers: Predictions) -> float:
    if curves.unbounded(answers):
        return curves.skill(answers)
    if math.isfinite(answers.loss) and answers.baseline_loss > 0:
        return 1 - answers.loss / answers.baseline_loss
    return answers.r2


def _even(answers: Predictions) -> float:
    """Mean recall between chance and all; the overlap for masks."""
    if math.isfinite(answers.iou):
        return answers.iou
    known = np.array([r for r in answers.recall if math.isfinite(r)])
    if len(known) < 2:
        return curves.skill(answers)
    return float((known.mean() - 1 / len(known)) / (1 - 1 / len(known)))
