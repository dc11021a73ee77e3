"""Batch too large: few updates, too much memory.

An epoch makes a handful of updates, and the budget of epochs is spent before the loss is down.

## Symptom
Ten updates an epoch or fewer on a set that would give many more, and a loss that still
falls nearly as fast at the end as it did on average. Or training stops for want of memory.

## Why it happens
Beyond the gradient noise scale a larger batch makes the gradient hardly better, but it uses up the
examples in proportion. Memory for activations grows with the batch as well.

## How it is confirmed
Updates an epoch are a fact; that they are too few is an experiment: a smaller batch, the rate
scaled with it, must end lower after the same examples. More epochs or a higher rate mend part of
it. An exception for want of memory names itself.

## Remedy
A batch of 32, the rate scaled with it. Out of memory: halve the batch, or accumulate gradients.

## Sources
- Keskar, Mudigere, Nocedal, Smelyanskiy and Tang, *On Large-Batch Training for Deep Learning*, ICLR
  2017: a tenth of the training data is their large batch.
- Masters and Luschi, *Revisiting Small Batch Training for Deep Neural Networks*, 2018: batches of
  2 to 32 do best.
- McCandlish, Kaplan, Amodei et al., *An Empirical Model of Large-Batch Training*, 2018.
"""

from __future__ import annotations

import math
import re

from convalesce import core
from convalesce.core import (
    CRASH,
    LOSS,
    SETUP,
    TRAIN,
)
from convalesce.readings import curves

SHARE = core.Limit(
    0.1, unit="1", source="Keskar et al. 2017: a tenth of the training data is a large batch"
)
PACE = core.Limit(
    0.5,
    unit="1",
    source="an exponential approach has this pace after 1.26 time constants, with 28 % of its "
    "fall ahead: x / (exp(x) - 1) = 0.5",
)
MEMORY = core.Limit(0, unit="failed allocations", source="one that fails ends the training")
FEW = 100  # updates: hardly any net is trained from scratch in so few
BEST = 32  # Masters and Luschi 2018: the largest of the batches that do best
LEARNED, UNLEARNED, CHANCE = 0.9, 0.5, 0.05  # of what chance leaves open


def symptom(signals: core.Signals) -> core.Evidence | None:
    """A batch that is a tenth of the data, and a loss that had not come down.

    Args:
        signals: `SETUP`, `LOSS`; the training data for their number.
    """
    setup, loss, progress = signals[SETUP], signals[LOSS], curves.progress(signals)
    train, size = signals.get(TRAIN), setup.batch_size
    examples = train.examples if train is not None else None
    if examples is None and size and setup.steps_per_epoch:
        examples = size * setup.steps_per_epoch
    if not size or not examples or size <= BEST or examples < 2 * BEST:
        return None
    share = min(1.0, size / examples)
    course = curves.fall(curves.blocks(loss.values), progress.start)
    if share < SHARE.value or course is None or progress.skill > LEARNED:
        return None
    unfinished = course.sure and course.pace > PACE.value
    done = int(loss.steps[-1] - loss.steps[0]) + 1
    poor = progress.skill < UNLEARNED
    if not unfinished and not (poor and (course.sure or done < FEW)):
        return None
    updates = math.ceil(examples / size)
    return core.Evidence(
        readings=(
            core.Reading(SETUP, share, SHARE, "share of the training data in one batch"),
            core.Reading(LOSS, course.pace, PACE, "pace of the fall at the end"),
        ),
        says=f"batches of {size} leave {updates} updates an epoch, {done} in all; "
        + (
            f"the loss still fell at {min(course.pace, 9.99):.0%} of its mean rate at the end"
            if unfinished
            else f"{max(progress.skill, 0.0):.0%} of the task is learned"
        ),
        strength=min(0.85, 0.55 + 0.3 * share),
        severity=core.Severity.ERROR if progress.skill < CHANCE else core.Severity.WARNING,
    )


def crash(event: core.Crash) -> core.Evidence | None:
    """Memory ran out."""
    text = event.message.lower()
    named = event.exception in {"ResourceExhaustedError", "MemoryError", "_ArrayMemoryError"}
    if not named and not re.search(
        r"\boom when allocating|out of memory|resource_?exhausted", text
    ):
        return None
    in_step = event.phase in {"fit", "evaluate"} and event.exception != "_ArrayMemoryError"
    building = event.phase == "build"
    return core.Evidence(
        readings=(core.Reading(CRASH, 1, MEMORY, "allocations that failed"),),
        says="memory ran out"
        + (f" in layer {event.layer}" if event.layer else "")
        + (
            ": activations grow with the batch"
            if in_step
            else ": its weights alone are too many, whatever the batch"
            if building
            else " before training began"
        ),
        strength=0.9 if in_step else 0.3,
        stated=in_step,
        severity=core.Severity.ERROR,
        layers=(event.layer,) if event.layer else (),
        site=event.site,
    )


def probe(evidence: core.Evidence) -> core.Trial:
    """A batch of 32, the rate scaled with it, must learn more from the same examples."""
    return core.Trial(core.SetBatchSize(BEST), predict=core.LEARNS, steps=None)


def remedies(evidence: core.Evidence) -> list[core.Change]:
    """A smaller batch; else a higher rate for the few updates there are."""
    return [core.SetBatchSize(BEST), core.ScaleLearningRate(3.0)]


def _record(size: int, losses: list[float]) -> core.Signals:
    sgd = core.Optimizer(name="SGD", learning_rate=0.01)
    split = core.Split(
        role="train",
        source="arrays",
        examples=2000,
        scanned=2000,
        whole=True,
        inputs=(),
        targets=(),
    )
    return core.record(
        {
            SETUP: core.Setup(losses=(), optimizer=sgd, batch_size=size),
            TRAIN: split,
            LOSS: losses,
        }
    )


_STILL_FALLING = [2.3 - 0.02 * i for i in range(20)]

CAUSE = core.Cause(
    module=__name__,
    page=__doc__,
    needs=(SETUP, LOSS),
    wants=tuple(s for s in curves.PROGRESS if s not in {SETUP, LOSS}),
    symptom=symptom,
    probe=probe,
    remedies=remedies,
    asks=(core.Instrument.NOISE_SCALE,),
    mimics=("hp.lr_low", "hp.epochs_few", "hp.loss", "data.insufficient", "arch.frozen"),
    crash=crash,
    sick=(_record(1000, _STILL_FALLING),),
    healthy=(
        _record(32, _STILL_FALLING),
        _record(1000, [2.3 * 0.7**i for i in range(20)]),
    ),
    sick_crashes=(
        core.Crash(
            exception="ResourceExhaustedError",
            message="OOM when allocating tensor with shape[4096,64,224,224] and type float",
            phase="fit",
        ),
        core.Crash(exception="MemoryError", message="", phase="fit"),
    ),
)
