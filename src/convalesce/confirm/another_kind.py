"""Learned by heart, or asked about something else: examples held out of training tell.

Who overfits knows no example that is new. Where a fifth of the training examples, held out, is
known, and the validation examples are not, these went through something else, or carry other
labels. (Ng, *Machine Learning Yearning*, draft of 2018, chapter 40: the "training dev set".)
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from convalesce import core
from convalesce.confirm.arms import NotSettled
from convalesce.confirm.experiments import Experiments
from convalesce.confirm.screening import found_by_trial
from convalesce.readings.differences import GAP, MOVED_LABELS, apart
from convalesce.readings.yardstick import measure

CAUSE = "data.preprocessing_mismatch"
CLOSED = 0.5  # of the gap, at the least: most of it is not memory's doing


def another_kind(experiments: Experiments, say: Callable[[str], object]) -> core.Finding | None:
    """Validation examples unlike those of training; None where they are alike, or none can tell.

    Args:
        experiments: On a fit that is taken for one that learned by heart, without a base.
        say: Told what is being tried.
    """
    original = experiments.original
    train, across = original.recorded.get(core.TRAIN), original.recorded.get(core.ACROSS)
    learned = measure(original, core.Yardstick.LEARNED)
    known = measure(original, core.Yardstick.KNOWN)
    if not isinstance(train, core.Split) or not apart(train) or not learned - known >= GAP.value:
        return None
    if isinstance(across, core.Across) and across.label_shift >= MOVED_LABELS:
        return None  # another mix of classes is told by itself
    say("is it learned by heart, or is validation of another kind?")
    trial = core.Trial(core.HoldOut(), predict=core.KNOWS, steps=None)
    experiments.watches = False
    try:
        experiments.plan(2, [None])
        tried = experiments.try_out(trial)
    except NotSettled:
        return None
    if tried.verdict is not core.Verdict.CONFIRMED or tried.low < CLOSED * (learned - known):
        return None
    after = float(np.mean(tried.treated))
    found = found_by_trial(
        CAUSE,
        tried,
        experiments.fit,
        core.Reading(core.VALIDATION_ANSWERS, learned - known, GAP, "shown by training alone"),
        f"a fifth of the training examples, held out, is known to {max(after, 0):.0%}, the "
        f"validation examples to {max(known, 0):.0%}: these went through another preprocessing, or "
        "their labels are others",
    )
    return replace(found, remedies=(core.UnifyPreprocessing(),))
