"""The last layer's activation does not suit the task or the loss.

The last activation decides what the model can say at all. What it cannot say it cannot learn.

## Symptom
Accuracy at chance, answers outside the range of the targets or stuck at its edge. The loss need
not show it: Keras takes a cross-entropy from the scores behind a softmax or a sigmoid, so the
loss of `Dense(1, activation="softmax")` falls as that of a sigmoid does, while every answer is 1.

## Why it happens
Softmax makes the answers of one example sum to 1: right for one of many, wrong where several
labels can be true, and constant over a single unit. Sigmoid ends at 0 and 1, tanh at -1 and 1,
ReLU knows nothing below 0 and has no gradient there. Raw scores are no probabilities unless the
loss is told so by `from_logits=True`.

## How it is confirmed
By facts: labels, output and loss are held against the table of what fits together. The part
whose single change makes all fit is at fault; where two are alike, both are named. As an
experiment, the same steps with the fitting activation must end with a lower loss.

## Remedy
Softmax for one of many, sigmoid for yes or no and for many of many, linear for figures (with
`softplus` or `exponential` where they are positive), tanh for labels of -1 and +1.

## Sources
- Goodfellow, Bengio and Courville, *Deep Learning*, MIT Press 2016, section 6.2.2: output units.
- Cao, Li, Chen, Cheung, Xu and others, *DeepFD: Automated Fault Diagnosis and Localization for
  Deep Learning Programs*, ICSE 2022.
"""

from __future__ import annotations

from convalesce import core, readings
from convalesce.core import (
    CRASH,
    FED,
    MODEL,
    SETUP,
    TRAIN,
)
from convalesce.readings.specimen_fit import fit, labels, loss

FITS = core.Limit(0, unit="parts that don't fit", source="labels, output and loss of one task")
SURE, SHARED = 1.0, 0.9  # strength where this part alone is at fault, and where it shares


def symptom(signals: core.Signals) -> core.Evidence | None:
    """An output that does not fit its labels and its loss.

    Args:
        signals: `TRAIN`, `MODEL`, `SETUP`; `FED` where the data came through a pipeline.
    """
    model = signals[MODEL]
    data = readings.reached(signals[TRAIN], signals.get(FED))
    found = readings.blamed(data, model, signals[SETUP], "output_activation")
    if found is None or found.severity == core.Severity.NOTE:
        return None
    layer = next((x for x in model.layers if x.name == found.output), None)
    return core.Evidence(
        readings=(core.Reading(MODEL, 1, FITS, "output against labels and loss"),),
        says=found.says,
        strength=SHARED if found.tied else SURE,
        stated=True,
        severity=found.severity,
        layers=(found.output,) if found.output else (),
        changes=(found.change,),
        site=layer.site if layer else None,
    )


def crash(crash: core.Crash) -> core.Evidence | None:
    """Labels and answers of different width, or answers for positions that have no label."""
    found = readings.collision(crash)
    if found is None or "output_activation" not in found.parts:
        return None
    limit = core.Limit(found.limit, found.unit, source="every label is compared with one answer")
    return core.Evidence(
        readings=(core.Reading(CRASH, found.observed, limit),),
        says=found.says,
        strength=SURE if found.parts == ("output_activation",) else SHARED / 2,
        stated=True,
        severity=core.Severity.ERROR,
        changes=(found.changes["output_activation"],),
        site=crash.site,
    )


def probe(evidence: core.Evidence) -> core.Trial:
    """With the fitting output the loss must fall."""
    return core.Trial(remedies(evidence)[0], predict=core.LEARNS)


def remedies(evidence: core.Evidence) -> list[core.Change]:
    """The output that fits labels and loss."""
    return [*evidence.changes] or [core.SetOutputActivation("softmax")]


CAUSE = core.Cause(
    module=__name__,
    page=__doc__,
    needs=(TRAIN, MODEL, SETUP),
    wants=(FED,),
    symptom=symptom,
    probe=probe,
    remedies=remedies,
    mimics=("hp.loss", "data.labels", "arch.dead_units", "hp.lr_high", "hp.lr_low"),
    crash=crash,
    sick=(
        core.record(fit(labels("binary"), "softmax", 1, loss("binary_crossentropy"))),
        core.record(fit(labels("one_hot", 9), "relu", 9, loss("categorical_crossentropy"))),
        core.record(fit(labels("multi_hot", 4), "softmax", 4, loss("binary_crossentropy"))),
        core.record(fit(labels("continuous"), "relu", 1, loss("mean_squared_error"))),
    ),
    healthy=(
        core.record(fit(labels("binary"), "sigmoid", 1, loss("binary_crossentropy"))),
        core.record(fit(labels("one_hot", 9), "softmax", 9, loss("categorical_crossentropy"))),
        core.record(fit(labels("class_index", 90), "linear", 1, loss("mean_absolute_error"))),
        core.record(fit(labels("mask_binary"), "sigmoid", 1, loss("soft_dice", known=False))),
    ),
    sick_crashes=(
        core.Crash(
            exception="ValueError",
            message="Argument `output` must have rank (ndim) `target.ndim - 1`. Received: "
            "target.shape=(None,), output.shape=(None, 14, 14, 10)",
            phase="fit",
        ),
        core.Crash(
            exception="ValueError",
            message="Arguments `target` and `output` must have the same shape. Received: "
            "target.shape=(32, 9), output.shape=(32, 10)",
            phase="fit",
            part="loss",
            function="categorical_crossentropy",
        ),
    ),
)
