"""DeepLocalize: NaN, zeros and values that no longer change, in the first phase that shows them.

Wardat, Le and Rajan, *DeepLocalize: Fault Localization for Deep Neural Networks*, ICSE 2021. The
rules are those of its callback, `class DeepLocalize` in `callback/callbacks.py` of
github.com/DeepDiagnosis/ICSE2022. The first phase that fails ends the training and is all that is
said: a layer and a phase, no cause.

Approximated: looks are the monitored steps (the first sixteen and ever fewer later), not every
batch; a mean of weights or of gradients that is zero is read as a norm that is zero, one that does
not change as a norm that does not; accuracy is compared between epochs, as it is not recorded by
batch. In its favour, the mean of a softmax, which is always one over its width, may stay as it is.
Left out: gradients of layer outputs, which are not recorded.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from benchmarks.diagnosis.claims import Claim
from benchmarks.diagnosis.rivals import looks
from convalesce import core

WINDOW = core.Limit(5, "looks", "callbacks.py, DeepLocalize.on_batch_end, N")
OFTEN = core.Limit(0.5, "1", "callbacks.py: zero in counter / 2 of the batches")

# It names a phase; taken to name what a fault of that phase may come from.
MEANS = {
    "Error in forward": (
        "arch.dead_units",
        "arch.initialization",
        "arch.output_activation",
        "arch.exploding_gradient",
        "data.nonfinite",
    ),
    "Error in Weights": ("hp.lr_high", "arch.exploding_gradient", "arch.frozen", "hp.lr_low"),
    "Invalid loss": ("hp.loss", "hp.lr_high", "arch.output_activation", "data.nonfinite"),
    "Model does not learn": ("hp.lr_low", "hp.lr_high", "hp.optimizer", "hp.loss"),
    "Error in delta Weights": (
        "arch.vanishing_gradient",
        "arch.exploding_gradient",
        "arch.frozen",
        "hp.loss",
    ),
}


@dataclass(frozen=True)
class _Seen:
    """Columns over the looks, by layer.

    Attributes:
        forward: Means of outputs. `weights`, `gradients`: norms of kernels.
        lost: Most non-finite outputs of any layer.
        dense: Names of Dense layers. `even`: of those that end in a softmax.
    """

    forward: dict[str, looks.Floats]
    weights: dict[str, looks.Floats]
    gradients: dict[str, looks.Floats]
    lost: looks.Floats
    loss: core.Series | None
    dense: frozenset[str]
    even: frozenset[str]
    frozen: bool


def say(signals: core.Signals) -> tuple[Claim, ...]:
    """The first phase that fails; nothing where none does."""
    means = looks.seen(signals, core.ACTIVATION_MEAN)
    series = means if means is not None else looks.seen(signals, core.GRADIENT_NORM)
    seen = _seen(signals)
    for look, step in enumerate(series.steps if series is not None else ()):
        for phase in _phases(seen, look, int(step)):
            return (Claim(MEANS[phase], phase),)
    if _still(looks.curve(signals, *looks.ACCURACIES)):
        return (Claim(MEANS["Model does not learn"], "Model does not learn"),)
    return ()


def _seen(signals: core.Signals) -> _Seen:
    layers = looks.layers(signals)
    lost = looks.seen(signals, core.ACTIVATION_NONFINITE)
    return _Seen(
        forward=looks.activations(signals, core.ACTIVATION_MEAN),
        weights=looks.kernels(signals, core.WEIGHT_NORM),
        gradients=looks.kernels(signals, core.GRADIENT_NORM),
        lost=np.zeros(0) if lost is None else np.nan_to_num(lost.values).max(axis=1, initial=0),
        loss=looks.losses(signals),
        dense=frozenset(layer.name for layer in layers if layer.kind == "Dense"),
        even=frozenset(layer.name for layer in layers if layer.activation == "softmax"),
        frozen=_frozen(layers),
    )


def _phases(seen: _Seen, look: int, step: int) -> Iterator[str]:
    """Phases that fail at a look, in the order in which they are asked."""
    to = slice(look + 1)
    if (seen.lost[look : look + 1] > 0).any():
        yield "Error in forward"
    if any(_fails(v[to], moves=name not in seen.even) for name, v in seen.forward.items()):
        yield "Error in forward"
    if any(_fails(v[to], moves=name in seen.dense) for name, v in seen.weights.items()):
        yield "Error in Weights"
    if look + 1 >= WINDOW.value and seen.frozen:
        yield "Error in Weights"
    if seen.loss is not None:
        until = seen.loss.values[: int(np.searchsorted(seen.loss.steps, step, side="right"))]
        if looks.any_nonfinite(until):
            yield "Invalid loss"
        if _still(until):
            yield "Model does not learn"
    if any(_fails(v[to]) for name, v in seen.gradients.items() if name in seen.dense):
        yield "Error in delta Weights"


def _frozen(layers: tuple[core.Layer, ...]) -> bool:
    """A Dense layer is kept from learning: its weights are not recorded, and do not change."""
    return any(
        layer.kind == "Dense" and layer.parameters > 0 and not layer.trainable_parameters
        for layer in layers
    )


def _fails(values: looks.Floats, *, moves: bool = True) -> bool:
    """Not finite now, zero now and in half of the looks, or (where it should move) still."""
    if not np.isfinite(values[-1]):
        return True
    often = int((values == 0).sum()) >= OFTEN.value * len(values)
    return bool(values[-1] == 0 and often) or (moves and _still(values))


def _still(values: looks.Floats) -> bool:
    """One of the windows that follow each other holds equal values."""
    window = int(WINDOW.value)
    windows = values[: len(values) // window * window].reshape(-1, window)
    return bool((windows == windows[:, :1]).all(axis=1).any())
