"""Strides and pooling shrink the feature map too early, or never before a huge Dense.

A map of one position has forgotten where anything was. A map that never shrinks leaves it to a
Dense layer with a weight for every position, which learns positions by heart.

## Symptom
One or two positions are left after two or three layers, each with strides and pools of 3 and more;
convolutions still come behind. Training and validation level off low. Or: nothing shrinks the
map, nearly all weights are in the Dense after Flatten, and training runs far ahead of
validation. Too much shrinking can also end in an error: a map of no size at all. Or:
poolings shrink the input four-fold before any weight has seen it.

## Why it happens
`Conv2D(8, 5, 5)` is a stride of 5, not a kernel of 5 by 5. Strides and pools were stacked without
counting; the picture is smaller than those that the net was designed for.

## How it is confirmed
By the shapes of the maps, which are facts, and a training that fell short. As an experiment, the
same steps with strides of 2 (or global pooling in place of Flatten) must end with a lower loss.

## Remedy
Strides of 1 or 2 and pools of 2, so that the map still has some positions when features have been
formed; `padding='same'`; global average pooling in place of Flatten.

## Sources
- Springenberg, Dosovitskiy, Brox and Riedmiller, *Striving for Simplicity: The All Convolutional
  Net*, ICLR Workshop 2015.
- Lin, Chen and Yan, *Network In Network*, ICLR 2014: global average pooling.
"""

from __future__ import annotations

import re
from dataclasses import replace

from convalesce import core
from convalesce.core import (
    LOSS,
    MODEL,
    TRAIN,
    TRAIN_ANSWERS,
    VALIDATION_ANSWERS,
)
from convalesce.readings import flow, structure

STEEP = core.Limit(
    3, unit="1", source="stride a weighted layer; VGG, ResNet and their kin stay at 2 or below"
)
LEFT = core.Limit(2, unit="positions", source="two positions an axis hold no layout")
UNSEEN = core.Limit(
    4,
    unit="1",
    source="in front of weights; ResNet's stem pools by 2, behind its first convolution",
)
IDLE = core.Limit(
    2, unit="layers", source="on a map of one position a kernel uses its middle weight alone"
)
DENSE = core.Limit(0.9, unit="1", source="share of all weights in one Dense: the rest is ornament")
NEGATIVE = core.Limit(1, unit="positions", source="a map needs one position at least")
LEARNED = 0.8  # skill from which the map has cost little
UNSHRUNK = 0.5  # share of the input's positions: not pooled once
EACH = 10  # weights of that Dense an example
GAP = 0.2  # share of what can be learned, training ahead of validation

TOO_SMALL = re.compile(
    r"Computed output size would be (zero or )?negative|Negative dimension size caused by"
    r"|dimensions in the output is <= 0|Output size .*negative",
    re.IGNORECASE,
)
SHAPES = re.compile(r"inputs?[ ._]shape=[\[(]([^\])]*)[\])]")


def symptom(signals: core.Signals) -> core.Evidence | None:
    """The map is gone too early and training fell short, or never shrinks and it overfits.

    Args:
        signals: `MODEL`; the others tell what was learned and from how many examples.
    """
    model, train = signals[MODEL], signals.get(TRAIN)
    answers, losses = signals.get(TRAIN_ANSWERS), signals.get(LOSS)
    ahead = flow.gap(answers, signals.get(VALIDATION_ANSWERS))
    gained = flow.learned(answers, losses)
    path = structure.shrinking(model)
    if path is None:
        return None
    steep = path.stride >= STEEP.value and path.end <= LEFT.value and path.convolutions > 1
    if gained < LEARNED and (steep or len(path.behind) >= IDLE.value):
        return _collapsed(path, gained, steep=steep)
    if gained < LEARNED and path.unseen >= UNSEEN.value:
        return _before_weights(path, gained)
    return _never_shrunk(model, path, train, ahead)


def _before_weights(path: structure.Shrinking, gained: float) -> core.Evidence:
    """Pooled before any weight has seen it: what is fine is gone."""
    pools = path.layers[: path.pools]
    return core.Evidence(
        readings=(core.Reading(MODEL, path.unseen, UNSEEN, "stride before the first weights"),),
        says=f"{' and '.join(layer.name for layer in pools)} shrinks the input {path.unseen}-fold "
        f"before any weight sees it; {max(gained, 0):.0%} of what chance leaves is learned",
        strength=0.55,
        severity=core.Severity.ERROR if gained < 0.1 else core.Severity.WARNING,
        layers=tuple(layer.name for layer in pools),
        site=pools[0].site,
    )


def _collapsed(path: structure.Shrinking, gained: float, *, steep: bool) -> core.Evidence:
    readings = [core.Reading(MODEL, path.stride, STEEP, "stride a weighted layer")] if steep else []
    readings.append(core.Reading(MODEL, path.end, LEFT, "positions left along the map"))
    if path.behind:
        readings.append(core.Reading(MODEL, len(path.behind), IDLE, "convolutions behind"))
    return core.Evidence(
        readings=tuple(readings),
        says=f"{path.convolutions} layers shrink the map from {path.start} positions to {path.end}"
        f"{f', with {len(path.behind)} convolutions still behind' if path.behind else ''}; "
        f"{max(gained, 0):.0%} of what chance leaves is learned",
        strength=0.85 if steep else 0.7,
        stated=True,
        severity=core.Severity.ERROR if gained < 0.1 else core.Severity.WARNING,
        layers=tuple(layer.name for layer in path.layers),
        site=path.layers[0].site if path.layers else None,
    )


def _never_shrunk(
    model: core.Model, path: structure.Shrinking, train: core.Split | None, ahead: float
) -> core.Evidence | None:
    heavy = max(model.layers, key=lambda layer: layer.parameters)
    flattened = any(layer.kind == "Flatten" for layer in model.layers)
    examples = (train.examples if train is not None else None) or 0
    weights, total = (min(max(n, 1), structure.MOST) for n in (heavy.parameters, model.parameters))
    share = min(weights / total, 1.0)
    big = heavy.kind == "Dense" and flattened and share >= DENSE.value
    if not big or path.end < UNSHRUNK * path.start or not ahead >= GAP:
        return None
    if examples < 1 or weights < EACH * examples:
        return None
    return core.Evidence(
        readings=(core.Reading(MODEL, share, DENSE, f"share of all weights in {heavy.name}"),),
        says=f"nothing shrinks the map before {heavy.name}, which holds {share:.0%} of all "
        f"weights, {weights / examples:.3g} an example; training ended {ahead:.0%} ahead",
        strength=0.8,
        stated=True,
        layers=(heavy.name,),
        site=heavy.site,
    )


def crash(crash: core.Crash) -> core.Evidence | None:
    """A convolution or pooling that would leave a map of no size."""
    if not TOO_SMALL.search(crash.message):
        return None
    shape = SHAPES.search(crash.message)
    needed, left = (crash.numbers.get(key) for key in ("window_size", "input_size"))
    came = f": a map of shape ({shape[1].strip()}) comes in" if shape else ""
    if needed is not None and left is not None:
        came = f": its window is {needed:.0f} wide, and {left:.0f} positions come in"
    return core.Evidence(
        readings=(core.Reading(core.CRASH, 0, NEGATIVE, "positions left"),),
        says=f"{crash.layer or 'a layer'} needs a larger map than the layers before it leave{came}",
        strength=1.0,
        stated=True,
        severity=core.Severity.ERROR,
        layers=(crash.layer,) if crash.layer else (),
        site=crash.site,
    )


def probe(evidence: core.Evidence) -> core.Trial:
    """With milder strides, or pooled globally, more must be known of validation."""
    first, *others = remedies(evidence)
    return core.Trial(first, predict=core.KNOWS, steps=None, otherwise=tuple(others))


def remedies(evidence: core.Evidence) -> list[core.Change]:
    """Milder strides; where nothing shrinks the map, global pooling."""
    if evidence.readings[0].limit is DENSE:
        return [core.PoolGlobally(), core.SetStrides(2)]
    if evidence.readings[0].limit is UNSEEN:
        return [core.SetStrides(2, evidence.layers), core.SetStrides(1, evidence.layers)]
    if evidence.readings[0].limit is NEGATIVE:
        return [core.SetStrides(1, evidence.layers), core.ChangeDepth(-1)]
    return [core.SetStrides(2 if len(evidence.layers) < 3 else 1, evidence.layers)]


def _record(strides: tuple[int, ...], loss: list[float], pool: int = 1) -> core.Signals:
    size, layers = 64 // pool, []
    if pool > 1:
        layers.append(
            core.Layer(
                name="pool",
                path="pool",
                kind="AveragePooling2D",
                kernel_size=(pool, pool),
                strides=(pool, pool),
                input_shape=(64, 64, 8),
                output_shape=(size, size, 8),
            )
        )
    base = core.Layer(
        name="", path="", kind="Conv2D", kernel_shape=(3, 3, 8, 8), kernel_size=(3, 3)
    )
    for i, stride in enumerate(strides):
        into, size = size, -(-size // stride)
        named = replace(base, name=f"conv_{i}", path=f"conv_{i}", strides=(stride, stride))
        layers.append(replace(named, input_shape=(into, into, 8), output_shape=(size, size, 8)))
    model = core.Model(name="m", style="sequential", layers=tuple(layers), outputs=())
    return core.record({MODEL: model, LOSS: loss})


CAUSE = core.Cause(
    module=__name__,
    page=__doc__,
    needs=(MODEL,),
    wants=(LOSS, TRAIN, TRAIN_ANSWERS, VALIDATION_ANSWERS),
    symptom=symptom,
    probe=probe,
    remedies=remedies,
    mimics=("reg.overfitting", "data.insufficient", "arch.too_deep"),
    crash=crash,
    sick=(
        _record((4, 4, 4), [1.4, 1.3, 1.2, 1.2, 1.2, 1.2, 1.2, 1.2]),
        _record((1, 2), [1.4, 1.3, 1.2, 1.2, 1.2, 1.2, 1.2, 1.2], pool=4),
    ),
    healthy=(
        _record((2, 2, 2, 2), [1.4, 1.3, 1.2, 1.2, 1.2, 1.2, 1.2, 1.2]),
        _record((4, 4, 4), [1.4, 1.0, 0.3, 0.1, 0.1, 0.1, 0.1, 0.1]),
        _record((1, 2), [1.4, 1.3, 1.2, 1.2, 1.2, 1.2, 1.2, 1.2], pool=2),
    ),
    sick_crashes=(
        core.Crash(
            exception="ValueError",
            message="Computed output size would be zero or negative. Received: `inputs.shape="
            "[None 1 1 1]`, `pool_size=[4 4]`, `strides=(4, 4)`, `padding=valid`.",
            phase="build",
            layer="max_pooling2d_3",
        ),
        core.Crash(
            exception="ValueError",
            message="Negative dimension size caused by subtracting 8 from 3 for MaxPool2d",
            phase="fit",
        ),
    ),
)
