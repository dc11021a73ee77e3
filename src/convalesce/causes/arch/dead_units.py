"""ReLU units that never fire.

A rectified unit whose input is negative for every example gives zero, gets no gradient, and can
never come back. A layer full of them passes nothing on.

## Symptom
Half or more of the units or channels that fired at first are zero on every row later on. That half
of all single activations are zero is ordinary; so are units that are off for all examples from the
start, where the examples are much alike.

## Why it happens
One update that is far too large, mostly by a learning rate too high or inputs of a large scale,
pushes a bias or a kernel so far that no example reaches the positive side. Constant or too large
initial weights can do the same before the first step.

## How it is confirmed
With an activation that has a slope on the negative side, the same steps must end with a lower
loss. A tenth of the learning rate is tried beside it, from the initial weights: where that alone
suffices, the rate is the root.

## Remedy
LeakyReLU, ELU or GELU in the layers named; a lower learning rate; He initialisation.

## Sources
- Maas, Hannun and Ng, *Rectifier Nonlinearities Improve Neural Network Acoustic Models*, ICML
  Workshop on Deep Learning for Audio, Speech and Language Processing, 2013.
- Lu, Shin, Su and Karniadakis, *Dying ReLU and Initialization: Theory and Numerical Examples*,
  Communications in Computational Physics, 2020.
"""

from __future__ import annotations

import numpy as np

from convalesce import core
from convalesce.core import (
    DEAD_UNITS,
    LOSS,
    MODEL,
    TRAIN_ANSWERS,
)
from convalesce.readings import flow

DEAD = core.Limit(
    2 / 3,
    unit="1",
    source="a third of the layer is left: halving a width is an ordinary step of any search, and "
    "most nets learn as well after it; a further one costs",
)
WHOLE = core.Limit(0.95, unit="1", source="the layer passes all but nothing on")
PRECISION = 1e-6
LEARNED = 0.8  # skill from which a narrower layer has cost little


def symptom(signals: core.Signals) -> core.Evidence | None:
    """Most of a hidden ReLU layer died, or all of it is dead, and training left much to learn.

    Units that are off for every example from the start are ordinary where the examples are alike;
    what counts is how many stopped firing.

    Args:
        signals: `MODEL`, `DEAD_UNITS`; `TRAIN_ANSWERS` or `LOSS` tell what was learned.
    """
    layers = flow.dead(signals[MODEL], signals[DEAD_UNITS])
    gained = flow.learned(signals.get(TRAIN_ANSWERS), signals.get(LOSS))
    hit = [x for x in layers if _died(x) or x.last >= WHOLE.value]
    if not hit or gained >= LEARNED:
        return None
    worst = hit[0]
    died = _died(worst)
    blocked = worst.last >= WHOLE.value
    others = f", and likewise in {len(hit) - 1} further layers" if len(hit) > 1 else ""
    return core.Evidence(
        readings=(
            core.Reading(DEAD_UNITS, worst.died, DEAD, f"units of {worst.layer} that died")
            if died
            else core.Reading(DEAD_UNITS, worst.last, WHOLE, f"dead units in {worst.layer}"),
        ),
        says=f"{worst.last:.0%} of the units of {worst.layer} are zero for every example"
        f"{f' ({worst.first:.0%} at the start)' if died else ''}{others}",
        # Death of a whole layer is the work of one huge update rather than of its activation.
        strength=0.5 if blocked else min(0.45 + 0.2 * worst.last + 0.05 * min(len(hit), 3), 0.8),
        severity=core.Severity.ERROR if blocked and not gained >= 0.1 else core.Severity.WARNING,
        layers=tuple(layer.layer for layer in hit),
    )


def _died(layer: flow.Dead) -> bool:
    """Less than a third is left; shares are of single precision."""
    return layer.died > DEAD.value + PRECISION


def probe(evidence: core.Evidence) -> core.Trial:
    """With a slope on the negative side the loss must end lower."""
    return core.Trial(
        core.SetActivation("leaky_relu", evidence.layers),
        predict=core.LEARNS,
    )


def remedies(evidence: core.Evidence) -> list[core.Change]:
    """An activation that cannot die; a lower rate; He's scale."""
    return [
        core.SetActivation("leaky_relu", evidence.layers),
        core.ScaleLearningRate(0.1),
        core.SetInitializer("he_normal", evidence.layers),
    ]


def _record(shares: list[float], loss: list[float]) -> core.Signals:
    layer = core.Layer(
        name="code", path="net/code", kind="Dense", activation="relu", kernel_shape=(32, 16)
    )
    model = core.Model(name="m", style="functional", layers=(layer,), outputs=())
    values = {"net/code": np.asarray(shares)}
    return core.record({MODEL: model, DEAD_UNITS: values, LOSS: loss})


CAUSE = core.Cause(
    module=__name__,
    page=__doc__,
    needs=(MODEL, DEAD_UNITS),
    wants=(LOSS, TRAIN_ANSWERS),
    symptom=symptom,
    probe=probe,
    remedies=remedies,
    mimics=(
        "data.unnormalized",
        "data.nonfinite",
        "data.labels",
        "arch.initialization",
        "arch.output_activation",
        "reg.too_strong",
        "hp.lr_high",
    ),
    sick=(_record([0.0, 0.1, 0.4, 0.7, 0.7, 0.7, 0.7, 0.7], [2.3] * 8),),
    healthy=(
        _record([0.5, 0.5, 0.5, 0.6, 0.6, 0.6, 0.6, 0.6], [2.3] * 8),
        _record([0.0, 0.05, 0.1, 0.1, 0.1, 0.1, 0.1, 0.1], [2.3] * 8),
        _record([0.0, 0.1, 0.4, 0.7, 0.7, 0.7, 0.7, 0.7], [2.3, 2.0, 1.0, 0.3, 0.1, 0.1, 0.1, 0.1]),
    ),
)
