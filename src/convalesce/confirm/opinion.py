"""A training that looks sound: would it do far better but for a choice that only trying can judge?

A learning rate that is two to four times off, an augmentation that is plausible and harmful, a net
that is a little too shallow: curves and data show none of them. What is asked for here is more than
of a suspicion that a symptom speaks for: a change must close half of what was left open. What was
not even noted and gains less than a tenth of what there is to know is told as a note.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace

import numpy as np

from convalesce import core
from convalesce.causes import all_causes
from convalesce.confirm.experiments import Experiments
from convalesce.confirm.screening import LARGER, found_by_trial, over_whole
from convalesce.readings.curves import ending
from convalesce.readings.structure import layers_of
from convalesce.readings.yardstick import fair, fullest, measure

OPEN = core.Limit(
    0.1, unit="1", source="half of it is the least effect that counts, see readings/pairs"
)
HALF = core.Limit(
    0.5, unit="1", source="no symptom speaks for it: most of what was left open must be its doing"
)
MUCH = core.Limit(
    0.1, unit="1", source="twice the least effect that counts: less is worth a note, and no fault"
)
FACTOR = 3.0  # on the rate: those two to four times off lie around it
# Where the loss still falls, a rate three times as high does what more epochs would.
CLEARLY = 10.0

Question = tuple[str, core.Change]


def second_opinion(
    experiments: Experiments, notes: Sequence[core.Finding], say: Callable[[str], object]
) -> core.Finding | None:
    """The first choice whose change closes half of what is left open; None where none does.

    Args:
        experiments: On the fit, without a base.
        notes: What was found worth knowing there, but no fault by itself: tried first.
        say: Told what is being tried.
    """
    reach = experiments.reach
    if reach.why_not:
        return None
    what = _yardstick(experiments.original, reach)
    known = measure(experiments.original, what)
    if not 0 < known <= 1 - OPEN.value:
        return None
    questions = (*_of_notes(notes), *_questions(experiments, what))
    for cause, change in experiments.in_rounds(questions, None):
        say(f"it looks sound, and {1 - known:.0%} is left open: is it {cause}?")
        tried = over_whole(experiments, change, what, lambda known: HALF.value * (1 - known))
        if tried is not None:
            found = _finding(cause, known, tried, experiments.fit)
            noted = cause in {note.cause for note in notes}
            little = not noted and tried.effect < MUCH.value
            return replace(found, severity=core.Severity.NOTE) if little else found
    return None


def _yardstick(signals: core.Signals, reach: core.Reach) -> core.Yardstick:
    """What says most of what is known: of masks their overlap, of rare classes their recall."""
    what = fair((), validated=reach.validated)
    if what is core.Yardstick.LEARNED:
        return what
    answers = signals.recorded.get(core.VALIDATION_ANSWERS)
    if isinstance(answers, core.Predictions) and math.isfinite(answers.iou):
        return core.Yardstick.EVEN
    return fullest(signals, what)


def _of_notes(notes: Iterable[core.Finding]) -> Iterator[Question]:
    """What would prove them, where that is a training from the start."""
    for note in notes:
        trial = all_causes()[note.cause].probe(note.evidence)
        if not trial.after and not note.explained_by:
            yield note.cause, trial.change


def _questions(experiments: Experiments, what: core.Yardstick) -> Iterator[Question]:
    """What is tried, the likeliest to be found first."""
    signals = experiments.original
    if experiments.reach.redrawn:
        yield "data.augmentation", core.ScaleAugmentation(core.PIPELINE, 0.0)
    for layer in layers_of(signals):
        if layer.kind.startswith("Random"):
            yield "data.augmentation", core.ScaleAugmentation(layer.name, 0.0)
    yield "hp.lr_low", core.ScaleLearningRate(CLEARLY if _falls(signals) else FACTOR)
    yield "hp.lr_high", core.ScaleLearningRate(1 / FACTOR)
    learned = measure(signals, core.Yardstick.LEARNED)
    if what is core.Yardstick.EVEN or learned <= 1 - OPEN.value:
        yield from LARGER


def _falls(signals: core.Signals) -> bool:
    history = signals.recorded.get(core.HISTORY)
    return isinstance(history, core.History) and ending(history.curve("loss")).falling


def _finding(cause: str, known: float, tried: core.Tried, fit: int) -> core.Finding:
    change, after = tried.changes[-1], float(np.mean(tried.treated))
    limit = replace(OPEN, value=1 - OPEN.value)
    return found_by_trial(
        cause,
        tried,
        fit,
        core.Reading(core.VALIDATION_ANSWERS, known, limit, "share of what there is to know"),
        f"it looks sound and knows {known:.0%} of what there is to know; {change}, and it knows "
        f"{after:.0%} after as many updates",
    )
