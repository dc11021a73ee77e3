"""Too much depth or width for the task or the data.

Depth without shortcuts or normalisation stops a net from training at all; width without data lets
it learn the training examples by heart at once.

## Symptom
Either a dozen and more weighted layers in a row, with neither shortcut nor normalisation, and a
loss that does not leave that of a constant answer. Or hundreds of weights an example, training
far ahead of validation, and the best validation loss in the first epochs.

## Why it happens
Signal and gradient pass through every layer; what each loses adds up. Plain nets of 20
layers and more train worse than shallower ones, on the training set too. And a net with many more
weights than examples has many ways to fit them all, most of which are of no use elsewhere.

## How it is confirmed
A copy with a third of the hidden layers, from fresh weights, must end the same steps with a lower
loss; residual connections are tried beside it.

## Remedy
Fewer layers, residual connections or BatchNormalization; for width, global average pooling in place
of a huge Dense, or fewer units.

## Sources
- He, Zhang, Ren and Sun, *Deep Residual Learning for Image Recognition*, CVPR 2016.
- Simonyan and Zisserman, *Very Deep Convolutional Networks for Large-Scale Image Recognition*,
  ICLR 2015, section 3.1.
- Srivastava, Greff and Schmidhuber, *Training Very Deep Networks*, NeurIPS 2015.
"""

from __future__ import annotations

import math

from convalesce import core
from convalesce.core import (
    HISTORY,
    LOSS,
    MODEL,
    TRAIN,
    TRAIN_ANSWERS,
    VALIDATION_ANSWERS,
)
from convalesce.readings import flow, structure
from convalesce.readings.curves import fall

DEEP = core.Limit(
    12, unit="layers", source="VGG, section 3.1: nets of more than 11 plain layers needed a start"
)
HEAVY = core.Limit(
    100,
    unit="1",
    source="weights an example: two orders beyond one, where any labels can be fitted",
)
STALLED = 0.1  # share of a constant answer's loss that was removed
GAP = 0.2  # share of what can be learned, training ahead of validation


def symptom(signals: core.Signals) -> core.Evidence | None:
    """A deep plain stack that does not train, or a heavy net that overfits at once.

    Args:
        signals: `MODEL`; the others tell what was learned, when, and from how many examples.
    """
    model, train = signals[MODEL], signals.get(TRAIN)
    history, answers = signals.get(HISTORY), signals.get(TRAIN_ANSWERS)
    gained = flow.loss_share(answers, signals.get(LOSS))
    ahead = flow.gap(answers, signals.get(VALIDATION_ANSWERS))
    depth = structure.plain_depth(model)
    if depth >= DEEP.value and gained < STALLED:
        return core.Evidence(
            readings=(core.Reading(MODEL, depth, DEEP, "plain weighted layers in a row"),),
            says=f"{depth} weighted layers in a row with neither shortcut nor normalisation, and "
            f"the loss kept {1 - max(gained, 0):.0%} of a constant answer's",
            strength=min(0.6 + 0.025 * (depth - DEEP.value), 0.85),
            severity=core.Severity.ERROR,
            layers=tuple(layer.name for layer in structure.hidden(model)),
        )
    examples = (train.examples if train is not None else None) or 0
    weights = min(model.trainable_parameters, structure.MOST)
    each = weights / examples if examples > 0 else math.nan
    if not (each >= HEAVY.value and ahead >= GAP) or history is None:
        return None
    course = fall(history.curve("val_loss"))
    if course is None or course.best_at > course.points / 4:
        return None
    return core.Evidence(
        readings=(core.Reading(MODEL, each, HEAVY, "weights an example"),),
        says=f"{each:.3g} weights an example; validation was best in epoch {course.best_at + 1} of "
        f"{course.points}, and training ended {ahead:.0%} ahead",
        strength=0.35,
        layers=(_heaviest(model),),
    )


def _heaviest(model: core.Model) -> str:
    return max(model.layers, key=lambda x: x.parameters).name if model.layers else model.name


def probe(evidence: core.Evidence) -> core.Trial:
    """Half of the depth, or half of the width, must know more."""
    first, *others = remedies(evidence)
    deep = any(r.limit is DEEP for r in evidence.readings)
    predict = core.LEARNS if deep else core.KNOWS
    return core.Trial(first, predict=predict, steps=None, otherwise=tuple(others[:2]))


def remedies(evidence: core.Evidence) -> list[core.Change]:
    """Fewer layers or shortcuts for depth; fewer weights for width."""
    if any(r.limit is DEEP for r in evidence.readings):
        return [
            core.ChangeDepth(-max(len(evidence.layers) * 2 // 3, 1)),
            core.AddResidual(),
            core.InsertBatchNormalization(after=evidence.layers),
        ]
    return [core.ScaleWidth(0.5), core.PoolGlobally(), core.SetDropout(0.5)]


def _stack(kinds: list[str], loss: list[float]) -> core.Signals:
    layers = tuple(
        core.Layer(
            name=f"{kind.lower()}_{i}",
            path=f"{kind.lower()}_{i}",
            kind=kind,
            kernel_shape=(3, 3, 16, 16) if kind == "Conv2D" else (),
        )
        for i, kind in enumerate(kinds)
    )
    model = core.Model(name="m", style="sequential", layers=layers, outputs=())
    return core.record({MODEL: model, LOSS: loss})


CAUSE = core.Cause(
    module=__name__,
    page=__doc__,
    needs=(MODEL,),
    wants=(LOSS, TRAIN, TRAIN_ANSWERS, VALIDATION_ANSWERS, HISTORY),
    symptom=symptom,
    probe=probe,
    remedies=remedies,
    mimics=(
        "data.unnormalized",
        "data.insufficient",
        "arch.initialization",
        "arch.downsampling",
        "arch.frozen",
        "arch.missing_nonlinearity",
        "reg.overfitting",
        "reg.too_strong",
    ),
    sick=(_stack(["Conv2D"] * 24, [2.3] * 10),),
    healthy=(
        _stack(["Conv2D"] * 6, [2.3] * 10),
        _stack(["Conv2D", "BatchNormalization"] * 24, [2.3] * 10),
        _stack(["Conv2D"] * 24, [2.3, 2.0, 1.0, 0.5, 0.4, 0.4, 0.4, 0.4, 0.4, 0.4]),
    ),
)
