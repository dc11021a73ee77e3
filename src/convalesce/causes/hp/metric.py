"""The metric does not measure the task.

Training follows the loss, but people and callbacks follow the metric: a metric that reads well
whatever the model does hides the failure, and one that reads badly makes a sound model look ill.

## Symptom
Accuracy near zero on a regression; 0.9 at chance from a `binary_accuracy` over ten classes; a
`categorical_accuracy` of exactly 1 over one unit; 97 % of pixels right while not one object is
found. Under EarlyStopping or ModelCheckpoint the run ends too soon, or the wrong epoch is kept.

## Why it happens
Accuracy counts exact hits, which figures never are. `binary_accuracy` counts every unit for
itself, so that the zeros of one-of-many labels are right for free. `categorical_accuracy` looks for
the largest of a row, and `MeanIoU` cuts probabilities to whole numbers. Where one class is
rare, the answer "never" is right nearly always.

## How it is confirmed
By facts: the metrics that Keras resolved are held against the task. For rare classes, by the
answers at the end: no better than one constant answer, which the metric praises. Whether a
callback follows the metric decides how much it matters.

## Remedy
The accuracy that fits the form of the labels, an error for figures, `BinaryIoU`, recall,
precision or AUC for rare classes, and the same metric as `monitor`.

## Sources
- Saito and Rehmsmeier, *The Precision-Recall Plot Is More Informative than the ROC Plot When
  Evaluating Binary Classifiers on Imbalanced Datasets*, PLoS ONE 10(3), 2015.
- Everingham, Van Gool, Williams, Winn and Zisserman, *The Pascal Visual Object Classes (VOC)
  Challenge*, IJCV 88, 2010: intersection over union for segmentation.
"""

from __future__ import annotations

import math
from dataclasses import replace

from convalesce import core, readings
from convalesce.core import (
    CRASH,
    FED,
    HISTORY,
    MODEL,
    SETUP,
    TRAIN,
    VALIDATION_ANSWERS,
)
from convalesce.readings.measure import HITS
from convalesce.readings.specimen_fit import fit, labels, loss

SUITS = core.Limit(0, unit="metrics that don't suit", source="what each metric computes")
PRAISED = core.Limit(
    0.9, unit="1", source="accuracy of one constant answer that makes a mistake in ten at most"
)
BETTER = 0.05  # share of the constant answer's mistakes that must be avoided to count as learnt
SURE, HIDDEN, BESIDE = 1.0, 0.9, 0.3


def symptom(signals: core.Signals) -> core.Evidence | None:
    """A metric that does not suit the task, or that praises the answer "never".

    Args:
        signals: `TRAIN`, `MODEL`, `SETUP`; `FED`, `VALIDATION_ANSWERS`, `HISTORY` where there are.
    """
    setup = signals[SETUP]
    answers, history = signals.get(VALIDATION_ANSWERS), signals.get(HISTORY)
    data = readings.reached(signals[TRAIN], signals.get(FED))
    listed = tuple(readings.goals(data, signals[MODEL], setup)) if data else ()
    if len(listed) != 1 or len(setup.losses) != 1 or setup.custom_train_step:
        return None
    (goal,) = listed
    task = readings.task_of(goal.targets, goal.output, goal.loss)
    if readings.blamed(data, signals[MODEL], setup, "labels") and task.recoded:
        task = replace(task, labels=task.recoded)
    metrics = readings.resolved(setup, task.labels, goal.output.width)
    found = [readings.unsuited(task, goal.output.width, goal.loss, m) for m in metrics]
    wrong = [u for u in found if u is not None]
    if wrong:
        return _misfit(wrong, len(metrics), setup)
    if task.kind in {"binary", "one_of_many"} and metrics and set(metrics) <= HITS:
        return _praises_nothing(answers, history, setup)
    return None


def _misfit(wrong: list[readings.Unsuited], metrics: int, setup: core.Setup) -> core.Evidence:
    first = min(wrong, key=lambda u: u.minor)
    followed = _followed(setup)
    weighty = bool(followed) or (not first.minor and len(wrong) == metrics)
    says = first.says + (f"; {followed} follows it" if followed else "")
    return core.Evidence(
        readings=(core.Reading(SETUP, len(wrong), SUITS, first.metric),),
        says=says,
        strength=SURE if followed else HIDDEN if weighty else BESIDE,
        stated=True,
        severity=core.Severity.WARNING if weighty else core.Severity.NOTE,
        changes=(core.SetMetric(first.better),),
        site=setup.compile_site,
    )


def _followed(setup: core.Setup) -> str:
    """Name of a callback that follows a metric and not the loss; empty where none does."""
    for callback in setup.callbacks:
        monitor = callback.settings.get("monitor", "")
        if isinstance(monitor, str) and "acc" in monitor:
            return callback.name
    return ""


def _praises_nothing(
    answers: core.Predictions | None, history: core.History | None, setup: core.Setup
) -> core.Evidence | None:
    """Accuracy alone, on classes so uneven that one constant answer scores high and is given."""
    if answers is None or not PRAISED.value <= answers.baseline_accuracy < 1:
        return None
    mistakes = 1 - answers.baseline_accuracy
    if not answers.accuracy - answers.baseline_accuracy <= BETTER * mistakes:
        return None
    followed, masks = _followed(setup), math.isfinite(answers.iou)
    ended = followed == "EarlyStopping" and history is not None and bool(history.stopped)
    grave = core.Severity.ERROR if ended else core.Severity.WARNING
    return core.Evidence(
        readings=(
            core.Reading(
                VALIDATION_ANSWERS, answers.baseline_accuracy, PRAISED, "accuracy of one answer"
            ),
        ),
        says=f"accuracy reads {answers.accuracy:.3f}, and one constant answer for all examples "
        f"reads {answers.baseline_accuracy:.3f}" + (f"; {followed} follows it" if followed else ""),
        strength=HIDDEN if followed else BESIDE,
        stated=True,
        severity=grave if followed else core.Severity.NOTE,
        changes=(core.SetMetric("BinaryIoU" if masks else "BinaryIoU, recall or AUC"),),
        site=setup.compile_site,
    )


def crash(crash: core.Crash) -> core.Evidence | None:
    """A metric that Keras does not know or that cannot compare labels with answers."""
    found = readings.collision(crash)
    if found is None or "metric" not in found.parts:
        return None
    return core.Evidence(
        readings=(core.Reading(CRASH, found.observed, SUITS),),
        says=found.says,
        strength=SURE,
        stated=True,
        severity=core.Severity.ERROR,
        changes=(found.changes["metric"],),
        site=crash.site,
    )


def probe(evidence: core.Evidence) -> core.Trial:
    """Another metric leaves the loss as it is: what changes is what is read and followed."""
    return core.Trial(remedies(evidence)[0], predict=core.LEARNS)


def remedies(evidence: core.Evidence) -> list[core.Change]:
    """A metric for the task."""
    return [*evidence.changes] or [core.SetMetric("accuracy")]


def _answers(accuracy: float, constant: float) -> core.Predictions:
    return core.Predictions(
        role="validation", examples=200, accuracy=accuracy, baseline_accuracy=constant
    )


BCE, MASK = loss("binary_crossentropy"), labels("mask_binary")
ROWS, CROSSENTROPY = labels("one_hot", 9), loss("categorical_crossentropy")
BY_PIXEL = fit(MASK, "sigmoid", 1, BCE, "binary_accuracy", monitor="val_accuracy")
STOPPED = core.History(metrics={"loss": (0.3, 0.2)}, planned=16, stopped="early stopping")

CAUSE = core.Cause(
    module=__name__,
    page=__doc__,
    needs=(TRAIN, MODEL, SETUP),
    wants=(FED, VALIDATION_ANSWERS, HISTORY),
    symptom=symptom,
    probe=probe,
    remedies=remedies,
    mimics=("data.imbalance", "hp.epochs_few"),
    crash=crash,
    sick=(
        core.record(fit(labels("continuous"), "linear", 1, loss("mean_squared_error"), "accuracy")),
        core.record(fit(ROWS, "softmax", 9, CROSSENTROPY, "binary_accuracy")),
        core.record({**BY_PIXEL, VALIDATION_ANSWERS: _answers(0.947, 0.947), HISTORY: STOPPED}),
    ),
    healthy=(
        core.record({**BY_PIXEL, VALIDATION_ANSWERS: _answers(0.99, 0.947), HISTORY: STOPPED}),
        core.record(fit(labels("multi_hot", 4), "sigmoid", 4, BCE, "binary_accuracy", "auc")),
        core.record(fit(MASK, "sigmoid", 1, BCE, "binary_io_u")),
    ),
    sick_crashes=(
        core.Crash(
            exception="ValueError",
            message="Could not interpret metric identifier: acuracy",
            phase="compile",
        ),
        core.Crash(
            exception="ValueError",
            message="Argument `segment_ids` and `data` should have same leading dimension. "
            "Got (96,) v.s. (32,).",
            phase="fit",
            part="metric",
            function="auc",
        ),
    ),
)
