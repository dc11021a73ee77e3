"""Too little capacity for the task.

The net is so small, or so narrow at one place, that it cannot hold what the task asks for, however
long it trains.

## Symptom
Training and validation level off together, low. Somewhere on the way fewer numbers an example
are left than there are classes to tell apart; or a layer has but one or two filters; or all weights
together can hold a few per cent of what the labels say. Where the loss still falls, that last is a
weak sign: a higher rate, or time, are tried beside it.

## Why it happens
With d numbers in front of it, an output layer for C classes has scores of rank d at most: with d
below C - 1, most of what tells classes apart is gone. A plateau alone doesn't speak for this
cause: noise in the labels, classes that overlap and a stalled optimizer look the same.

## How it is confirmed
A copy twice as wide, from fresh weights, must end the same steps with a lower loss.

## Remedy
More filters and units; one or two more layers, convolutional for pictures; a pretrained base.

## Sources
- Yang, Dai, Salakhutdinov and Cohen, *Breaking the Softmax Bottleneck: A High-Rank RNN Language
  Model*, ICLR 2018.
- Cover, *Geometrical and Statistical Properties of Systems of Linear Inequalities with Applications
  in Pattern Recognition*, IEEE Transactions on Electronic Computers, 1965: a unit of W weights
  can be taught about 2 W yes/no answers.
"""

from __future__ import annotations

import math
from dataclasses import replace

from convalesce import core
from convalesce.core import (
    HISTORY,
    MODEL,
    TRAIN,
    TRAIN_ANSWERS,
    VALIDATION_ANSWERS,
)
from convalesce.readings import flow, structure
from convalesce.readings.curves import ending, skill

NARROW = core.Limit(
    1, unit="1", source="numbers left an example over classes - 1: the rank that scores may need"
)
FEW = core.Limit(2, unit="filters", source="no layer of a published net is as narrow")
HOLDS = core.Limit(
    0.05, unit="1", source="2 bits a weight (Cover 1965) over the bits of all labels; a twentieth"
)
LEARNED = 0.8  # skill from which little is left to a wider net
GAP = 0.1  # a net too small cannot be far ahead on its training examples
ONE_OF_MANY = {"class_index", "one_hot"}


def symptom(signals: core.Signals) -> core.Evidence | None:
    """A net that learned too little, on training examples too, and is tiny for its classes.

    Args:
        signals: `MODEL`, `TRAIN`, `TRAIN_ANSWERS`; validation must not lie far behind.
    """
    model, train, answers = signals[MODEL], signals[TRAIN], signals[TRAIN_ANSWERS]
    gained, history = skill(answers), signals.get(HISTORY)
    ahead = flow.gap(answers, signals.get(VALIDATION_ANSWERS))
    target = train.targets[0] if train.targets else None
    if not gained < LEARNED or ahead >= GAP or target is None:
        return None
    classes = _classes(target)
    settled = history is not None and not ending(history.curve("loss")).falling
    readings: list[core.Reading] = []
    layer, left = _narrowest(model)
    if classes > 2 and layer and left < classes - 1:
        says = f"{layer.name} leaves {left} numbers an example to tell {classes} classes apart"
        readings.append(core.Reading(MODEL, left / (classes - 1), NARROW, says))
    few = [x for x in structure.hidden(model) if structure.width(x) <= FEW.value]
    if few and not model.skips and target.form in {*ONE_OF_MANY, "binary", "multi_hot"}:
        width = structure.width(few[0])
        readings.append(core.Reading(MODEL, width, FEW, f"{few[0].name} has a width of {width}"))
    held = _held(model, classes, train.examples)
    if held < HOLDS.value:
        says = f"all weights can hold {held:.1%} of what the labels say"
        readings.append(core.Reading(MODEL, held, HOLDS, says))
    if not readings:
        return None
    narrow = readings[0].limit is NARROW
    moved = gained >= 0.05
    slow = readings[0].limit is HOLDS and not settled  # a rate or time may do as well
    return core.Evidence(
        readings=tuple(readings),
        says=f"{readings[0].says}; {max(gained, 0):.0%} of what chance leaves is learned, and "
        "validation does no worse",
        strength=(0.35 + 0.2 * len(readings)) * (1 if moved and not slow else 0.6),
        stated=narrow and moved and gained < 0.5,
        severity=core.Severity.WARNING,
        layers=tuple(dict.fromkeys(x.name for x in ((layer, *few) if narrow else few) if x)),
        site=layer.site if narrow and layer else None,
    )


def _classes(target: core.Targets) -> int:
    """Of which an example has one; 0 where it is otherwise."""
    if target.form == "binary":
        return 2
    return target.classes or 0 if target.form in ONE_OF_MANY else 0


def _narrowest(model: core.Model) -> tuple[core.Layer | None, int]:
    """The layer behind the first weighted one that leaves the fewest numbers an example."""
    weighted, inner = structure.weighted(model), structure.hidden(model)
    if not inner or model.skips or len(model.outputs) > 1:
        return None, structure.MOST
    names = [layer.name for layer in model.layers]
    first, last = names.index(inner[0].name), names.index(weighted[-1].name)
    between = [x for x in model.layers[first:last] if x.output_shape and None not in x.output_shape]
    if not between:
        return None, structure.MOST
    layer = min(between, key=lambda x: structure.count(x.output_shape))
    return layer, structure.count(layer.output_shape)


def _held(model: core.Model, classes: int, examples: int | None) -> float:
    """Bits that the weights can hold over the bits of the labels; nan without classes."""
    if classes < 2 or not examples or examples < 0 or model.parameters <= 0:
        return math.nan
    labels = min(examples, structure.MOST) * math.log2(classes)
    return 2 * min(model.parameters, structure.MOST) / labels


def probe(evidence: core.Evidence) -> core.Trial:
    """A net four times as wide must learn more from the same training."""
    return core.Trial(
        core.ScaleWidth(4.0),
        predict=core.LEARNS,
        steps=None,
        otherwise=(core.ChangeDepth(1),),
    )


def remedies(evidence: core.Evidence) -> list[core.Change]:
    """Wider, deeper, or pretrained."""
    return [core.ScaleWidth(4.0), core.ChangeDepth(1), core.Transfer()]


def _record(width: int, accuracy: float, held_out: float) -> core.Signals:
    conv = core.Layer(
        name="conv",
        path="conv",
        kind="Conv2D",
        activation="relu",
        kernel_shape=(3, 3, 1, width),
        output_shape=(13, 13, width),
    )
    pool = core.Layer(name="pool", path="pool", kind="GlobalPool", output_shape=(width,))
    head = core.Layer(
        name="head", path="head", kind="Dense", kernel_shape=(width, 10), output_shape=(10,)
    )
    output = core.Output(name="y", layer="head", shape=(10,), width=10, activation="softmax")
    target = core.Targets(name="y", shape=(), dtype="int64", form="class_index", classes=10)
    answers = core.Predictions(role="train", examples=500, accuracy=accuracy, baseline_accuracy=0.1)
    return core.record(
        {
            MODEL: core.Model(
                name="m",
                style="sequential",
                layers=(conv, pool, head),
                outputs=(output,),
                parameters=21 * width + 10,
            ),
            TRAIN: core.Split(
                role="train",
                source="arrays",
                examples=3000,
                scanned=3000,
                whole=True,
                inputs=(),
                targets=(target,),
            ),
            TRAIN_ANSWERS: answers,
            VALIDATION_ANSWERS: replace(answers, role="validation", accuracy=held_out),
            HISTORY: core.History(metrics={"loss": (2.2, 2.0, 1.9, 1.8, 1.7, 1.7, 1.7, 1.7)}),
        }
    )


def _few_weights() -> core.Signals:
    """A net of a few units that has learned half of a yes or no, and still does so slowly."""
    record = _record(3, 0.5, 0.5)
    target = core.Targets(name="y", shape=(), dtype="float32", form="binary")
    falling = core.History(metrics={"loss": (0.68, 0.66, 0.64, 0.62, 0.6, 0.58, 0.56, 0.54)})
    split = replace(record[TRAIN], targets=(target,))
    return core.record({**record.recorded, TRAIN: split, HISTORY: falling})


CAUSE = core.Cause(
    module=__name__,
    page=__doc__,
    needs=(MODEL, TRAIN, TRAIN_ANSWERS),
    wants=(VALIDATION_ANSWERS, HISTORY),
    symptom=symptom,
    probe=probe,
    remedies=remedies,
    mimics=(
        "data.labels",
        "data.unnormalized",
        "arch.missing_nonlinearity",
        "arch.frozen",
        "arch.downsampling",
        "reg.too_strong",
        "hp.lr_low",
        "hp.lr_high",
        "hp.epochs_few",
    ),
    sick=(_record(2, 0.33, 0.33), _few_weights()),
    healthy=(_record(2, 0.93, 0.93), _record(64, 0.4, 0.4), _record(2, 0.7, 0.3)),
)
