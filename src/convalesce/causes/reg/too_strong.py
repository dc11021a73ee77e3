r"""Regularisation is so strong that the model cannot learn.

Training serves the penalty, the decay or the dropout, and the data come second.

## Symptom
The penalty is the larger part of the loss while most of the task is not learned; or weights
shrink to nothing; or so many units are dropped that what is left cannot carry the task. Training
and validation are poor alike.

## Why it happens
An L2 factor of $\lambda$ pulls each weight toward zero with $2\lambda w$, an L1 factor with
$\lambda$ whatever its size. Where that outweighs the gradient of the data, the weights
vanish. AdamW takes rate times `weight_decay` off every weight at every step, and no loss shows it.
Dropout of rate $p$ leaves $1-p$ of the units of a layer, and layers in a row multiply.

## How it is confirmed
By facts: the penalty against the loss of the data, and the norms of the weights at the start and at
the end. A penalty that is but a part of the loss, by a factor beyond the usual, is an experiment:
with a usual one, a whole training must know more. So are layers of dropout in a row. What a single
one costs is an experiment, too: the same steps with half the rate must end lower.

## Remedy
L2 near 1e-4, `weight_decay` near 1e-2 or below, dropout of 0.5 and less.

## Sources
- Loshchilov and Hutter, *Decoupled Weight Decay Regularization*, ICLR 2019.
- Srivastava, Hinton, Krizhevsky, Sutskever and Salakhutdinov, *Dropout: A Simple Way to Prevent
  Neural Networks from Overfitting*, JMLR 2014, section 7.3: flat between keeping 0.4 and 0.8, and
  underfitting where few units are kept.
- Simonyan and Zisserman, *Very Deep Convolutional Networks for Large-Scale Image Recognition*, ICLR
  2015, section 3.1: two layers of dropout of 0.5.
- Goodfellow, Bengio and Courville, *Deep Learning*, 2016, section 7.1.
"""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np

from convalesce import core
from convalesce.core import (
    LOSS,
    MODEL,
    PENALTY,
    WEIGHT_NORM,
)
from convalesce.readings import curves

SHARE = core.Limit(0.5, unit="1", source="the penalty is the larger part of what training lowers")
SHRUNK = core.Limit(
    0.1, unit="1", source="a tenth of the initial norm: signals fall by ten in each such layer"
)
DECAY = core.Limit(
    1e-3, unit="1", source="decay as large as a healthy update, about 1e-3 a step (CS231n notes)"
)
PAID = core.Limit(
    0.1, unit="1", source="a tenth of what training lowers serves the penalty: worth a trial"
)
USUAL = core.Limit(
    0.01,
    unit="1",
    source="the factor that keras.regularizers.L1 and L2 have by default; usual "
    "ones are smaller, 5e-4 in Krizhevsky 2012",
)
KEPT = core.Limit(
    0.2,
    unit="1",
    source="Srivastava et al. 2014, section 7.3: half of the 0.4 below which it costs",
)
ROW = core.Limit(
    0.1,
    unit="1",
    source="shares multiply; Simonyan and Zisserman 2015 keep a quarter, with two layers of 0.5",
)
ROOM = core.Limit(
    2,
    unit="std",
    source="truncated normal initialisers draw weights of up to two deviations: decay forbids what "
    "they start with; the bound is the fixed point of Loshchilov and Hutter 2019, algorithm 2",
)
ADAM = {"Adam", "AdamW", "Nadam", "Adamax", "Lion"}
LEFT = 0.25  # of what chance leaves open, not learned: the task suffers
UNLEARNED = 0.05  # of what chance leaves open


def symptom(signals: core.Signals) -> core.Evidence | None:
    """Penalty, decay or dropout that outweighs the data, in a model that did not learn its task.

    Args:
        signals: `MODEL` and `LOSS`; penalties, weight norms and the set-up where known.
    """
    model, progress = signals[MODEL], curves.progress(signals)
    left_over = _left_of_weights(signals.get(WEIGHT_NORM))
    total = curves.finite(signals[LOSS].values)
    if math.isnan(progress.skill) or 1 - progress.skill < LEFT or not len(total):
        return None
    return (
        _by_penalty(signals, total, left_over, progress)
        or _by_decay(signals.get(core.SETUP), left_over, progress)
        or _by_bound(signals.get(core.SETUP), model, progress)
        or _by_dropout(model, progress)
    )


def _by_penalty(
    signals: core.Signals, total: curves.Floats, left_over: float, progress: curves.Progress
) -> core.Evidence | None:
    penalty, history = signals.get(PENALTY), signals.get(core.HISTORY)
    held = [layer for layer in signals[MODEL].layers if layer.l1 > 0 or layer.l2 > 0]
    paid = curves.finite(penalty.values) if penalty is not None else np.empty(0)
    cut = history is not None and history.stopped == "cut by check"
    if not held or not len(paid) or not min(total[0], _late(total)) > 0:
        return None
    first, share = float(paid[0] / total[0]), _late(paid) / _late(total)
    collapsed = left_over < SHRUNK.value and first > SHARE.value
    worst = max(held, key=lambda layer: max(layer.l1, layer.l2))
    kind, factor = ("L1", worst.l1) if worst.l1 >= worst.l2 else ("L2", worst.l2)
    # In its first steps a sound training may still pay for its initial weights.
    outweighs = not cut and share > SHARE.value
    unusual = not cut and share > PAID.value and factor > USUAL.value
    if not (collapsed or outweighs or unusual):
        return None
    shrunk = core.Reading(
        WEIGHT_NORM, left_over, SHRUNK, "norm of the typical kernel over its start"
    )
    least = SHARE if outweighs or collapsed else PAID
    costs = core.Reading(PENALTY, share, least, "share of the penalty in the loss at the end")
    asks = core.Reading(MODEL, factor, USUAL, f"factor of {kind}")
    return core.Evidence(
        readings=(shrunk, costs) if collapsed else (costs,) if outweighs else (costs, asks),
        says=f"{kind} of {factor:.3g} on {len(held)} layers: "
        + (
            f"kernels end at {left_over:.2g} of their norm"
            if collapsed
            else f"{share:.0%} of the loss is penalty"
        )
        + f", {max(progress.skill, 0):.0%} of the task is learned",
        strength=0.95 if collapsed else 0.85 if outweighs else 0.5,
        stated=collapsed or outweighs,
        severity=_severity(progress),
        layers=tuple(layer.name for layer in held),
    )


def _by_decay(
    setup: core.Setup | None, left_over: float, progress: curves.Progress
) -> core.Evidence | None:
    optimizer = setup.optimizer if setup is not None else None
    if optimizer is None:
        return None
    decay = optimizer.weight_decay * optimizer.learning_rate
    if not decay >= DECAY.value or not left_over < 0.5:
        return None
    return core.Evidence(
        readings=(
            core.Reading(core.SETUP, decay, DECAY, "rate times weight decay, a step"),
            core.Reading(WEIGHT_NORM, left_over, SHRUNK, "norm of the typical kernel"),
        ),
        says=f"weight_decay={optimizer.weight_decay:.3g} takes {decay:.2%} off every weight a "
        f"step; kernels end at {left_over:.2g} of their norm",
        strength=0.95,
        stated=True,
        severity=_severity(progress),
    )


def _by_bound(
    setup: core.Setup | None, model: core.Model, progress: curves.Progress
) -> core.Evidence | None:
    """Adam's step is at most the rate, so that decoupled decay holds weights under 1/decay."""
    optimizer = setup.optimizer if setup is not None else None
    if optimizer is None or optimizer.name not in ADAM or not optimizer.weight_decay > 0:
        return None
    drawn = [layer.kernel_std for layer in model.layers if layer.kernel_std > 0]
    room = 1 / optimizer.weight_decay / float(np.median(drawn)) if drawn else math.nan
    if not room < ROOM.value:
        return None
    return core.Evidence(
        readings=(core.Reading(MODEL, room, ROOM, "largest weight that decay leaves"),),
        says=f"weight_decay={optimizer.weight_decay:.3g} of {optimizer.name} holds every weight "
        f"under {1 / optimizer.weight_decay:.2g}, {room:.2g} times the deviation that it was drawn "
        f"with; {max(progress.skill, 0):.0%} of the task is learned",
        strength=0.9,
        stated=True,
        severity=_severity(progress),
    )


def _by_dropout(model: core.Model, progress: curves.Progress) -> core.Evidence | None:
    dropped = [layer for layer in model.layers if "Dropout" in layer.kind and (layer.rate or 0) < 1]
    kept = {layer.name: 1 - (layer.rate or 0.0) for layer in dropped}
    least = min(kept.values(), default=1.0)
    if not least <= KEPT.value + 1e-9:
        return _in_a_row(kept, model, progress)
    worst = min(dropped, key=lambda layer: kept[layer.name])
    units = worst.output_shape[-1] if worst.output_shape else None
    return core.Evidence(
        readings=(core.Reading(MODEL, least, KEPT, "share of units that dropout keeps"),),
        says=f"{worst.kind} of {worst.rate:.2g} keeps {least:.0%} of the units"
        + (f", {max(units, 0) * least:.0f} of {units}" if units is not None else "")
        + f"; {progress.skill:.0%} of the task is learned",
        strength=0.7 if progress.skill < 0.5 else 0.5,
        severity=_severity(progress),
        layers=tuple(name for name, share in kept.items() if share <= KEPT.value + 1e-9),
    )


def _in_a_row(
    kept: dict[str, float], model: core.Model, progress: curves.Progress
) -> core.Evidence | None:
    """Several layers of dropout, none of which is out of the usual range alone."""
    left = math.prod(kept.values())
    if model.skips or len(kept) < 2 or not left < ROW.value:
        return None
    return core.Evidence(
        readings=(core.Reading(MODEL, left, ROW, "share of paths that dropout keeps"),),
        says=f"{len(kept)} layers of dropout, of up to {1 - min(kept.values()):.2g}, keep "
        f"{left:.1%} of the paths; {progress.skill:.0%} of the task is learned",
        strength=0.5,
        severity=_severity(progress),
        layers=tuple(kept),
    )


def _late(values: curves.Floats) -> float:
    return float(np.median(values[-max(1, len(values) // 10) :]))


def _left_of_weights(norms: core.Series | None) -> float:
    """Norm of the typical kernel at the end over that at the start; nan where not known."""
    typical = curves.finite(curves.of_kernels(norms)) if norms is not None else np.empty(0)
    return float(typical[-1] / typical[0]) if len(typical) > 1 and typical[0] > 0 else math.nan


def _severity(progress: curves.Progress) -> core.Severity:
    lost = progress.skill < UNLEARNED
    return core.Severity.ERROR if lost else core.Severity.WARNING


def probe(evidence: core.Evidence) -> core.Trial:
    """With the regularisation down to a usual strength, the loss must end lower.

    A penalty that does not outweigh the data, or dropout in a row, slows the first steps, whether
    or not it pays later.
    """
    change = remedies(evidence)[0]
    if evidence.readings[0].limit in {PAID, ROW}:
        return core.Trial(change, predict=core.KNOWS, steps=None)
    return core.Trial(change, predict=core.LEARNS)


def remedies(evidence: core.Evidence) -> list[core.Change]:
    """A usual strength of what was too strong."""
    first = evidence.readings[0]
    if first.limit in {DECAY, ROOM}:
        return [core.SetWeightDecay(0.004), core.SetWeightDecay(0.0)]
    if first.limit is ROW:
        return [core.SetDropout(0.2, evidence.layers), core.SetDropout(0.0, evidence.layers)]
    if first.limit is KEPT:
        return [core.SetDropout(0.4, evidence.layers), core.SetDropout(0.0, evidence.layers)]
    return [core.SetWeightPenalty(l2=1e-4), core.SetWeightPenalty()]


def _record(  # noqa: PLR0913 - what a record of this cause can differ in
    learned: float,
    *,
    norms: list[float],
    penalty: float = 0.0,
    l2: float = 0.0,
    rate: float = 0.0,
    std: float = 0.01,
    times: int = 1,
) -> core.Signals:
    drop = core.Layer(name="drop", path="drop", kind="Dropout", output_shape=(32,), rate=rate)
    layers = (
        core.Layer(name="dense", path="dense", kind="Dense", l2=l2, kernel_std=std),
        *(replace(drop, name=f"drop_{i}") for i in range(times)),
    )
    adamw = core.Optimizer(name="AdamW", learning_rate=1e-3, weight_decay=0.0 if l2 else 10.0)
    return core.record(
        {
            MODEL: core.Model(name="m", style="sequential", layers=layers, outputs=()),
            core.SETUP: core.Setup(losses=(), optimizer=adamw),
            LOSS: [2.3 + penalty] * 2,
            PENALTY: [penalty] * 2,
            WEIGHT_NORM: {"dense/kernel": norms},
            core.TRAIN_ANSWERS: core.Predictions(
                role="train", examples=9, loss=1 - learned, baseline_loss=1.0
            ),
        }
    )


CAUSE = core.Cause(
    module=__name__,
    page=__doc__,
    needs=(MODEL, LOSS),
    wants=(WEIGHT_NORM, *(s for s in curves.PROGRESS if s is not LOSS)),
    symptom=symptom,
    probe=probe,
    remedies=remedies,
    mimics=("arch.too_shallow", "hp.lr_low"),
    sick=(
        _record(0.3, norms=[5.0, 2.0], penalty=4.0, l2=0.01),
        _record(0.0, norms=[5.0, 0.001], penalty=40.0, l2=0.3),
        _record(0.0, norms=[5.0, 0.5]),
        _record(0.5, norms=[5.0, 4.0], std=0.12),
        _record(0.6, norms=[5.0, 2.0], penalty=0.9, l2=0.1),
        _record(0.6, norms=[5.0, 5.0], rate=0.7, times=3),
        _record(0.2, norms=[5.0, 5.0], rate=0.9),
    ),
    healthy=(
        _record(0.95, norms=[5.0, 4.0], penalty=0.4, l2=1e-4),
        _record(0.2, norms=[5.0, 5.0], rate=0.5),
        _record(0.6, norms=[5.0, 4.0], penalty=0.9, l2=5e-4),
        _record(0.6, norms=[5.0, 5.0], rate=0.5, times=2),
    ),
)
