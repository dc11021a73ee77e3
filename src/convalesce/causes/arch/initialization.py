"""Initial weights are constant, zero, or of the wrong scale.

Units that start as copies of each other stay copies; a signal that each layer multiplies by ten is
a million times too large after six.

## Symptom
The columns of a hidden kernel are equal before training, or its spread is far from what its number
of inputs asks for. The first loss is then far above that of a constant answer. Or two matrices of
a layer of one's own start at zero, multiply each other, and never leave it.

## Why it happens
Equal units get equal gradients, so a constant (or zero) kernel leaves one unit's worth of layer.
A layer keeps the variance of its signal where its weights have a variance of about 1 or 2 over the
number of inputs; a fixed deviation such as 1.0 or 0.001 fits no layer's number.

## How it is confirmed
By facts: the kernels are read before the first step. As an experiment, the same steps from He's
weights must end with a lower loss.

## Remedy
`he_normal` for layers with ReLU and its kin, `glorot_uniform` (Keras's default) for the others.

## Sources
- Glorot and Bengio, *Understanding the difficulty of training deep feedforward neural networks*,
  AISTATS 2010.
- He, Zhang, Ren and Sun, *Delving Deep into Rectifiers*, ICCV 2015.
- Mishkin and Matas, *All you need is a good init*, ICLR 2016.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import replace

import numpy as np

from convalesce import core
from convalesce.core import (
    GRADIENT_NORM,
    LOSS,
    MODEL,
    SETUP,
    TRAIN,
    TRAIN_ANSWERS,
    WEIGHT_NORM,
)
from convalesce.readings import flow, structure
from convalesce.readings.curves import chance_loss

COPIES = core.Limit(
    0.5, unit="1", source="units that start equal get equal gradients and stay equal"
)
LOUD = core.Limit(
    10, unit="1", source="product over the layers of deviation over He's; 1 keeps the signal"
)
FAINT = core.Limit(
    1e-3, unit="1", source="product over the layers of deviation over the least of Glorot, LeCun"
)
FIRST = core.Limit(
    3, unit="1", source="an untrained net should answer about as well as a constant one"
)
FACTORS = core.Limit(1, unit="1", source="one factor of zeros gets a gradient, two get none")
OFFSETS = frozenset({"bias", "beta", "b", "moving_mean"})  # zero as a rule
SEEN, STILL = 3, 0.1  # steps that were looked at; skill up to which nothing was learned
LEARNED = 0.8  # skill from which the start has cost little
ENOUGH = 16  # entries of a kernel whose deviation can be told


def symptom(signals: core.Signals) -> core.Evidence | None:
    """Copies among hidden units, or a signal that grows or fades by orders through the layers.

    Args:
        signals: `MODEL`; `LOSS`, `SETUP` and `TRAIN` give the first loss against chance;
            `WEIGHT_NORM` and `GRADIENT_NORM` what never leaves zero.
    """
    model, losses = signals[MODEL], signals.get(LOSS)
    answers = signals.get(TRAIN_ANSWERS)
    chance = chance_loss(signals.get(SETUP), signals.get(TRAIN))
    gained = flow.learned(answers, losses)
    if model.weights_loaded or gained >= LEARNED:
        return None
    moved = min(gained, flow.loss_share(answers, losses)) >= 0.1
    severity = core.Severity.WARNING if moved else core.Severity.ERROR
    copies = _copies(model)
    if copies:
        worst = max(copies, key=lambda layer: layer.kernel_columns_equal)
        zero = worst.kernel_std == 0 and worst.kernel_mean == 0
        how = "zero" if zero else "constant" if worst.kernel_std == 0 else "copies of each other"
        return core.Evidence(
            readings=(
                core.Reading(
                    MODEL, worst.kernel_columns_equal, COPIES, f"equal units in {worst.name}"
                ),
            ),
            says=f"the weights of {_named(copies)} start {how}: their units stay equal",
            strength=0.95,
            stated=True,
            severity=severity,
            layers=tuple(layer.name for layer in copies),
            site=worst.site,
        )
    stuck = _stuck(signals)
    if stuck and gained < STILL:
        return _of_stuck(stuck, model)
    gains = _gains(model)
    product = math.exp(max(min(sum(math.log(g) for g in gains.values()), 700.0), -700.0))
    if FAINT.value < product < LOUD.value:
        return None
    start = flow.typical(losses.values[:1]) / chance if losses is not None else math.nan
    readings = [core.Reading(MODEL, product, LOUD if product > 1 else FAINT, "gain of all layers")]
    if math.isfinite(start):
        readings.append(core.Reading(LOSS, start, FIRST, "first loss over a constant answer's"))
    off = {n: g for n, g in gains.items() if (g > 1) == (product > 1) and g != 1}
    worst_name = max(off, key=lambda n: abs(math.log(off[n])))
    shown = not start < FIRST.value if product > 1 else gained < 0.1
    return core.Evidence(
        readings=tuple(readings),
        says=f"the initial weights of {worst_name} have {off[worst_name]:.3g} times the spread "
        f"that its number of inputs asks for; all layers multiply the signal by {product:.2g}"
        f"{f', and the first loss is {start:.3g} times chance' if start > FIRST.value else ''}",
        strength=0.9 if shown else 0.6,
        stated=shown,
        severity=severity,
        layers=tuple(off),
        site=next((x.site for x in model.layers if x.name == worst_name), None),
    )


def _stuck(signals: core.Signals) -> dict[str, list[str]]:
    """Layers of which two matrices or more are zero and get no gradient, with their names.

    One factor of zeros gets a gradient by the other; of two, neither does.
    """
    weights, gradients = signals.get(WEIGHT_NORM), signals.get(GRADIENT_NORM)
    if weights is None or gradients is None:
        return {}
    still = set(_zero(weights)) & set(_zero(gradients))
    found: dict[str, list[str]] = {}
    for label in sorted(still):
        layer, _, name = label.rpartition("/")
        if layer and name not in OFFSETS:
            found.setdefault(layer, []).append(name)
    return {layer: names for layer, names in found.items() if len(names) > 1}


def _zero(series: core.Series) -> Iterable[str]:
    """Variables for which it is 0 from the first step that was looked at to the last."""
    if series.values.ndim < 2 or len(series.values) < SEEN:
        return ()
    nothing = np.all(series.values == 0, axis=0)
    return (label for label, none in zip(series.labels, nothing, strict=False) if none)


def _of_stuck(stuck: dict[str, list[str]], model: core.Model) -> core.Evidence:
    path, names = next(iter(stuck.items()))
    layer = next((x for x in model.layers if path in {x.path, x.name}), None)
    name = layer.name if layer is not None else path
    return core.Evidence(
        readings=(
            core.Reading(WEIGHT_NORM, float(len(names)), FACTORS, f"zero matrices in {name}"),
        ),
        says=f"{' and '.join(names)} of {name} start at zero and stay there: each gets its "
        "gradient through the other",
        strength=0.95,
        stated=True,
        severity=core.Severity.ERROR,
        layers=(name,),
        site=layer.site if layer is not None else None,
    )


def _copies(model: core.Model) -> list[core.Layer]:
    """Hidden layers most of whose units equal another; zeros in a net of branches are a choice."""
    return [
        layer
        for layer in structure.hidden(model)
        if layer.kernel_columns_equal >= COPIES.value
        and layer.trainable_parameters > 0
        and layer.kernel_shape[-1] > 1
        and not (model.skips and layer.kernel_std == 0 and layer.kernel_mean == 0)
    ]


def _gains(model: core.Model) -> dict[str, float]:
    """Deviation of each kernel over the scale that keeps the signal; 1 within the common ones."""
    gains: dict[str, float] = {}
    for layer, behind in zip(model.layers, (*model.layers[1:], None), strict=False):
        scale = structure.scale(layer)
        if scale is None or structure.count(layer.kernel_shape) < ENOUGH:
            continue
        if not layer.kernel_std > 0 or not math.isfinite(layer.kernel_std):
            continue
        if layer.kind in structure.RECURRENT or (behind and structure.normalises(behind)):
            continue
        low = min(scale.glorot, scale.lecun)
        over, under = layer.kernel_std / scale.he, layer.kernel_std / low
        gains[layer.name] = over if over > 1.25 else under if under < 0.8 else 1.0
    return gains


def _named(layers: list[core.Layer]) -> str:
    return ", ".join(layer.name for layer in layers[:4]) + (" …" if len(layers) > 4 else "")


def probe(evidence: core.Evidence) -> core.Trial:
    """From He's weights the loss must end lower."""
    return core.Trial(
        core.SetInitializer("he_normal", evidence.layers),
        predict=core.LEARNS,
    )


def remedies(evidence: core.Evidence) -> list[core.Change]:
    """He's weights for ReLU, Glorot's for the others."""
    return [
        core.SetInitializer("he_normal", evidence.layers),
        core.SetInitializer("glorot_uniform", evidence.layers),
    ]


def _record(std: float, loss: list[float], *, equal: float = 0.0) -> core.Signals:
    layer = core.Layer(
        name="dense",
        path="dense",
        kind="Dense",
        activation="relu",
        kernel_shape=(128, 64),
        trainable_parameters=8256,
        kernel_mean=0.0,
        kernel_std=std,
        kernel_columns_equal=equal,
    )
    layers = (layer, replace(layer, name="head", kernel_shape=(64, 10), kernel_columns_equal=0.0))
    model = core.Model(name="m", style="sequential", layers=layers, outputs=())
    return core.record({MODEL: model, LOSS: loss})


def _product(weights: list[float]) -> core.Signals:
    """A layer that multiplies by two matrices of its own."""
    factors = {"mixer/down": weights, "mixer/up": weights, "mixer/bias": [0.0] * len(weights)}
    plain = _record(0.12, [2.3] * 6)
    return core.record({**plain.recorded, WEIGHT_NORM: factors, GRADIENT_NORM: factors})


CAUSE = core.Cause(
    module=__name__,
    page=__doc__,
    needs=(MODEL,),
    wants=(LOSS, SETUP, TRAIN, TRAIN_ANSWERS, WEIGHT_NORM, GRADIENT_NORM),
    symptom=symptom,
    probe=probe,
    remedies=remedies,
    asks=(core.Instrument.INITIAL_LOSS,),
    mimics=("data.unnormalized", "hp.lr_high"),
    sick=(
        _record(1.0, [2900.0, 700.0, 500.0, 400.0, 400.0, 400.0]),
        _record(0.0, [2.3] * 6, equal=63 / 64),
        _product([0.0, 0.0, 0.0]),
    ),
    healthy=(
        _product([0.0, 0.2, 0.4]),
        _record(0.12, [2.3] * 6),
        _record(1.0, [60.0, 3.0, 1.0, 0.3, 0.2, 0.2, 0.2]),
    ),
)
