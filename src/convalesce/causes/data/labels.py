"""Labels are wrong: noisy, shuffled against their inputs, or out of range.

A model learns what it is told. Told at random, it can only learn by heart.

## Symptom
An error about a label value; a loss at chance on both splits; training that fits slowly by
memorising while validation, with better labels, is answered better; validation accuracy of zero
beside a training accuracy of one; a loss in the thousands or below zero.

## Why it happens
Inputs shuffled or sorted without their labels; a join that slips at a missing row; two lists of
class names in another order; classes counted from 1; labels scaled along with the pixels;
-999 for "no reading"; annotators who disagree.

## How it is confirmed
By facts where there is a contrast: labels against the range that output and loss agree on; a
stand-in value far from all others; exact copies with another label; examples that look
alike and agree in one split or one stretch of the data, and by chance in the other. Noise shows
where the surest answers are wrong as often as all are: a suspicion, beside which the share of
wrong labels is measured by how late examples are learned and by held-out answers. Without a
contrast (nothing looks alike anywhere) it stays a suspicion: some sound tasks are like that.

## Remedy
Join inputs and labels by a key, shuffle and cut them together; number classes from 0 by one list;
leave stand-ins out; look through the named examples.

## Sources
- Northcutt, Jiang and Chuang, *Confident Learning: Estimating Uncertainty in Dataset Labels*,
  JAIR 70, 2021.
- Zhang, Bengio, Hardt, Recht and Vinyals, *Understanding Deep Learning Requires Rethinking
  Generalization*, ICLR 2017: random labels are fitted by heart.
- Geifman and El-Yaniv, *Selective Classification for Deep Neural Networks*, NeurIPS 2017: errors
  gather where a model doubts.
- Cohen, *A Coefficient of Agreement for Nominal Scales*, Educational and Psychological
  Measurement 20, 1960.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from convalesce import core, readings
from convalesce.core import (
    ACROSS,
    CRASH,
    FED,
    MODEL,
    SETUP,
    TRAIN,
    TRAIN_ANSWERS,
    VALIDATION,
    VALIDATION_ANSWERS,
)
from convalesce.readings.label_faults import LabelFault, label_faults
from convalesce.readings.specimen_fit import fit, labels, loss

FITS = core.Limit(0, unit="parts that don't fit", source="labels, output and loss of one task")
SIGNALS: dict[str, core.Signal[Any]] = {
    "train": TRAIN,
    "validation": VALIDATION,
    "across": ACROSS,
    "answers": TRAIN_ANSWERS,
    "held": VALIDATION_ANSWERS,
}
SURE, SHARED = 1.0, 0.9


def symptom(signals: core.Signals) -> core.Evidence | None:
    """Labels out of range, stand-ins, contradictions, or labels that don't belong to inputs.

    Args:
        signals: `TRAIN`, `MODEL`, `SETUP`; what reached the model, the other split, the
            splits against each other and the model's answers where there are.
    """
    train, setup = signals[TRAIN], signals[SETUP]
    validation, across = signals.get(VALIDATION), signals.get(ACROSS)
    answers = signals.get(TRAIN_ANSWERS), signals.get(VALIDATION_ANSWERS)
    data = readings.reached(train, signals.get(FED))
    found = readings.blamed(data, signals[MODEL], setup, "labels")
    if found is not None and found.severity != core.Severity.NOTE:
        return core.Evidence(
            readings=(core.Reading(TRAIN, 1, FITS, "labels against output and loss"),),
            says=f"{found.says}: {found.change}",
            strength=SHARED if found.tied else SURE,
            stated=True,
            severity=found.severity,
            changes=(found.change,),
            site=setup.fit_site,
        )
    faults = label_faults(
        replace(train, targets=data.targets) if data else train, validation, across, answers, setup
    )
    return _evidence(max(faults, key=lambda f: f.strength), setup) if faults else None


def _evidence(fault: LabelFault, setup: core.Setup) -> core.Evidence:
    limit = core.Limit(fault.limit, fault.unit, fault.source)
    return core.Evidence(
        readings=(core.Reading(SIGNALS[fault.signal], fault.observed, limit),),
        says=fault.says,
        strength=fault.strength,
        stated=fault.firm,
        severity=core.Severity.ERROR if fault.grave else core.Severity.WARNING,
        rows=fault.rows,
        changes=(fault.change,),
        site=setup.fit_site,
    )


def crash(crash: core.Crash) -> core.Evidence | None:
    """A label without a unit, labels of another number than inputs, labels that are text."""
    found = readings.collision(crash)
    if found is None or "labels" not in found.parts:
        return None
    limit = core.Limit(found.limit, found.unit, source="one label for each input, one unit a class")
    return core.Evidence(
        readings=(core.Reading(CRASH, found.observed, limit),),
        says=found.says,
        strength=SURE if found.parts == ("labels",) else SHARED,
        stated=True,
        severity=core.Severity.ERROR,
        changes=(found.changes["labels"],),
        site=crash.site,
    )


def probe(evidence: core.Evidence) -> core.Trial:
    """With labels repaired, what is known of validation must rise."""
    return core.Trial(remedies(evidence)[0], predict=core.KNOWS, decisive=False)


def remedies(evidence: core.Evidence) -> list[core.Change]:
    """What the evidence names, else a look at the examples."""
    return [*evidence.changes] or [core.RepairLabels("look through the named examples")]


def _near(agreement: float, sample: int = 1000) -> core.Neighbours:
    return core.Neighbours(sample=sample, agreement=agreement, expected=0.2)


ROWS = fit(labels("class_index", 5), "softmax", 5, loss("sparse_categorical_crossentropy"))
SIGNS = fit(labels("sign"), "sigmoid", 1, loss("binary_crossentropy"))
STAND_IN = labels("continuous", minimum=-999, sentinel=-999.0, sentinel_count=30)
FIGURES = loss("mean_squared_error")
PAIRED = replace(ROWS[TRAIN], neighbours=_near(0.85))
CHANCE = replace(ROWS[TRAIN], neighbours=_near(0.21))
ALIKE = core.Across(role="validation", distance=1.02)
OTHER = replace(PAIRED, role="validation")
BLIND = core.Predictions(
    role="validation", examples=400, accuracy=0.21, baseline_accuracy=0.21, loss=3.0
)
EVEN = replace(BLIND, examples=600, accuracy=0.76, baseline_accuracy=0.27, surer_error=0.21)
LEARNT = replace(EVEN, role="train", accuracy=0.75)
BY_HEART = replace(BLIND, role="train", accuracy=0.9, loss=0.3)
TURNED = core.Neighbours(
    sample=300, agreement=0.01, expected=0.33, confusion=((0, 1, 0), (0, 0, 1), (1, 0, 0))
)

CAUSE = core.Cause(
    module=__name__,
    page=__doc__,
    needs=(TRAIN, MODEL, SETUP),
    wants=(FED, VALIDATION, ACROSS, TRAIN_ANSWERS, VALIDATION_ANSWERS),
    symptom=symptom,
    probe=probe,
    remedies=remedies,
    asks=(core.Instrument.MEMORISE, core.Instrument.MEMORISATION_SPEED),
    mimics=("arch.output_activation", "hp.loss", "data.preprocessing_mismatch", "hp.lr_high"),
    crash=crash,
    sick=(
        core.record(SIGNS),
        core.record(fit(STAND_IN, "linear", 1, FIGURES)),
        core.record({**ROWS, TRAIN: CHANCE, VALIDATION: OTHER, ACROSS: ALIKE}),
        core.record({**ROWS, ACROSS: core.Across(role="validation", neighbours=TURNED)}),
        core.record({**ROWS, TRAIN: CHANCE, TRAIN_ANSWERS: BY_HEART, VALIDATION_ANSWERS: BLIND}),
        core.record({**ROWS, TRAIN_ANSWERS: LEARNT, VALIDATION_ANSWERS: EVEN}),
    ),
    healthy=(
        core.record({**ROWS, TRAIN: PAIRED, VALIDATION: OTHER, ACROSS: ALIKE}),
        core.record(
            {**ROWS, TRAIN: CHANCE, VALIDATION: OTHER, ACROSS: replace(ALIKE, distance=0.6)}
        ),
        core.record({**ROWS, TRAIN: CHANCE, VALIDATION_ANSWERS: replace(BLIND, accuracy=0.9)}),
        core.record(fit(labels("continuous"), "linear", 1, FIGURES)),
        core.record(
            {**ROWS, TRAIN_ANSWERS: LEARNT, VALIDATION_ANSWERS: replace(EVEN, surer_error=0.08)}
        ),
        core.record(fit(labels("sign"), "tanh", 1, loss("hinge"))),
    ),
    sick_crashes=(
        core.Crash(
            exception="InvalidArgumentError",
            message="Received a label value of 5 which is outside the valid range of [0, 5).",
            phase="fit",
            numbers={"label": 5, "classes": 5, "lowest_label": 1, "highest_label": 5},
        ),
        core.Crash(
            exception="ValueError",
            message="Data cardinality is ambiguous. Make sure all arrays contain the same number "
            "of samples.'x' sizes: 32\n'y' sizes: 31",
            phase="data",
            numbers={"x_examples": 32, "y_examples": 31},
        ),
        core.Crash(exception="ValueError", message="Invalid dtype: object", phase="data"),
    ),
)
