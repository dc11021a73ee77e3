"""Gradients grow until the weights diverge.

A few updates, each far larger than the ones before, throw away what was learned or end in NaN.

## Symptom
The global gradient norm grows by orders within one run. The loss jumps, or turns into NaN, while
inputs were finite and of an ordinary scale.

Or already the first forward pass overflows, before any update was made.

## Why it happens
A recurrent layer multiplies the gradient by the same matrix at every time step, and a deep stack
without normalisation by one matrix a layer: where these stretch, the product grows exponentially
with length or depth. The loss surface then has cliffs, and one step from the foot of a cliff is
thrown far away. A smaller rate only delays that.

## How it is confirmed
With the global norm clipped at its ordinary level, the same steps must end with a lower loss. A
learning rate that is too high also ends in NaN: a tenth of the rate mends that, and not this.

## Remedy
Clip the gradient's global norm; normalise between the layers; a gated layer (LSTM, GRU) in place
of a plain recurrent one.

## Sources
- Pascanu, Mikolov and Bengio, *On the difficulty of training recurrent neural networks*,
  ICML 2013.
- Bengio, Simard and Frasconi, *Learning long-term dependencies with gradient descent is
  difficult*, IEEE Transactions on Neural Networks, 1994.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from convalesce import core
from convalesce.core import (
    GRADIENT_NORM,
    INPUT_MAX,
    LOSS,
    MODEL,
    ORIGIN,
    SETUP,
    TRAIN_ANSWERS,
)
from convalesce.readings import flow, structure

GROWN = core.Limit(100, unit="1", source="two orders: well beyond the drift of a sound training")
SCALED = core.Limit(
    20, unit="1", source="standardised inputs lie within a few deviations; pixels reach 255"
)
LONG = core.Limit(
    12,
    unit="layers",
    source="Simonyan and Zisserman, VGG, ICLR 2015: plain nets of more than 11 weight layers "
    "were not trained from random weights",
)
LEARNED = 0.5  # share of the best constant answer's loss
STEEP = {"exponential"}
SINCE = {"activation", "loss", "gradient", "update", "weight"}


def symptom(signals: core.Signals) -> core.Evidence | None:
    """The norm grows by orders, or training ends in NaN, in a net that is prone to it.

    Args:
        signals: `MODEL`, `GRADIENT_NORM`; the others tell where and after what it happened.
    """
    model, norms = signals[MODEL], flow.total_norm(signals[GRADIENT_NORM])
    origin, setup = signals.get(ORIGIN), signals.get(SETUP)
    inputs, losses = signals.get(INPUT_MAX), signals.get(LOSS)
    gained = flow.loss_share(signals.get(TRAIN_ANSWERS), losses)
    grown = flow.growth(norms)
    if origin is not None and math.isfinite(origin.gradient_norm_before):
        grown = np.fmax(grown, flow.growth(np.append(norms, origin.gradient_norm_before)))
    if origin is not None and (at_once := _overflow(model, origin, inputs)) is not None:
        return at_once
    clipped = setup is not None and setup.optimizer is not None and setup.optimizer.clipping
    ended = origin is not None and origin.first in SINCE
    if clipped or not (ended or (grown >= GROWN.value and not gained >= LEARNED)):
        return None
    recurrent = [x.name for x in model.layers if x.kind in structure.RECURRENT]
    depth = structure.plain_depth(model)
    prone = bool(recurrent) or depth >= LONG.value
    if not prone and not grown >= GROWN.value:
        return None
    high = float(np.nanmax(np.abs(inputs.values), initial=0.0)) if inputs is not None else 0.0
    scaled = not high > SCALED.value
    prior = 0.65 if recurrent else 0.45 if prone else 0.25  # a rate too high leaves the same trace
    strength = prior + 0.1 * ended + 0.1 * (grown >= GROWN.value)
    where = f", first in {origin.name} at step {origin.step}" if ended and origin else ""
    says = [f"the gradient norm grew {grown:.3g}-fold"] if grown >= GROWN.value else []
    says += [f"the loss was no number{where}"] if ended else []
    says += [f"{recurrent[0]} multiplies the gradient at every time step"] if recurrent else []
    return core.Evidence(
        readings=(
            core.Reading(GRADIENT_NORM, grown, GROWN, "highest gradient norm over the first"),
            core.Reading(MODEL, depth, LONG, "weighted layers in a row, none normalised"),
        ),
        says="; ".join(says),
        strength=strength if scaled else 0.3,
        stated=bool(recurrent) and ended and scaled and _went_well(losses),
        severity=core.Severity.ERROR if ended or not gained >= 0 else core.Severity.WARNING,
        layers=tuple(recurrent),
    )


def _overflow(
    model: core.Model, origin: core.Origin, inputs: core.Series | None
) -> core.Evidence | None:
    """Already the first forward pass ran out of range, before any update: no rate can do that."""
    if origin.step > 0 or origin.first != "activation" or inputs is None:
        return None
    high = float(np.max(np.abs(inputs.values[:1]), initial=0.0))
    if not high <= SCALED.value:
        return None
    steep = tuple(x.name for x in model.layers if x.activation in STEEP)
    why = f"; {', '.join(steep)} grow their input exponentially" if steep else ""
    return core.Evidence(
        readings=(core.Reading(INPUT_MAX, high, SCALED, "largest input of the first batch"),),
        says=f"the first forward pass overflowed in {origin.name}, before any update{why}",
        strength=0.95 if steep else 0.6,
        stated=bool(steep),
        severity=core.Severity.ERROR,
        layers=steep,
        changes=(core.SetActivation("relu", steep),) if steep else (),
    )


def _went_well(losses: core.Series | None) -> bool:
    """The loss had come down before it blew up: a rate too high never lets it."""
    if losses is None or losses.values.ndim != 1:
        return False
    finite = losses.values[np.isfinite(losses.values)]
    return len(finite) > 3 and bool(finite.min() < 0.8 * flow.typical(finite[:3]))


def probe(evidence: core.Evidence) -> core.Trial:
    """With the norm bounded, or its source mended, it must learn more."""
    first, *others = remedies(evidence)
    return core.Trial(first, predict=core.LEARNS, steps=200, otherwise=tuple(others[:1]))


def remedies(evidence: core.Evidence) -> list[core.Change]:
    """Clip; then normalise what is deep; a lower rate last."""
    if evidence.changes:
        return [*evidence.changes, core.InsertBatchNormalization(evidence.layers)]
    changes: list[core.Change] = [core.ClipGradients(1.0)]
    if not evidence.layers:
        changes.append(core.InsertBatchNormalization())
    return [*changes, core.ScaleLearningRate(0.1)]


def _record(
    norms: list[float], kind: str, origin: core.Origin | None, activation: str = "relu"
) -> core.Signals:
    layer = core.Layer(
        name="rnn", path="rnn", kind=kind, activation=activation, kernel_shape=(8, 8)
    )
    model = core.Model(name="m", style="sequential", layers=(layer,), outputs=())
    losses = [1.0, 0.9, 0.8, 0.5, 0.3, 0.2, 0.2, 0.2]
    values: dict[core.Signal[Any], Any] = {
        MODEL: model,
        GRADIENT_NORM: {"rnn/kernel": norms},
        INPUT_MAX: {"x": [1.0] * 8},
        LOSS: losses,
    }
    return core.record(values | ({ORIGIN: origin} if origin else {}))


CAUSE = core.Cause(
    module=__name__,
    page=__doc__,
    needs=(MODEL, GRADIENT_NORM),
    wants=(ORIGIN, SETUP, INPUT_MAX, LOSS, TRAIN_ANSWERS),
    symptom=symptom,
    probe=probe,
    remedies=remedies,
    asks=(core.Instrument.SHARPNESS, core.Instrument.ALONG_UPDATE),
    mimics=(
        "data.nonfinite",
        "data.unnormalized",
        "data.labels",
        "arch.initialization",
        "arch.output_activation",
        "hp.lr_high",
        "hp.loss",
    ),
    sick=(
        _record(
            [1.0, 1.0, 0.9, 1.0, 1.1, 9.0, 4e5, math.inf],
            "SimpleRNN",
            core.Origin(step=8, first="loss", name="loss"),
        ),
        _record(
            [math.nan] * 8,
            "Dense",
            core.Origin(step=0, first="activation", name="rnn"),
            "exponential",
        ),
    ),
    healthy=(
        _record([1.0, 1.0, 0.9, 1.0, 1.1, 3.0, 4.0, 2.0], "SimpleRNN", None),
        _record([1.0] * 8, "SimpleRNN", core.Origin(step=8, first="input", name="x")),
    ),
)
