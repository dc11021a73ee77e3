"""Gradients shrink toward the input and early layers do not learn.

The weights near the input get a thousandth, or a millionth, of the gradient that those near the
loss get. What they should learn is never asked of them.

## Symptom
The loss stalls near that of a constant answer. The gradient of one weight falls from layer to
layer toward the input, by three orders and more in all, from the first steps on.

## Why it happens
Back-propagation multiplies the gradient by each layer's weights and by the slope of its
activation. Sigmoid's slope is at most 1/4, and tanh's is small wherever it saturates, so each such
layer divides the gradient. In a deep plain ReLU stack whose kernels are a little too small, the
signal fades on its way up and the gradient on its way down.

## How it is confirmed
Normalisation after the hidden layers restores the flow: with it, the same steps must end with a
lower loss. Where they don't, look at the causes that leave the same trace: dead units, a wrong
initial scale, a rate that drove the activations into their flat ends.

## Remedy
A ReLU-family activation in place of sigmoid or tanh, He initialisation with it;
BatchNormalization; residual connections; fewer layers.

## Sources
- Hochreiter, *Untersuchungen zu dynamischen neuronalen Netzen*, diploma thesis, TU München, 1991.
- Glorot and Bengio, *Understanding the difficulty of training deep feedforward neural networks*,
  AISTATS 2010.
- Zhang, Zhai, Ma and Shen, *AUTOTRAINER: An Automatic DNN Training Problem Detection and Repair
  System*, ICSE 2021: a ratio of first to last layer below 0.001 counts as vanishing.
"""

from __future__ import annotations

import math

import numpy as np

from convalesce import core
from convalesce.core import (
    GRADIENT_NORM,
    LOSS,
    MODEL,
    ORIGIN,
    TRAIN_ANSWERS,
)
from convalesce.readings import flow, structure

FADED = core.Limit(
    1e-3, unit="1", source="AUTOTRAINER's beta_1: gradient of the first layer over the last"
)
STALLED = core.Limit(
    0.5, unit="1", source="a net that removed half of a constant answer's loss has learned"
)
FLAT = core.Limit(
    1, unit="layers", source="sigmoid and tanh have slopes under 1 (Glorot and Bengio 2010)"
)
NONE = 0.1  # share of the loss removed under which nothing was learned


def symptom(signals: core.Signals) -> core.Evidence | None:
    """Early layers get a vanishing share of the gradient while the loss stalls.

    Args:
        signals: `MODEL`, `GRADIENT_NORM`; `TRAIN_ANSWERS` or `LOSS` tell what was learned,
            `ORIGIN` that it blew up.
    """
    model, norms = signals[MODEL], signals[GRADIENT_NORM]
    gained = flow.loss_share(signals.get(TRAIN_ANSWERS), signals.get(LOSS))
    if signals.get(ORIGIN) is not None:  # what is left of the gradients comes after the blow-up
        return None
    whole, early = flow.profile(model, norms), flow.profile(model, flow.opening(norms))
    if not 0 < whole.ratio < FADED.value or not whole.order > 0 or gained > STALLED.value:
        return None
    if not 0 < early.ratio < FADED.value:  # it faded later: something drove the units flat
        return None
    flat = [x for x in structure.hidden(model) if x.activation in structure.SATURATING]
    decades = math.log10(FADED.value / whole.ratio)
    strength = 0.5 + 0.1 * min(decades, 2.0) + 0.2 * bool(flat)
    faded = whole.under(FADED.value)
    stalled = "" if math.isnan(gained) else f"; {max(gained, 0):.0%} of the loss was removed"
    return core.Evidence(
        readings=(
            core.Reading(GRADIENT_NORM, whole.ratio, FADED, "gradient, first layer over last"),
            core.Reading(MODEL, len(flat), FLAT, "hidden layers with sigmoid or tanh"),
        ),
        says=f"a weight of {whole.layers[0]} gets {whole.ratio:.1g} of the gradient that one of "
        f"{whole.layers[-1]} gets{stalled}",
        strength=strength,
        severity=core.Severity.ERROR if not gained >= NONE else core.Severity.WARNING,
        layers=tuple(x.name for x in flat) or faded,
    )


def probe(evidence: core.Evidence) -> core.Trial:
    """Normalised, or with an activation that is not flat, it must learn more."""
    first, *others = remedies(evidence)
    return core.Trial(first, predict=core.LEARNS, steps=200, otherwise=tuple(others[:1]))


def remedies(evidence: core.Evidence) -> list[core.Change]:
    """Another activation where it is flat; normalisation; shortcuts; He's scale."""
    normalise = core.InsertBatchNormalization(after=evidence.layers)
    flat = any(r.limit is FLAT and r.observed >= FLAT.value for r in evidence.readings)
    if flat:
        return [core.SetActivation("relu", evidence.layers), normalise]
    return [normalise, core.AddResidual(), core.SetInitializer("he_normal", evidence.layers)]


def _stack(activation: str, levels: list[float], loss: list[float]) -> core.Signals:
    layers = tuple(
        core.Layer(
            name=f"dense_{i}",
            path=f"dense_{i}",
            kind="Dense",
            activation=activation,
            kernel_shape=(64, 64),
            parameters=4160,
            trainable_parameters=4160,
        )
        for i in range(len(levels))
    )
    columns = {f"dense_{i}/kernel": np.full(8, 64 * level) for i, level in enumerate(levels)}
    return core.record(
        {
            MODEL: core.Model(name="m", style="sequential", layers=layers, outputs=()),
            GRADIENT_NORM: columns,
            LOSS: loss,
        }
    )


CAUSE = core.Cause(
    module=__name__,
    page=__doc__,
    needs=(MODEL, GRADIENT_NORM),
    wants=(LOSS, ORIGIN, TRAIN_ANSWERS),
    symptom=symptom,
    probe=probe,
    remedies=remedies,
    mimics=(
        "data.unnormalized",
        "arch.initialization",
        "arch.too_deep",
        "arch.dead_units",
        "arch.frozen",
        "reg.too_strong",
        "hp.lr_high",
    ),
    sick=(_stack("sigmoid", [1e-8, 1e-6, 1e-5, 1e-4, 1e-3, 1e-2], [1.1] * 20),),
    healthy=(
        _stack("relu", [2e-3, 1e-3, 1e-3, 2e-3, 4e-3, 1e-2], [1.1] * 20),
        _stack("sigmoid", [1e-8, 1e-6, 1e-5, 1e-4, 1e-3, 1e-2], [1.1 / (i + 1) for i in range(20)]),
    ),
)
