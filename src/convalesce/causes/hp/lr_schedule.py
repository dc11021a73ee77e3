"""The learning rate should change during training and does not, or changes wrongly.

The rate has decayed to nothing while there was most to learn, never gets to its full height, or is
never lowered, so that training ends in the noise of its last updates.

## Symptom
The loss falls for a while and then freezes, from one step to the next and for good; the weights
stop moving with it. Or the rate still climbs when training ends. Or it is constant, and the
validation loss jumps from epoch to epoch by more than is learned, though much is left to learn.

## Why it happens
`decay_steps` counts updates, not epochs: a decay meant for every few epochs happens every few
batches. `ReduceLROnPlateau` with a large `min_delta` or a patience of one takes a fall for
a plateau. A warm-up longer than the training never ends. At a constant rate the noise of single
batches keeps the weights at a distance from the minimum that grows with the rate: large steps
get there fast, and only smaller ones get closer.

## How it is confirmed
By facts: the rate in force at each step, the share of training that it left to itself, and whether
the loss was still falling when it went; for `ReduceLROnPlateau`, that the value it monitors stood
at its best when the rate was cut. A rate that is spent within a quarter of training is suspected
also where the loss had come to rest, and another course of it must bring more. Cosine and step
decays that end small at the end are no fault. That a rate should have been lowered takes an
experiment: the same training with `ReduceLROnPlateau` must know more of validation in the end.

## Remedy
A decay laid out over all updates (epochs times updates an epoch), cosine for instance, or
`ReduceLROnPlateau` with a patience beyond the noise. Where a constant rate was never lowered,
`ReduceLROnPlateau` is tried first, its patience read off the validation curve: it needs no plan
of how long training takes.

## Sources
- Bottou, Curtis and Nocedal, *Optimization Methods for Large-Scale Machine Learning*, SIAM Review
  2018, section 4: steps must shrink, but not so fast that their sum stays finite; theorem 4.6: at a
  constant rate the loss stays above its minimum by a distance in proportion to the rate.
- He, Zhang, Ren and Sun, *Deep Residual Learning for Image Recognition*, CVPR 2016: a tenth at a
  half and a hundredth at three quarters of training.
- Prechelt, *Early Stopping - But When?*, 1998: generalisation loss, limits of 1 to 5 %.
- Loshchilov and Hutter, *SGDR: Stochastic Gradient Descent with Warm Restarts*, ICLR 2017.
"""

from __future__ import annotations

import math
from typing import Any, cast

import numpy as np

from convalesce import core
from convalesce.core import (
    HISTORY,
    LEARNING_RATE,
    LOSS,
    SETUP,
    VALIDATION_ANSWERS,
)
from convalesce.readings import curves, waiting

FADING = 0.1  # of its height: from here on the rate itself may slow the fall
SPENT = 1e-2  # of its height: the smallest rate of He et al. 2016's step decay
EARLY = core.Limit(
    0.5,
    unit="1",
    source="He et al. 2016 reach a hundredth of the rate at three quarters of training; before "
    "half of it, most of the training has next to no rate",
)
QUARTER = 0.25  # of training: half as late as He et al. 2016's first cut to a tenth
WARM = core.Limit(0.5, unit="1", source="half of its target is the most that the rate ever gets to")
LEARNED = 0.98  # of what chance leaves open: the rate may well rest
POINTS = 129
AGAIN = 2  # cuts at the best value so far: once may be chance, more is the callback's setting
UNLEARNED = 0.75  # of what chance leaves open
SHAKEN = core.Limit(
    0.05,
    unit="1",
    source="Prechelt 1998: a validation loss 5 % above its best, the largest limit, counts as "
    "lost; here chance moves it as far from one epoch to the next",
)
OPEN = core.Limit(
    0.95, unit="1", source="with more known than this, what is open is less than what is relevant"
)
LITTLE = 0.5  # known: where it is less, it is not noise that keeps the training from more
FEWEST = 8  # epochs: for a plateau to show, and a lower rate to help
APART = 0.1  # by which training may be ahead: else it is memorised
STAGES = 8  # of training: He et al. 2016 cut twice in its second half
LOWER_IT = ("Schedule", "ReduceLR", "LearningRate", "Decay")  # in the names of callbacks


def symptom(signals: core.Signals) -> core.Evidence | None:
    """The rate is spent before half of training and the loss still fell; or warm-up never ends.

    Args:
        signals: `SETUP`; the rate as planned, as in force, or of each epoch, and the losses.
    """
    setup, series, history = signals[SETUP], signals.get(LEARNING_RATE), signals.get(HISTORY)
    progress = curves.progress(signals)
    schedule = setup.optimizer.schedule if setup.optimizer is not None else None
    planned = curves.finite(schedule.planned) if schedule is not None else np.empty(0)
    if schedule is not None and (cold := _never_warm(schedule, planned)) is not None:
        return cold
    rates, source = planned, cast("core.Signal[Any]", SETUP)
    if len(rates) < 3 and series is not None:
        rates, source = _evenly(series), LEARNING_RATE
    if len(rates) < 3 and history is not None:
        rates, source = curves.finite(history.learning_rate), HISTORY
    if (shaken := _never_lowered(signals, setup, rates, progress)) is not None:
        return shaken
    at = _spent_at(rates, SPENT)
    cuts = _cuts_at_best(history, setup)
    if at is None or progress.skill > LEARNED or (at > EARLY.value and cuts < AGAIN):
        return None
    fell = _fell_before(signals, _spent_at(rates, FADING) or at)
    unlearned = not math.isfinite(progress.skill) or progress.skill < UNLEARNED
    shown = fell or cuts or (unlearned and at < QUARTER)
    asked = at <= EARLY.value if unlearned else at < QUARTER and progress.skill < OPEN.value
    if not shown and not asked:
        return None  # what was spent late, or had done its work, is asked of no one
    height, left = float(rates.max()), float(rates[-1])
    who = schedule.name if schedule is not None else "ReduceLROnPlateau" if cuts else "the rate"
    return core.Evidence(
        readings=(
            core.Reading(source, at, EARLY, "share of training at which a hundredth was left"),
        ),
        says=f"{who} had cut the rate from {height:.3g} to under a hundredth after {at:.0%} of "
        f"training ({left:.1e} at the end)"
        + (f"; {cuts} cuts came at the best {_monitored(setup)} so far" if cuts else "")
        + (" while the loss still fell" if fell else ""),
        strength=(0.95 if unlearned else 0.8) if shown else 0.6,
        stated=bool(shown),
        severity=core.Severity.ERROR if progress.skill < 0.05 else core.Severity.WARNING,
    )


def _evenly(series: core.Series) -> curves.Floats:
    """The rate at evenly spaced steps: the first steps are looked at more often than later ones."""
    known = np.isfinite(series.values) if series.values.ndim == 1 else np.zeros(0, bool)
    if known.sum() < 3:
        return np.empty(0)
    steps, values = series.steps[known], series.values[known]
    at = np.linspace(steps[0], steps[-1], POINTS)
    return np.asarray(values[np.searchsorted(steps, at, side="right") - 1])


def _spent_at(rates: curves.Floats, share: float) -> float | None:
    """Share of training after which the rate stays under `share` of its height."""
    if len(rates) < 3 or not rates.max() > 0:
        return None
    full = np.flatnonzero(rates >= share * rates.max())
    at = float((full[-1] + 1) / len(rates))
    return at if at < 1 else None


def _never_warm(schedule: core.Schedule, planned: curves.Floats) -> core.Evidence | None:
    target = schedule.settings.get("warmup_target")
    if isinstance(target, str) or target is None or len(planned) < 3:
        return None
    reached = float(planned.max() / target) if target > 0 else math.nan
    if not reached < WARM.value or planned[-1] != planned.max():
        return None
    return core.Evidence(
        readings=(core.Reading(SETUP, reached, WARM, "share of its target that the rate gets to"),),
        says=f"the warm-up of {schedule.name} is longer than the training: the rate ends at "
        f"{reached:.0%} of its target {target:.3g}",
        strength=0.8,
        stated=True,
    )


def _never_lowered(
    signals: core.Signals, setup: core.Setup, rates: curves.Floats, progress: curves.Progress
) -> core.Evidence | None:
    """A constant rate, and a validation loss that chance moves more than learning does."""
    history, answers = signals.get(HISTORY), signals.get(VALIDATION_ANSWERS)
    set_by = [c.name for c in setup.callbacks if any(word in c.name for word in LOWER_IT)]
    constant = len(rates) > 0 and np.ptp(rates) <= 1e-3 * rates.max()
    if history is None or answers is None or not constant or set_by or history.stopped:
        return None
    val, known = curves.finite(history.curve("val_loss")), curves.skill(answers)
    fitted = 1 - progress.end / progress.chance  # in training mode: batches have own statistics
    trained = max(progress.skill, fitted if math.isfinite(fitted) else progress.skill)
    if len(val) < FEWEST or not known > LITTLE or not max(trained, known) < OPEN.value:
        return None
    late = val[-(len(val) // 2) :]
    level, noise, slope = float(np.median(late)), curves.noise(late), curves.trend(late).slope
    shaken = noise / level if level > 0 else 0.0
    if not shaken > SHAKEN.value or abs(slope) > noise or not trained - known < APART:
        return None
    longest = waiting.waited(val).longest
    patience = min(waiting.on_plateau(longest), max(waiting.SOONEST, len(val) // STAGES))
    return core.Evidence(
        readings=(
            core.Reading(HISTORY, shaken, SHAKEN, "noise of the validation loss, of its level"),
            core.Reading(VALIDATION_ANSWERS, known, OPEN, "what is known of validation"),
        ),
        says=f"the rate stayed at {float(rates.max()):.3g}, and from epoch to epoch the validation "
        f"loss jumped by {noise:.2g} about {level:.2g}, while it fell by {max(-slope, 0.0):.1g}",
        strength=0.4,
        severity=core.Severity.NOTE,
        changes=(core.SetSchedule("plateau", patience), core.SetSchedule("cosine")),
    )


def _fell_before(signals: core.Signals, at: float) -> bool:
    """The loss still fell in the last of the time up to this share of training."""
    loss, history = signals.get(LOSS), signals.get(HISTORY)
    if loss is not None and len(loss) and history is not None and history.stopped == "":
        before = curves.finite(loss.values)[: max(1, round(at * len(loss)))]
        ending = curves.ending(curves.blocks(before, 12))
        return ending.falling
    return False


def _cuts_at_best(history: core.History | None, setup: core.Setup) -> int:
    """How often ReduceLROnPlateau cut the rate while the value that it monitors had improved."""
    plateaus = [c for c in setup.callbacks if c.name == "ReduceLROnPlateau"]
    if history is None or not plateaus or "loss" not in _monitored(setup):
        return 0
    curve, rates = history.curve(_monitored(setup)), history.learning_rate
    epochs = range(1, min(len(curve), len(rates)))
    return sum(rates[e] < 0.9 * rates[e - 1] and curve[e] < min(curve[:e]) for e in epochs)


def _monitored(setup: core.Setup) -> str:
    found = [c.settings.get("monitor") for c in setup.callbacks if c.name == "ReduceLROnPlateau"]
    return str(found[0]) if found else ""


def probe(evidence: core.Evidence) -> core.Trial:
    """At another course of the rate it must learn more, or know more where it never fell.

    A cosine helps most short trainings a little: that it does proves no plateau.
    """
    first, *others = remedies(evidence)
    if evidence.changes:
        return core.Trial(first, predict=core.KNOWS, steps=None)
    return core.Trial(first, predict=core.LEARNS, steps=None, otherwise=tuple(others))


def remedies(evidence: core.Evidence) -> list[core.Change]:
    """A decay over the whole training, or none, or one that waits for a real plateau."""
    if evidence.changes:
        return list(evidence.changes)
    return [core.SetSchedule("cosine"), core.SetSchedule("constant"), core.SetSchedule("plateau")]


def _record(
    rates: list[float], losses: list[float], known: float = math.nan, **settings: float
) -> core.Signals:
    schedule = core.Schedule(name="Decay", settings=settings, planned=tuple(rates))
    optimizer = core.Optimizer(name="Adam", learning_rate=rates[0], schedule=schedule)
    return core.record(
        {
            SETUP: core.Setup(losses=(), optimizer=optimizer),
            HISTORY: core.History(metrics={"loss": tuple(losses[1:])}),
            LEARNING_RATE: rates,
            LOSS: losses,
            core.TRAIN_ANSWERS: core.Predictions(
                role="train", examples=500, accuracy=known, baseline_accuracy=0.0
            ),
        }
    )


def _shaken(by: float) -> core.Signals:
    """A constant rate, and a validation loss that swings by so much."""
    losses = [2.0, 1.2, 0.9, 0.8, 0.7, *(0.7 * (1 + by * (-1) ** i) for i in range(8))]
    answers = {"examples": 500, "loss": losses[-1], "baseline_loss": 2.3}
    return core.record(
        {
            SETUP: core.Setup(losses=(), optimizer=core.Optimizer(name="SGD", learning_rate=0.03)),
            HISTORY: core.History(metrics={"loss": tuple(losses), "val_loss": tuple(losses)}),
            LEARNING_RATE: [0.03] * 20,
            core.TRAIN_ANSWERS: core.Predictions(role="train", **answers),
            VALIDATION_ANSWERS: core.Predictions(role="validation", **answers),
        }
    )


_HALVED = [1e-3 * 0.5**i for i in range(20)]
_FIFTHS = [1e-3 * 0.2 ** (i // 2) for i in range(20)]
_TENTHS = [1e-3 * 0.1**i for i in range(20)]
_COSINE = [1e-3 * (0.5 + 0.5 * math.cos(math.pi * i / 19)) for i in range(20)]

CAUSE = core.Cause(
    module=__name__,
    page=__doc__,
    needs=(SETUP,),
    wants=(
        LEARNING_RATE,
        VALIDATION_ANSWERS,
        *(s for s in curves.PROGRESS if s is not SETUP),
    ),
    symptom=symptom,
    probe=probe,
    remedies=remedies,
    mimics=("hp.lr_low", "hp.lr_high", "hp.batch_small", "arch.frozen"),
    sick=(
        _record(_HALVED, [2.3, 2.2, 2.1, 2.0, 1.9, 1.8, *[1.75] * 14]),
        _record([1e-5 * i for i in range(20)], [2.3] * 20, warmup_target=1e-2),
        _shaken(0.15),
        _record(_FIFTHS, [2.3, 1.4, 1.1, 1.0, 0.95, *[0.94] * 15], known=0.6),
        _record(_TENTHS, [2.3, 1.4, 1.1, 1.0, 0.95, *[0.94] * 15], known=0.9),
    ),
    healthy=(
        _record(_TENTHS, [2.3, 1.4, 1.1, 1.0, 0.95, *[0.94] * 15], known=0.96),
        _record(_FIFTHS, [2.3, 1.4, 1.1, 1.0, 0.95, *[0.94] * 15], known=0.9),
        _record(_COSINE, [2.3 * 0.8**i for i in range(20)]),
        _record([1e-3] * 20, [2.3, 2.2, 2.1, 2.0, 1.9, 1.8, *[1.75] * 14]),
        _shaken(0.02),
    ),
)
