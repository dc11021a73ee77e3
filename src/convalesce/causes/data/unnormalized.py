"""Inputs are not scaled (0-255 pixels, features of very different ranges).

Initialisers, learning rates and the flat ends of activations are made for values about 0 with a
deviation about 1. So are the targets of a regression.

## Symptom
The loss diverges, is NaN, or begins far above chance and stalls; one feature drowns the others.
Pixels between 0 and 255 often train all the same: that is a note, unless training suffered.

## Why it happens
Raw bytes, sensor counts or euros are fed as they are, or scaled with figures of other units. The
curvature along a weight grows with the square of its input, so that no one learning rate suits
all; an offset much larger than the deviation couples all the weights of a unit.

## How it is confirmed
By facts: mean, deviation and range of each channel, and the first layer that computes with it. A
Rescaling, Normalization or BatchNormalization there excuses any scale, an Embedding excuses
tokens. Beyond what bytes can hold, with an offset ten times the deviation, or with ranges a
hundredfold apart it is stated; otherwise, and in a subclassed model that may scale in its `call`,
it stays a suspicion. It weighs by what training reached. Several inputs are not judged.

## Remedy
`Rescaling(1/255)` for pixels, else a `Normalization` layer adapted on the training split.
Standardise the targets of a regression, and undo it on the answers.

## Sources
- LeCun, Bottou, Orr and Mueller, *Efficient BackProp*, 1998, section 4.3 (normalising the inputs).
- Glorot and Bengio, *Understanding the difficulty of training deep feedforward neural networks*,
  AISTATS 2010 (initial scales are derived for inputs of unit variance).
"""

from __future__ import annotations

import math
from dataclasses import replace

from convalesce import core
from convalesce.core import (
    FED,
    MODEL,
    SETUP,
    TRAIN,
    TRAIN_ANSWERS,
    VALIDATION_ANSWERS,
)
from convalesce.readings import curves, data_reading, entrance, specimen

LARGE = core.Limit(
    10, unit="1", source="ten times the unit scale that initialisers assume (Glorot 2010)"
)
BYTES = core.Limit(255, unit="1", source="more than an unscaled byte can hold")
OFFSET = core.Limit(
    10, unit="std", source="condition number beyond 100: it grows with the square (LeCun 1998)"
)
APART = core.Limit(100, unit="1", source="ranges two orders apart: curvatures four orders apart")
TARGETS = core.Limit(10, unit="1", source="answers begin within a few units of 0 (Glorot 2010)")
FAR_TARGETS = 1000.0  # three orders from where answers begin
WELL = 0.8  # share learned of what a constant answer leaves open: training did not suffer
NOTHING = 0.1

OF_DIFFERENCES = frozenset({"mean_squared_error", "mean_absolute_error", "huber", "log_cosh"})


def symptom(signals: core.Signals) -> core.Evidence | None:
    """Scale of inputs that meet a kernel unscaled; scale of the targets of a regression.

    Args:
        signals: `TRAIN`, `MODEL`; `FED`; `SETUP`, `TRAIN_ANSWERS` and `VALIDATION_ANSWERS` tell
            whether training suffered.
    """
    train, model, setup = signals[TRAIN], signals[MODEL], signals.get(SETUP)
    trained, validated = signals.get(TRAIN_ANSWERS), signals.get(VALIDATION_ANSWERS)
    answers = trained or validated
    learned = 0.0 if answers is not None and not answers.finite else curves.skill(answers)
    sure = model.style != "subclassed"
    fed = data_reading.as_fed(train, signals.get(FED))
    found = [_inputs(x, learned, sure=sure) for x in fed[:1] if entrance.meets_a_kernel(model)]
    found.append(_targets(train, model, setup, learned))
    suspects = sorted((e for e in found if e is not None), key=lambda e: (e.stated, e.strength))
    return _together(suspects[-1], suspects[:-1], learned) if suspects else None


def _together(worst: core.Evidence, others: list[core.Evidence], learned: float) -> core.Evidence:
    """Inputs and targets in one: both are to be scaled."""
    return replace(
        worst,
        readings=worst.readings + tuple(r for e in others for r in e.readings),
        says="; ".join([worst.says, *(e.says for e in others)]) + _outcome(learned),
        changes=(core.Jointly((worst.changes[0], *(e.changes[0] for e in others))),)
        if others
        else worst.changes,
    )


def _inputs(x: core.Inputs, learned: float, *, sure: bool) -> core.Evidence | None:
    """The channels that are furthest from the unit scale."""
    sizes = data_reading.magnitudes(x)
    size = data_reading.largest(sizes)
    if x.kind == "tokens" or size < LARGE.value:
        return None
    varied = list(zip(x.mean, x.std, data_reading.ranges(x), strict=False))
    offset = data_reading.largest(abs(m) / s for m, s, _ in varied if s > 0 and abs(m) >= 10)
    spans = [span for *_, span in varied if math.isfinite(span) and span > 0]
    apart = max(spans) / min(spans) if spans and x.kind == "tabular" else 1.0
    readings = [
        core.Reading(TRAIN, size, BYTES, "root mean square of the largest channel"),
        core.Reading(TRAIN, offset, OFFSET, "mean of a channel over its deviation"),
        core.Reading(TRAIN, apart, APART, "widest range of a feature over the narrowest"),
    ]
    gross = [r for r in readings if r.observed > r.limit.value]
    shown = gross or [core.Reading(TRAIN, size, LARGE, "root mean square of the largest channel")]
    low, high = min(x.minimum, default=0.0), max(x.maximum, default=0.0)
    pixels = x.kind in {"image", "volume"} and low >= 0 and 1 < high <= BYTES.value
    return core.Evidence(
        readings=tuple(shown),
        says=f"The inputs reach the first layer unscaled: from {low:.4g} to {high:.4g}, with "
        + " and ".join(f"a {r.says} of {r.observed:.3g}" for r in shown),
        strength=_strength(shown[0], learned) * (1.0 if gross else 0.6),
        stated=bool(gross) and sure,
        severity=_severity(learned, gross=bool(gross) and sure),
        changes=(core.Rescale(1 / 255), core.Normalize()) if pixels else (core.Normalize(),),
    )


def _targets(
    train: core.Split, model: core.Model, setup: core.Setup | None, learned: float
) -> core.Evidence | None:
    """Targets of a regression far from where the answers of a new model lie."""
    linear = bool(model.outputs) and model.outputs[0].activation == "linear"
    plain = setup is not None and any(loss.name in OF_DIFFERENCES for loss in setup.losses)
    if not train.targets or train.targets[0].form != "continuous" or not linear or not plain:
        return None
    size = math.hypot(train.targets[0].mean, train.targets[0].std)
    if not TARGETS.value < size < math.inf or learned >= WELL or model.weights_loaded:
        return None
    gross = size > FAR_TARGETS
    reading = core.Reading(TRAIN, size, TARGETS, "root mean square of the targets")
    return core.Evidence(
        readings=(reading,),
        says=f"The targets are not scaled: mean {train.targets[0].mean:.4g}, deviation "
        f"{train.targets[0].std:.4g}, while answers begin within a few units of 0",
        strength=_strength(reading, learned) * (1.0 if gross else 0.5),
        stated=gross,
        severity=_severity(learned, gross=gross),
        changes=(core.StandardizeTargets(),),
    )


def _severity(learned: float, *, gross: bool) -> core.Severity:
    """By what training reached; where that is not known, by the facts alone."""
    if learned >= WELL or (math.isnan(learned) and not gross):
        return core.Severity.NOTE
    return core.Severity.ERROR if gross and learned < NOTHING else core.Severity.WARNING


def _strength(reading: core.Reading, learned: float) -> float:
    beyond = data_reading.beyond(reading.observed, reading.limit.value)
    return beyond * (1 - 0.5 * data_reading.unit(learned))


def _outcome(learned: float) -> str:
    if math.isnan(learned):
        return ""
    return f"; training has learned {data_reading.unit(learned):.0%} of what there is to learn"


def probe(evidence: core.Evidence) -> core.Trial:
    """Scaled, the same steps must end with a lower loss."""
    return core.Trial(remedies(evidence)[0], predict=core.LEARNS)


def remedies(evidence: core.Evidence) -> list[core.Change]:
    """Scale what was found unscaled."""
    return list(evidence.changes) or [core.Normalize()]


def _model(*kinds: str, adapted: bool = True) -> core.Model:
    told = {"Normalization": {"adapted": float(adapted)}}
    layers = [
        core.Layer(name=k.lower(), path=k.lower(), kind=k, settings=told.get(k, {})) for k in kinds
    ]
    out = core.Output(name="y", layer="dense", shape=(1,), width=1, activation="linear")
    return core.Model(name="m", style="sequential", layers=tuple(layers), outputs=(out,))


_LABELS = specimen.targets((50, 50))
_BYTES = specimen.inputs(maximum=(255.0,), mean=(73.0,), std=(90.0,))
_COUNTS = specimen.inputs(minimum=(2e4,), maximum=(4e4,), mean=(3e4,), std=(900.0,))
_PRICES = specimen.targets((), "continuous", mean=2e5, std=8e4)
_MSE = core.Setup(losses=(core.Loss(name="mean_squared_error"),), optimizer=None)


def _answers(accuracy: float) -> core.Predictions:
    return core.Predictions(
        role="train", examples=100, accuracy=accuracy, baseline_accuracy=0.5, r2=2 * accuracy - 1
    )


CAUSE = core.Cause(
    module=__name__,
    page=__doc__,
    needs=(TRAIN, MODEL),
    wants=(FED, SETUP, TRAIN_ANSWERS, VALIDATION_ANSWERS),
    symptom=symptom,
    probe=probe,
    remedies=remedies,
    mimics=(
        "data.labels",
        "hp.lr_high",
        "hp.lr_low",
        "arch.initialization",
        "arch.exploding_gradient",
    ),
    sick=(
        core.record({TRAIN: specimen.split(_LABELS, _COUNTS), MODEL: _model("Conv2D", "Dense")}),
        core.record(
            {
                TRAIN: specimen.split(_LABELS, _COUNTS),
                MODEL: _model("Normalization", "Conv2D", adapted=False),
            }
        ),
        core.record(
            {
                TRAIN: specimen.split(_LABELS, _BYTES),
                MODEL: _model("InputLayer", "Flatten", "Dense"),
                TRAIN_ANSWERS: _answers(0.55),
            }
        ),
        core.record(
            {
                TRAIN: specimen.split(_PRICES, examples=100),
                MODEL: _model("Dense"),
                SETUP: _MSE,
                TRAIN_ANSWERS: _answers(0.5),
            }
        ),
    ),
    healthy=(
        core.record({TRAIN: specimen.split(_LABELS), MODEL: _model("Conv2D", "Dense")}),
        core.record({TRAIN: specimen.split(_LABELS, _BYTES), MODEL: _model("Rescaling", "Dense")}),
        core.record(
            {
                TRAIN: specimen.split(_LABELS, _COUNTS),
                MODEL: _model("Normalization", "Conv2D", "Dense"),
            }
        ),
        core.record(
            {
                TRAIN: specimen.split(_PRICES, examples=100),
                MODEL: _model("Dense"),
                SETUP: _MSE,
                TRAIN_ANSWERS: _answers(0.99),
            }
        ),
    ),
)
