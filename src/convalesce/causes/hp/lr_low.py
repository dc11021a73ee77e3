"""Learning rate too low.

Every update is so small that the loss falls far too slowly to be of use.

## Symptom
The loss falls steadily, calmly and nearly as fast at the end as at the start, or hardly at all;
added up, all updates of the training could not have moved a kernel by a third of its norm.

## Why it happens
Progress a step along a direction of curvature $h$ is the rate times $h$. A rate below what the
curvature allows wastes steps in proportion.

## How it is confirmed
One snapshot, the same batches, 100 steps at ten times the rate: the loss must end lower. Frozen
layers, a rate that has decayed and gradients that vanish leave small updates too; so do a
handful of large batches, whose single updates are of healthy size, however.

## Remedy
The rate that a confirmed range test finds; as a first guess ten times the present one. For Adadelta
the rate of 1 that it is defined with: Keras's default is a thousandth of it.

## Sources
- LeCun, Bottou, Orr and Müller, *Efficient BackProp*, 1998, section 5.1.
- Smith, *Cyclical Learning Rates for Training Neural Networks*, WACV 2017.
- Zeiler, *ADADELTA: An Adaptive Learning Rate Method*, 2012: no rate but 1.
- Karpathy, *CS231n: Convolutional Neural Networks for Visual Recognition*, notes on babysitting the
  learning process: an update of about 1e-3 of the weights.
"""

from __future__ import annotations

import math

import numpy as np

from convalesce import core
from convalesce.core import (
    LOSS,
    UPDATE_RATIO,
)
from convalesce.readings import curves

RATIO = core.Limit(
    1e-3, unit="1", source="CS231n notes: about 1e-3 a step is healthy, much less is too slow"
)
PATH = core.Limit(
    0.3,
    unit="1",
    source="all updates in one direction could turn a kernel by 17 degrees: little is learned "
    "beyond the initial features",
)
STRAIGHT = core.Limit(
    0.8,
    unit="1",
    source="x / (exp(x) - 1) = 0.8: after not half a time constant, nearly a straight line",
)
UNIT = 1.0  # the rate that Zeiler 2012 defines Adadelta with
LARGE = 1e-2  # update ratio, ten times the healthy one: the rate is not low
LEARNED = 0.75  # of what chance leaves open: slow or not, it gets there
HALF, UNLEARNED = 0.5, 0.05
CALM = 0.5  # oscillation: what it rose, as a share of what it fell
FEWEST, MANY = 10, 100  # steps; in fewer than MANY no rate gets far


def symptom(signals: core.Signals) -> core.Evidence | None:
    """Small updates, and a training that has not got far.

    Args:
        signals: `LOSS`, `UPDATE_RATIO`, shape `(time, variable)`, and what tells progress.
    """
    loss, ratios = signals[LOSS], curves.of_kernels(signals[UPDATE_RATIO])
    progress = curves.progress(signals)
    known = curves.finite(ratios)
    steps = curves.finite(loss.values)
    if len(known) < FEWEST or len(steps) < max(FEWEST, len(loss)) or progress.skill > LEARNED:
        return None
    with np.errstate(all="ignore"):
        largest = float(max(np.median(part) for part in np.array_split(known, 10)))
        path = float(known.mean()) * float(loss.steps[-1] - loss.steps[0] + 1)
    course = curves.fall(curves.blocks(steps), progress.start)
    if course is None or largest <= 0 or steps[-1] > 2 * max(steps[0], progress.start):
        return None
    short = largest < RATIO.value and path < PATH.value
    calm = curves.oscillation(curves.blocks(steps, 10)) < CALM
    straight = course.sure and course.pace > STRAIGHT.value and calm and largest < LARGE
    straight = straight and progress.skill < HALF and len(steps) >= MANY and not _turned(signals)
    if not short and not straight:
        return None
    readings = [
        core.Reading(UPDATE_RATIO, largest, RATIO, "update over weight of the typical kernel"),
        core.Reading(UPDATE_RATIO, path, PATH, "sum of all updates over the weight"),
        core.Reading(LOSS, course.pace, STRAIGHT, "pace of the fall at the end"),
    ]
    unlearned = progress.skill < UNLEARNED and len(steps) >= MANY
    return core.Evidence(
        readings=tuple(readings if short else readings[::-1]),
        says=f"updates of {largest:.1e} of the weights a step add up to {path:.2g} of their norm; "
        + (
            f"the loss still falls at {min(course.pace, 9.99):.0%} of its mean rate"
            if course.sure
            else f"the loss went from {progress.start:.3g} to {course.end:.3g}"
        ),
        strength=_strength(largest if short else RATIO.value, straight=straight),
        severity=core.Severity.ERROR if unlearned else core.Severity.WARNING,
        changes=(core.ScaleLearningRate(_defined(signals) or _factor(largest)),),
    )


def _defined(signals: core.Signals) -> float:
    """What brings Adadelta to the rate of 1 that it is defined with; 0 where it is another one."""
    setup = signals.get(core.SETUP)
    optimizer = setup.optimizer if setup is not None else None
    if optimizer is None or optimizer.name != "Adadelta" or optimizer.schedule is not None:
        return 0.0
    return 1 / optimizer.learning_rate if 0 < optimizer.learning_rate < UNIT / 3 else 0.0


def _factor(ratio: float) -> float:
    """What brings updates to their healthy size, one digit; three at least, a thousand at most."""
    return float(f"{min(1000.0, max(3.0, RATIO.value / max(ratio, 1e-9))):.1g}")


def _turned(signals: core.Signals) -> bool:
    """Validation was best before the last fifth: what still falls is memorised."""
    history = signals.get(core.HISTORY)
    val = curves.finite(history.curve("val_loss")) if history is not None else np.empty(0)
    return len(val) > 2 and int(np.argmin(val)) < len(val) - max(1, len(val) // 5)


def _strength(ratio: float, *, straight: bool) -> float:
    orders = math.log10(RATIO.value / ratio) if ratio > 0 else 0.0
    return min(0.9, 0.4 + 0.15 * min(orders, 2.0) + 0.2 * straight)


def probe(evidence: core.Evidence) -> core.Trial:
    """At a rate whose updates are of a healthy size it must learn more in the same steps."""
    usual = core.ScaleLearningRate(10.0)
    first = evidence.changes[0]
    return core.Trial(
        first, predict=core.LEARNS, steps=200, otherwise=(usual,) if usual != first else ()
    )


def remedies(evidence: core.Evidence) -> list[core.Change]:
    """The measured rate; else the factor that brings updates to their healthy size."""
    return [core.FindLearningRate(), *evidence.changes]


def _record(ratio: float, losses: list[float], skill: float) -> core.Signals:
    answers = core.Predictions(role="train", examples=9, loss=1 - skill, baseline_loss=1.0)
    return core.record(
        {
            LOSS: losses,
            UPDATE_RATIO: {"dense/kernel": [ratio] * len(losses)},
            core.TRAIN_ANSWERS: answers,
        }
    )


_SLOWLY = [2.3 - 0.01 * i for i in range(40)]

CAUSE = core.Cause(
    module=__name__,
    page=__doc__,
    needs=(LOSS, UPDATE_RATIO),
    wants=(*(s for s in curves.PROGRESS if s not in {LOSS, core.SETUP}), core.SETUP),
    symptom=symptom,
    probe=probe,
    remedies=remedies,
    asks=(core.Instrument.SHARPNESS, core.Instrument.ALONG_UPDATE),
    mimics=(
        "hp.lr_schedule",
        "hp.optimizer",
        "arch.frozen",
        "arch.vanishing_gradient",
        "arch.dead_units",
        "arch.initialization",
        "arch.output_activation",
        "data.unnormalized",
        "hp.loss",
    ),
    sick=(_record(1e-5, _SLOWLY, 0.1), _record(1e-5, [2.3] * 40, 0.0)),
    healthy=(
        _record(1e-3, [2.3 * 0.9**i for i in range(40)], 0.9),
        _record(5e-2, [2.3, 40.0, 2.3, 60.0] * 10, 0.0),
    ),
)
