"""The optimizer, or its momentum, does not suit the task.

Its way of scaling steps, or its memory of old gradients, keeps it from learning this task in time.

## Symptom
A momentum of 0.99 and more, and a loss in long waves. Adadelta or Adagrad at a low rate, far from
done though the updates are of a healthy size (where they are not, the rate is at fault). Ftrl.
Plain SGD on an embedding, a U-Net or a stack whose layers differ by orders in the size of their
relative updates, far from done at the end.

## Why it happens
Momentum $m$ adds up the last $1/(1-m)$ gradients: a memory as long as the training cannot turn.
Adadelta is defined with a rate of 1, Adagrad's steps only ever shrink. Ftrl computes the weights
anew from sums of gradients: its first update takes the initial ones to about 0, as suits the
linear models that it was made for, and what initialisation had made different is alike again.
One rate for all weights is too small for some of them where gradients differ by orders, as for
rare words and for the two ends of a deep net; Adam scales each weight by its own.

## How it is confirmed
By comparison on one budget, each optimizer at its own best rate. A rate that is wrong for a sound
optimizer looks the same until that is done.

## Remedy
Adam at its best rate; for SGD a momentum of 0.9. Adadelta at a rate of 1.

## Sources
- Zeiler, *ADADELTA: An Adaptive Learning Rate Method*, 2012.
- Sutskever, Martens, Dahl and Hinton, *On the importance of initialization and momentum in deep
  learning*, ICML 2013: momentum of 0.9 to 0.99 (0.999 at most, with care).
- McMahan et al., *Ad Click Prediction: a View from the Trenches*, KDD 2013: Ftrl on linear models.
- Kingma and Ba, *Adam: A Method for Stochastic Optimization*, ICLR 2015.
- Choi, Shallue, Nado, Lee, Maddison and Dahl, *On Empirical Comparisons of Optimizers for Deep
  Learning*, 2019: a comparison holds only where each rate was tuned.
"""

from __future__ import annotations

import math

import numpy as np

from convalesce import core
from convalesce.core import (
    LOSS,
    MODEL,
    SETUP,
    UPDATE_RATIO,
)
from convalesce.readings import curves

MOMENTUM = core.Limit(
    0.99, unit="1", source="Sutskever et al. 2013: 0.9 to 0.99 as a rule; a memory of 100 steps"
)
UNIT_RATE = core.Limit(
    0.01, unit="1", source="a hundredth of the rate of 1 that Zeiler 2012 defines Adadelta with"
)
SPREAD = core.Limit(
    100.0, unit="1", source="two orders: a rate that suits one layer moves another by 1e-5 a step"
)
LEFT = core.Limit(
    0.25, unit="1", source="a quarter of what chance leaves open was not learned in the budget"
)
FEWEST = 100  # updates: in fewer no optimizer gets far
HEALTHY = 1e-3  # update ratio, as of hp.lr_low: with less the rate is too low for any optimizer
ACCUMULATING = {"Adadelta", "Adagrad"}
LINEAR = "Ftrl"
PLAIN = {"SGD"}


FASTER = 3.0  # times its default rate: brief trainings do better at more


def symptom(signals: core.Signals) -> core.Evidence | None:
    """A set-up that is known to be slow or unstable, in a training that did not get far.

    Args:
        signals: `SETUP` and `LOSS`; the model and the updates of its layers where known.
    """
    setup, loss, model = signals[SETUP], signals[LOSS], signals.get(MODEL)
    ratios, progress = signals.get(UPDATE_RATIO), curves.progress(signals)
    optimizer, steps = setup.optimizer, curves.finite(loss.values)
    if optimizer is None or loss.values.size < FEWEST:
        return None
    left = 1 - progress.skill
    if math.isnan(left):
        left = 1.0 if len(steps) < loss.values.size else math.nan
    if not left > LEFT.value:
        return None
    momentum = optimizer.momentum or 0.0
    if momentum >= MOMENTUM.value:
        memory = 1 / (1 - momentum) if momentum < 1 else math.inf
        reading = core.Reading(SETUP, momentum, MOMENTUM, "momentum")
        says = f"momentum {momentum:.4g} adds up the last {memory:.0f} gradients"
        strength = 0.75
    elif optimizer.name == LINEAR:
        reading = core.Reading(LOSS, left, LEFT, "share of what chance leaves open, not learned")
        says = "Ftrl is made for linear models: its first update takes the initial weights away"
        strength = 0.7
    elif (
        optimizer.name in ACCUMULATING
        and optimizer.learning_rate <= UNIT_RATE.value
        and not _typical(ratios) < HEALTHY
    ):
        reading = core.Reading(SETUP, optimizer.learning_rate, UNIT_RATE, "learning rate")
        says = f"{optimizer.name} at a rate of {optimizer.learning_rate:.3g} hardly moves"
        strength = 0.7
    elif optimizer.name in PLAIN and (why := _unsuited(setup, model)):
        reading = core.Reading(LOSS, left, LEFT, "share of what chance leaves open, not learned")
        says = f"SGD has one rate for all weights of {why}"
        strength = 0.6 if momentum == 0 else 0.45
    elif optimizer.name in PLAIN and (spread := _spread(ratios)) > SPREAD.value:
        reading = core.Reading(UPDATE_RATIO, spread, SPREAD, "largest over smallest update")
        says = f"under SGD the relative updates of the layers differ {spread:.0f} times"
        strength = 0.4
    else:
        return None
    return core.Evidence(
        readings=(reading,),
        says=f"{says}; {min(left, 1.0):.0%} of what chance leaves open was not learned",
        strength=strength,
        severity=core.Severity.ERROR if left > 0.95 else core.Severity.WARNING,
    )


def _unsuited(setup: core.Setup, model: core.Model | None) -> str:
    """What in the model wants a rate for each weight; empty for nothing."""
    if model is None:
        return ""
    if any(layer.kind == "Embedding" and layer.trainable for layer in model.layers):
        return "an embedding, of which each batch touches a few rows"
    upsampled = any(
        layer.kind.startswith("UpSampling") or "Transpose" in layer.kind for layer in model.layers
    )
    return "an encoder and decoder with skips" if upsampled and model.skips > 0 else ""


def _typical(ratios: core.Series | None) -> float:
    """The median update ratio of the kernels; nan where it isn't known."""
    known = curves.finite(curves.of_kernels(ratios)) if ratios is not None else np.empty(0)
    return float(np.median(known)) if len(known) else math.nan


def _spread(ratios: core.Series | None) -> float:
    """Largest over smallest typical update ratio of the kernels; 1 where it can't be told."""
    if ratios is None or ratios.values.ndim < 2:
        return 1.0
    typical = []
    for name, column in zip(ratios.labels, ratios.values.T, strict=False):
        known = curves.finite(column)
        if curves.is_kernel(name) and len(known) and (middle := float(np.median(known))) > 0:
            typical.append(middle)
    return max(typical) / min(typical) if len(typical) > 1 else 1.0


def probe(evidence: core.Evidence) -> core.Trial:
    """Another optimizer, at its own best rate, must end lower on the same budget."""
    if evidence.readings[0].limit is MOMENTUM:
        return core.Trial(core.SetMomentum(0.9), predict=core.LEARNS, steps=None)
    adam = core.SetOptimizer("Adam")
    faster = core.Jointly((adam, core.ScaleLearningRate(FASTER)))
    return core.Trial(adam, predict=core.LEARNS, steps=None, otherwise=(faster,))


def remedies(evidence: core.Evidence) -> list[core.Change]:
    """Momentum of 0.9 where that is the fault; else Adam."""
    first = evidence.readings[0]
    if first.limit is MOMENTUM:
        return [core.SetMomentum(0.9), core.SetOptimizer("Adam")]
    if first.limit is UNIT_RATE and first.observed > 0:
        return [core.SetOptimizer("Adam"), core.ScaleLearningRate(1 / first.observed)]
    return [core.SetOptimizer("Adam"), core.SetMomentum(0.9)]


def _record(
    optimizer: core.Optimizer, learned: float, *kinds: str, ratio: float = 1e-3
) -> core.Signals:
    layers = tuple(core.Layer(name=k, path=k, kind=k) for k in kinds)
    return core.record(
        {
            SETUP: core.Setup(losses=(), optimizer=optimizer),
            LOSS: np.linspace(2.3, 2.3 - learned, FEWEST),
            MODEL: core.Model(name="m", style="sequential", layers=layers, outputs=()),
            UPDATE_RATIO: {"a/kernel": [ratio, ratio], "b/kernel": [ratio, ratio]},
            core.TRAIN_ANSWERS: core.Predictions(
                role="train", examples=9, loss=1 - learned, baseline_loss=1.0
            ),
        }
    )


_SGD = core.Optimizer(name="SGD", learning_rate=0.01, momentum=0.0)

CAUSE = core.Cause(
    module=__name__,
    page=__doc__,
    needs=(SETUP, LOSS),
    wants=(MODEL, UPDATE_RATIO, *(s for s in curves.PROGRESS if s not in {SETUP, LOSS})),
    symptom=symptom,
    probe=probe,
    remedies=remedies,
    mimics=(
        "hp.lr_low",
        "hp.lr_high",
        "hp.loss",
        "arch.vanishing_gradient",
        "arch.output_activation",
        "arch.frozen",
        "data.labels",
        "data.unnormalized",
    ),
    sick=(
        _record(core.Optimizer(name="SGD", learning_rate=0.01, momentum=0.998), 0.0, "Dense"),
        _record(core.Optimizer(name="Adadelta", learning_rate=0.001), 0.05, "Dense"),
        _record(core.Optimizer(name="Ftrl", learning_rate=0.05), 0.05, "Dense"),
        _record(_SGD, 0.02, "Embedding", "Dense"),
    ),
    healthy=(
        _record(_SGD, 0.02, "Dense"),
        _record(core.Optimizer(name="Adadelta", learning_rate=0.001), 0.05, "Dense", ratio=1e-5),
        _record(core.Optimizer(name="Ftrl", learning_rate=0.05), 0.9, "Dense"),
        _record(_SGD, 0.9, "Embedding", "Dense"),
        _record(core.Optimizer(name="Adam", learning_rate=0.001, momentum=0.9), 0.1, "Embedding"),
    ),
)
