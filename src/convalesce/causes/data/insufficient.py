"""Too few training examples for the model's capacity.

What few examples have in common by accident, a large model takes for the rule.

## Symptom
Training is answered nearly perfectly, in inference mode too, and validation far less well; the
validation loss turns up early.

## Why it happens
With n independent examples what is learned is off by about 1/sqrt(n), the more so the more
parameters there are to fit. A few dozen examples of a class rarely show what varies within it.

## How it is confirmed
By the examples of each class (or in all, for regression) and the parameters that train, together
with the gap between both splits, beyond its margin of error. Overfitting for want of regularisation
looks the same: it stays a suspicion, unless a class has no more than twenty. Training on
less data still, and the slope from there, would settle it.

## Remedy
Mild augmentation; a pretrained base; a smaller model; more data. A gap that shrinks with
1/sqrt(n) needs (gap / target)^2 times the examples.

## Sources
- Cho, Lee, Shin, Choy and Do, *How much data is needed to train a medical image deep learning
  system to achieve necessary high accuracy?*, arXiv:1511.06348, 2015 (5 to 200 pictures a class).
- Hestness et al., *Deep Learning Scaling is Predictable, Empirically*, arXiv:1712.00409, 2017.
"""

from __future__ import annotations

import math
from dataclasses import replace

from convalesce import core
from convalesce.core import (
    MODEL,
    TRAIN,
    TRAIN_ANSWERS,
    VALIDATION_ANSWERS,
)
from convalesce.readings import curves, data_reading, specimen

FEW = core.Limit(
    200, unit="examples", source="a class; accuracy still climbed up to here in Cho 2015"
)
HANDFUL = 20  # a class: the lower end of the same study, where accuracy was poor throughout
GAP = core.Limit(0.1, unit="1", source="a tenth of what there is to learn is learned by heart only")
CARRIES = 0.75  # of what training shows: with less, more examples are worth their cost
LEARNED = 0.8  # of what there is to learn, shown by training: it has fitted its examples
TARGET = 0.05  # the gap that more data should leave
SURE = 2.0  # standard errors of the validation figure
MOST = 100.0  # times the examples: beyond it no one collects them


def symptom(signals: core.Signals) -> core.Evidence | None:
    """Few examples, all of them fitted, and validation far behind.

    Args:
        signals: `TRAIN`, `MODEL`, `TRAIN_ANSWERS`, `VALIDATION_ANSWERS`.
    """
    train, model = signals[TRAIN], signals[MODEL]
    ours, theirs = signals[TRAIN_ANSWERS], signals[VALIDATION_ANSWERS]
    known, shown = curves.skill(ours), curves.skill(theirs)
    gap = known - shown
    error = 0.5 / math.sqrt(theirs.examples) if theirs.examples > 0 else math.inf
    if not known >= LEARNED or not max(GAP.value, SURE * error) < gap < math.inf:
        return None
    examples = data_reading.size(train)
    labels = data_reading.labels_of(train)
    classes = max(1, data_reading.present(labels)) if labels is not None else 1
    each = examples / classes
    per_example = model.trainable_parameters / max(1, examples)
    if not 0 < each <= FEW.value or per_example <= 1:
        return None
    kept = data_reading.unit(shown)
    scarcity = math.log(FEW.value / max(each, 1.0)) / math.log(FEW.value)
    return core.Evidence(
        readings=(
            core.Reading(TRAIN, each, FEW, "training examples of a class"),
            core.Reading(VALIDATION_ANSWERS, gap, GAP, "what training shows and validation not"),
        ),
        says=f"{examples} training examples ({each:.0f} a class) for "
        f"{model.trainable_parameters:,} parameters: of what there is to learn training shows "
        f"{known:.0%} and validation {kept:.0%}",
        strength=data_reading.unit(0.3 + 0.4 * scarcity + 0.3 * data_reading.unit(gap)),
        stated=labels is not None and each <= HANDFUL,
        severity=core.Severity.WARNING if shown < CARRIES * known else core.Severity.NOTE,
        changes=(
            core.Augment(),
            core.Transfer(),
            core.ScaleWidth(0.5),
            core.CollectData(min(MOST, (gap / TARGET) ** 2)),
        ),
    )


def probe(evidence: core.Evidence) -> core.Trial:
    """With examples varied mildly, what is known of validation must rise."""
    return core.Trial(remedies(evidence)[0], predict=core.IS_SURE, steps=None, decisive=False)


def remedies(evidence: core.Evidence) -> list[core.Change]:
    """More examples, or more of them made from those at hand; or less to fit."""
    return list(evidence.changes) or [core.Augment()]


def _case(each: int, validation: float) -> core.Signals:
    ours = core.Predictions(role="train", examples=320, accuracy=1.0, baseline_accuracy=0.25)
    model = core.Model(
        name="m", style="sequential", layers=(), outputs=(), trainable_parameters=50_000
    )
    return core.record(
        {
            TRAIN: specimen.split(specimen.targets((each,) * 4)),
            MODEL: model,
            TRAIN_ANSWERS: ours,
            VALIDATION_ANSWERS: replace(ours, role="validation", accuracy=validation),
        }
    )


CAUSE = core.Cause(
    module=__name__,
    page=__doc__,
    needs=(TRAIN, MODEL, TRAIN_ANSWERS, VALIDATION_ANSWERS),
    symptom=symptom,
    probe=probe,
    remedies=remedies,
    asks=(core.Instrument.LEARNING_CURVE,),
    mimics=(
        "reg.overfitting",
        "hp.epochs_many",
        "data.preprocessing_mismatch",
        "data.labels",
        "data.unshuffled",
    ),
    sick=(_case(12, 0.5), _case(100, 0.7)),
    healthy=(_case(12, 0.99), _case(5000, 0.8)),
)
