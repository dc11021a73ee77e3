"""The loss does not suit the task or the form of the labels.

A loss is a question to the labels. Asked in the wrong form, it stops with an error at best, and
at worst it is answered: with a loss that falls for ever, or that is 0 from the start.

## Symptom
An error about shapes or ranges; a loss that falls while the metric does not; a loss below zero; a
loss of exactly 0 from the first step; an accuracy that creeps.

## Why it happens
Binary cross-entropy has no lower bound for labels outside 0 to 1. Categorical cross-entropy over
one unit is always 0. Sparse categorical cross-entropy takes class numbers, categorical takes
rows. An absolute error on softmax answers gives hardly any gradient while the right class is
unlikely; a squared error gives little. Without `from_logits=True`, scores count as probabilities.

## How it is confirmed
By facts: labels, output and loss are held against the table of what fits together. A squared
error on classes can train soundly: it counts only where the training answers stay near the best
constant answer, and is then a suspicion. As an experiment, the fitting loss must train faster.

## Remedy
Binary cross-entropy for yes or no and many of many, categorical or sparse categorical
cross-entropy for one of many as the labels are rows or numbers, a squared or absolute error for
figures, hinge for labels of -1 and +1.

## Sources
- Zhang and Sabuncu, *Generalized Cross Entropy Loss for Training Deep Neural Networks with Noisy
  Labels*, NeurIPS 2018, section 3: the gradient of the mean absolute error.
- Hui and Belkin, *Evaluation of Neural Architectures Trained with Square Loss vs Cross-Entropy in
  Classification Tasks*, ICLR 2021: a squared error can serve classes.
"""

from __future__ import annotations

import math

from convalesce import core, readings
from convalesce.core import (
    CRASH,
    FED,
    HISTORY,
    MODEL,
    SETUP,
    TRAIN,
    TRAIN_ANSWERS,
)
from convalesce.readings.specimen_fit import fit, labels, loss
from convalesce.readings.task import BINARY_LOSSES, ROW_LOSSES, SPARSE_LOSSES

FITS = core.Limit(0, unit="parts that don't fit", source="labels, output and loss of one task")
FLOOR = core.Limit(0, unit="nat", source="a cross-entropy or an error is never below 0")
LEARNT = core.Limit(
    0.5, unit="1", source="half of the way from the best constant answer to no mistake"
)
NEVER_NEGATIVE = (BINARY_LOSSES | SPARSE_LOSSES | ROW_LOSSES - {"kl_divergence"}) | {
    "mean_squared_error",
    "mean_absolute_error",
    "huber",
}
SURE, SHARED, SLOW = 1.0, 0.9, 0.5
CROSSENTROPY = core.SetLoss("categorical_crossentropy", from_logits=False)


def symptom(signals: core.Signals) -> core.Evidence | None:
    """A loss that does not fit labels and output, or that fell below zero.

    Args:
        signals: `TRAIN`, `MODEL`, `SETUP`; `FED`, `TRAIN_ANSWERS`, `HISTORY` where there are.
    """
    setup = signals[SETUP]
    answers, history = signals.get(TRAIN_ANSWERS), signals.get(HISTORY)
    data, model = readings.reached(signals[TRAIN], signals.get(FED)), signals[MODEL]
    found = readings.blamed(data, model, setup, "loss")
    if found is None:
        named = readings.blamed(data, model, setup, "labels")
        return None if named else _below_zero(setup, history)
    slow = found.severity == core.Severity.NOTE
    gained = _gain(answers)
    if slow and not gained < LEARNT.value:
        return None
    shown = [core.Reading(SETUP, 1, FITS, "loss against labels and output")]
    if slow:
        shown.insert(0, core.Reading(TRAIN_ANSWERS, gained, LEARNT, "of the way learnt"))
    return core.Evidence(
        readings=tuple(shown),
        says=found.says,
        strength=SLOW if slow else SHARED if found.tied else SURE,
        stated=not slow,
        severity=core.Severity.WARNING if slow else found.severity,
        changes=(found.change,),
        site=setup.compile_site,
    )


def _gain(answers: core.Predictions | None) -> float:
    """Share of the constant answer's mistakes that the model avoids; nan where not known."""
    if answers is None or not answers.baseline_accuracy < 1:
        return math.nan
    return (answers.accuracy - answers.baseline_accuracy) / (1 - answers.baseline_accuracy)


def _below_zero(setup: core.Setup, history: core.History | None) -> core.Evidence | None:
    """Targets outside the loss's range that the scan did not meet."""
    if history is None or len(setup.losses) != 1 or setup.custom_train_step:
        return None
    (only,) = setup.losses
    if not only.known or only.name not in NEVER_NEGATIVE or not only.weight > 0:
        return None
    lowest = min((x for x in history.curve("loss") if math.isfinite(x)), default=0.0)
    if lowest >= FLOOR.value:
        return None
    return core.Evidence(
        readings=(core.Reading(HISTORY, lowest, FLOOR, "lowest loss"),),
        says=f"{only.name} fell to {lowest:.3g}: some targets lie outside the range it asks for",
        strength=SURE,
        stated=True,
        severity=core.Severity.ERROR,
        changes=(core.SetLoss("mean_squared_error"),),
        site=setup.compile_site,
    )


def crash(crash: core.Crash) -> core.Evidence | None:
    """Labels in a form that the loss does not take, or no loss."""
    found = readings.collision(crash)
    if found is None or "loss" not in found.parts:
        return None
    return core.Evidence(
        readings=(core.Reading(CRASH, found.observed, FITS),),
        says=found.says,
        strength=SURE,
        stated=True,
        severity=core.Severity.ERROR,
        changes=(found.changes["loss"],),
        site=crash.site,
    )


def probe(evidence: core.Evidence) -> core.Trial:
    """With the fitting loss its own value must fall."""
    return core.Trial(remedies(evidence)[0], predict=core.LEARNS)


def remedies(evidence: core.Evidence) -> list[core.Change]:
    """The loss that fits labels and output."""
    return [*evidence.changes] or [CROSSENTROPY]


def _answers(accuracy: float) -> core.Predictions:
    return core.Predictions(
        role="train", examples=500, accuracy=accuracy, baseline_accuracy=0.2, loss=0.8
    )


FELL = core.History(metrics={"loss": (0.7, 0.4)})
ROWS, SQUARE = labels("one_hot", 5), loss("mean_squared_error")
BINARY = fit(labels("binary"), "sigmoid", 1, loss("binary_crossentropy"))

CAUSE = core.Cause(
    module=__name__,
    page=__doc__,
    needs=(TRAIN, MODEL, SETUP),
    wants=(FED, TRAIN_ANSWERS, HISTORY),
    symptom=symptom,
    probe=probe,
    remedies=remedies,
    mimics=("arch.output_activation", "data.labels", "hp.lr_low"),
    crash=crash,
    sick=(
        core.record(fit(labels("binary"), "sigmoid", 1, loss("categorical_crossentropy"))),
        core.record(fit(ROWS, "softmax", 5, loss("mean_absolute_error"))),
        core.record({**fit(ROWS, "softmax", 5, SQUARE), TRAIN_ANSWERS: _answers(0.3)}),
        core.record({**BINARY, HISTORY: core.History(metrics={"loss": (0.4, -9.0)})}),
    ),
    healthy=(
        core.record({**fit(ROWS, "softmax", 5, SQUARE), TRAIN_ANSWERS: _answers(0.9)}),
        core.record({**BINARY, HISTORY: FELL}),
        core.record(fit(labels("continuous"), "linear", 1, loss("cosine_similarity"))),
        core.record(fit(labels("mask_binary"), "sigmoid", 1, loss("soft_dice", known=False))),
    ),
    sick_crashes=(
        core.Crash(
            exception="ValueError",
            message="Arguments `target` and `output` must have the same rank (ndim). Received: "
            "target.shape=(32,), output.shape=(32, 10)",
            phase="fit",
        ),
        core.Crash(
            exception="ValueError",
            message="No loss to compute. Provide a `loss` argument in `compile()`.",
            phase="fit",
        ),
        core.Crash(
            exception="InvalidArgumentError",
            message="Received a label value of 1 which is outside the valid range of [0, 1).",
            phase="fit",
        ),
    ),
)
