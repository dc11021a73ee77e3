"""Layers that should learn cannot (or a pretrained base is trained too hard).

Random weights that never change are a random projection: what stands behind them must make do with
that.

## Symptom
Weights do not change, because `trainable` is False while nothing was loaded into the layer, or
because no gradient reaches it: `stop_gradient`, an operation without a derivative, an output that
the loss does not see. Or the weights were loaded, and the first updates are so large that
they are gone before they are of use.

## Why it happens
`base.trainable = False` was copied from a recipe for transfer learning, with `weights=None`. Or
`trainable` was set to True after `compile`, which counts only from the next `compile` on.

## How it is confirmed
By facts: the flags when the model was compiled, whether the kernels still have the spread that
their initialiser draws, and gradients that are zero or absent at every look. Layers with loaded
weights are frozen on purpose and left alone. As an experiment, with the layers set free the same
steps must end with a lower loss.

## Remedy
`trainable = True` on the layers named, then `compile` again; take `stop_gradient` out. For a
pretrained base: train the head first, then fine-tune all at a small rate.

## Sources
- Yosinski, Clune, Bengio and Lipson, *How transferable are features in deep neural networks?*,
  NeurIPS 2014.
- Keras documentation, *Transfer learning and fine-tuning*, https://keras.io/guides/transfer_learning/
"""

from __future__ import annotations

import math
from dataclasses import replace

from convalesce import core
from convalesce.core import (
    DEAD_UNITS,
    GRADIENT_NORM,
    LOSS,
    MODEL,
    SETUP,
    TRAIN_ANSWERS,
    UPDATE_RATIO,
)
from convalesce.readings import flow, structure

SHARE = core.Limit(
    0.1, unit="1", source="share of the kernels' weights that cannot learn; less is a detail"
)
STILL = core.Limit(0, unit="1", source="a gradient of exactly zero at every look changes nothing")
VIOLENT = core.Limit(
    0.1, unit="1", source="update over weights; fine-tuning wants far below the 0.001 of training"
)
LEARNED = 0.8  # skill from which random features were enough
NEAR = 4.0  # standard errors of a sample's deviation


def symptom(signals: core.Signals) -> core.Evidence | None:
    """Random kernels that cannot learn, or loaded ones that the first updates overwrite.

    Args:
        signals: `MODEL`; the gradients show what the flags do not.
    """
    model, gradients = signals[MODEL], signals.get(GRADIENT_NORM)
    ratios, units, setup = signals.get(UPDATE_RATIO), signals.get(DEAD_UNITS), signals.get(SETUP)
    gained = flow.learned(signals.get(TRAIN_ANSWERS), signals.get(LOSS))
    if gained >= LEARNED:
        return None
    looked_up = [x for x in model.layers if x.kind == "Embedding"]
    fixed = [x for x in (*looked_up, *structure.hidden(model)) if not _may_learn(x) and _random(x)]
    if fixed:
        return _evidence(
            model,
            fixed,
            gained,
            core.Reading(MODEL, _share(model, fixed), SHARE, "weights that cannot learn"),
        )
    own_step = setup is not None and (setup.custom_train_step or bool(setup.partial))
    cut = any(layer.kind == "stop_gradient" for layer in model.layers)
    dead = flow.dead(model, units) if units is not None else ()
    blocked = dead and dead[0].first > 0.99
    if gradients is not None and not blocked and (cut or not own_step):
        still = [
            x for x in flow.unmoved(model, gradients, ratios) if x.kernel_std > 0 and _random(x)
        ]
        left = [] if own_step else flow.left_out(model, gradients)
        left = [x for x in left if x.kernel_std > 0 and _random(x)]
        if left:
            share = _share(model, left)
            return _evidence(
                model,
                left,
                gained,
                core.Reading(MODEL, share, SHARE, "weights that no step is given"),
            )
        if still:
            return _evidence(
                model, still, gained, core.Reading(GRADIENT_NORM, 0, STILL, "gradient")
            )
    return _overwritten(model, ratios, gained) if model.weights_loaded else None


def _evidence(
    model: core.Model, layers: list[core.Layer], gained: float, reading: core.Reading
) -> core.Evidence | None:
    share = _share(model, layers)
    if share < SHARE.value:
        return None
    by_flag = not _may_learn(layers[0])
    left_out = reading.signal is MODEL and not by_flag
    # A random projection of words may do; one that makes all words alike can't.
    projects = all(x.kind == "Embedding" and x.kernel_std > 0 for x in layers)
    names = ", ".join(x.name for x in layers[:4]) + (" …" if len(layers) > 4 else "")
    why = (
        "cannot train (trainable=False) though the weights are "
        + ("all alike" if all(x.kernel_std == 0 for x in layers) else "random")
        if by_flag
        else "may train by their flags, but the step that was compiled before leaves them out"
        if left_out
        else "may train, but no gradient reaches them"
    )
    return core.Evidence(
        readings=(reading,),
        says=f"{names} {why}: {share:.0%} of the weights stay as they were drawn",
        strength=0.7 + 0.25 * share,
        stated=not (by_flag and model.weights_loaded) and not projects,
        severity=core.Severity.ERROR if not gained >= 0.5 else core.Severity.WARNING,
        layers=tuple(x.name for x in layers),
        site=layers[0].site,
    )


def _overwritten(
    model: core.Model, ratios: core.Series | None, gained: float
) -> core.Evidence | None:
    """Loaded weights that change by a tenth and more in each of the first steps."""
    if ratios is None or not gained < 0.5:
        return None
    early = {n: flow.typical(v) for n, v in flow.of_kernels(model, flow.opening(ratios)).items()}
    hit = {n: v for n, v in early.items() if v >= VIOLENT.value}
    if len(hit) * 2 <= len(early):
        return None
    worst = max(hit, key=lambda n: hit[n])
    return core.Evidence(
        readings=(core.Reading(UPDATE_RATIO, hit[worst], VIOLENT, f"update of {worst}"),),
        says=f"the weights were loaded, and the first updates change {worst} by {hit[worst]:.0%} "
        "each: what was loaded is lost",
        strength=0.5,
        layers=tuple(hit),
    )


def _may_learn(layer: core.Layer) -> bool:
    return layer.trainable and layer.trainable_parameters > 0


def _random(layer: core.Layer) -> bool:
    """The kernel has the spread that its own initialiser draws, as far as its size can tell."""
    drawn, entries = structure.drawn(layer), structure.count(layer.kernel_shape)
    if entries < 2:
        return False
    if layer.kernel_std == 0:
        return True  # all alike, as no training leaves them
    if drawn is None or not drawn > 0 or not math.isfinite(layer.kernel_std):
        return False
    return abs(layer.kernel_std / drawn - 1) < 0.01 + NEAR / math.sqrt(2 * entries)


def _share(model: core.Model, layers: list[core.Layer]) -> float:
    others = {x.name: x for x in (*structure.weighted(model), *layers)}
    total = sum(structure.count(x.kernel_shape) for x in others.values())
    return min(sum(structure.count(x.kernel_shape) for x in layers) / max(total, 1), 1.0)


def probe(evidence: core.Evidence) -> core.Trial:
    """Set free, the layers must let the loss fall."""
    return core.Trial(remedies(evidence)[0], predict=core.LEARNS)


def remedies(evidence: core.Evidence) -> list[core.Change]:
    """Let them learn; where loaded weights were lost, freeze first and lower the rate."""
    if evidence.readings[0].limit is VIOLENT:
        return [
            core.SetTrainable(trainable=False, layers=evidence.layers),
            core.ScaleLearningRate(0.01),
        ]
    return [core.SetTrainable(trainable=True, layers=evidence.layers)]


def _record(gradients: dict[str, float], *, trainable: bool, std: float) -> core.Signals:
    base = core.Layer(
        name="conv",
        path="conv",
        kind="Conv2D",
        kernel_shape=(3, 3, 16, 32),
        initializer="GlorotUniform",
        kernel_std=std,
        parameters=4640,
        trainable=trainable,
        trainable_parameters=4640 if trainable else 0,
    )
    head = replace(base, name="head", path="head", kind="Dense", kernel_shape=(32, 10))
    head = replace(head, trainable=True, trainable_parameters=330)
    model = core.Model(name="m", style="sequential", layers=(base, head), outputs=())
    columns = {f"{name}/kernel": [value] * 6 for name, value in gradients.items()}
    return core.record({MODEL: model, GRADIENT_NORM: columns, LOSS: [2.3] * 6})


def _words(std: float) -> core.Signals:
    """An embedding that cannot train, in front of a convolution that can."""
    words = core.Layer(
        name="words",
        path="words",
        kind="Embedding",
        kernel_shape=(400, 32),
        initializer="RandomUniform",
        kernel_std=std,
        parameters=12_800,
        trainable=False,
    )
    record = _record({"conv": 0.3, "head": 0.3}, trainable=True, std=0.068)
    model = record[MODEL]
    changed = replace(model, layers=(words, *model.layers))
    return core.record({**record.recorded, MODEL: changed})


CAUSE = core.Cause(
    module=__name__,
    page=__doc__,
    needs=(MODEL,),
    wants=(GRADIENT_NORM, UPDATE_RATIO, DEAD_UNITS, SETUP, TRAIN_ANSWERS, LOSS),
    symptom=symptom,
    probe=probe,
    remedies=remedies,
    mimics=("hp.lr_high", "arch.dead_units", "arch.initialization"),
    sick=(
        _record({"head": 0.3}, trainable=False, std=0.068),
        _record({"conv": 0.0, "head": 0.3}, trainable=True, std=0.068),
        _record({"head": 0.3}, trainable=True, std=0.068),
        _record({"head": 0.3}, trainable=False, std=0.0),
        _words(std=0.0289),
    ),
    healthy=(
        _words(std=0.4),
        _record({"head": 0.3}, trainable=False, std=0.031),
        _record({"conv": 0.1, "head": 0.3}, trainable=True, std=0.068),
    ),
)
