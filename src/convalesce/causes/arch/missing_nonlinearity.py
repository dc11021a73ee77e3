"""Hidden layers without an activation collapse into one linear map.

Two linear layers in a row compute what one could. Their weights and their time are
spent, and what the task needs beyond a linear map is not learned.

## Symptom
A Dense or convolution layer has no activation, and none comes before the next such layer either:
no activation layer, no max-pooling, no normalisation by layer or group, no branch. Accuracy stays
at that of a linear model where all hidden layers are so.

## Why it happens
`activation=` was left out: Keras's default is none. Or the activation layer was lost when the net
was rewritten.

## How it is confirmed
By facts: the graph is read. What is linear on purpose is left out: one layer alone,
projections narrower than what goes in and out, depthwise parts of a separable convolution,
enlarging transposed convolutions, branches that end in a sum, layers that the code follows by
an activation function. A net that has learned its task in spite of it is left alone.

## Remedy
An activation in the layers named, all but the output layer.

## Sources
- Goodfellow, Bengio and Courville, *Deep Learning*, MIT Press 2016, section 6.1.
- Zhang, Zhai, Ma and Shen, *AUTOTRAINER: An Automatic DNN Training Problem Detection and Repair
  System*, ICSE 2021.
"""

from __future__ import annotations

import math
from dataclasses import replace

from convalesce import core
from convalesce.core import (
    LOSS,
    MODEL,
    TRAIN_ANSWERS,
)
from convalesce.readings import flow, structure

LINEAR = core.Limit(
    1, unit="layers", source="a product of matrices is one matrix: the layers in front add nothing"
)
LEARNED = 0.9  # skill that leaves at most a tenth to what is not linear


def symptom(signals: core.Signals) -> core.Evidence | None:
    """Weighted layers in a row with only linear maps between, and something left to learn.

    Args:
        signals: `MODEL`; `TRAIN_ANSWERS` or `LOSS` tell what was learned.
    """
    model = signals[MODEL]
    gained = flow.learned(signals.get(TRAIN_ANSWERS), signals.get(LOSS))
    chains = structure.collapsed(model)
    idle = tuple(layer for chain in chains for layer in chain[:-1])
    if len(idle) < LINEAR.value or gained >= LEARNED:
        return None
    inner = structure.hidden(model)
    share = min(len(idle) / max(len(inner), 1), 1.0)
    behind = ", ".join(chain[-1].name for chain in chains)
    names = ", ".join(layer.name for layer in idle[:5]) + (" …" if len(idle) > 5 else "")
    known = "" if math.isnan(gained) else f"; {max(gained, 0):.0%} of what chance leaves is learned"
    nothing = share == 1 and not gained >= 0.5
    return core.Evidence(
        readings=(core.Reading(MODEL, len(idle), LINEAR, "linear layers before another one"),),
        says=f"{names} {'has' if len(idle) == 1 else 'have'} no activation before {behind}"
        f"{': the whole model is one linear map' if share == 1 else ''}{known}",
        strength=0.5 + 0.45 * share,
        stated=True,
        severity=core.Severity.ERROR if nothing else core.Severity.WARNING,
        layers=tuple(layer.name for layer in idle),
        site=idle[0].site,
    )


def probe(evidence: core.Evidence) -> core.Trial:
    """With ReLU in these layers the loss must end lower."""
    return core.Trial(core.SetActivation("relu", evidence.layers), predict=core.LEARNS)


def remedies(evidence: core.Evidence) -> list[core.Change]:
    """An activation in the layers named."""
    return [core.SetActivation("relu", evidence.layers)]


def _record(activations: list[str], loss: list[float]) -> core.Signals:
    layer = core.Layer(name="", path="", kind="Dense", kernel_shape=(64, 64))
    layers = tuple(
        replace(layer, name=f"dense_{i}", path=f"dense_{i}", activation=activation)
        for i, activation in enumerate(activations)
    )
    model = core.Model(name="m", style="sequential", layers=layers, outputs=())
    return core.record({MODEL: model, LOSS: loss})


STUCK, LEARNING = [2.3, 2.0, 1.8, 1.7, 1.7, 1.7, 1.7, 1.7], [2.3, 1.0, 0.3, 0.1, 0.05, 0.02, 0.02]

CAUSE = core.Cause(
    module=__name__,
    page=__doc__,
    needs=(MODEL,),
    wants=(LOSS, TRAIN_ANSWERS),
    symptom=symptom,
    probe=probe,
    remedies=remedies,
    mimics=("arch.too_shallow",),
    sick=(_record(["linear", "linear", "softmax"], STUCK), _record(["relu", "linear"] * 2, STUCK)),
    healthy=(
        _record(["relu", "relu", "softmax"], STUCK),
        _record(["relu", "relu", "linear"], STUCK),
        _record(["softmax"], STUCK),
        _record(["linear", "linear", "softmax"], LEARNING),
    ),
)
