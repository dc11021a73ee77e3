"""Batch too small: the gradient is mostly noise.

Each update follows a handful of examples, and normalisation measures nothing on them.

## Symptom
BatchNormalization with batches of four and fewer: training is erratic, and inference, which uses
other statistics, differs from it. Without it: batches of one or two, and a loss that swings from
epoch to epoch and does not settle.

## Why it happens
The variance of the gradient goes with one over the batch. BatchNormalization divides by the
deviation of its batch, which two images do not tell; in a dense layer a batch of one has none at
all, and its output is the same constant for every input.

## How it is confirmed
The batch and the layers are facts. What noise costs beyond that is an experiment: a larger
batch, the rate scaled with it, over the same examples. A rate that is too high swings as well,
and a smaller one calms a small batch too.

## Remedy
A batch of 16 to 32, the rate scaled with it; where memory forbids that, gradient accumulation
(`gradient_accumulation_steps`) or GroupNormalization.

## Sources
- Ioffe and Szegedy, *Batch Normalization*, ICML 2015.
- Wu and He, *Group Normalization*, ECCV 2018, figure 1: the error of BatchNormalization grows below
  batches of 8 and most at 2.
- McCandlish, Kaplan, Amodei et al., *An Empirical Model of Large-Batch Training*, 2018: the
  gradient noise scale.
"""

from __future__ import annotations

import numpy as np

from convalesce import core
from convalesce.core import (
    HISTORY,
    MODEL,
    SETUP,
)
from convalesce.readings import curves

NORMALISED = core.Limit(
    4, unit="examples", source="Wu and He 2018, figure 1: the error grows below 8 and fast from 4"
)
SINGLE = core.Limit(
    2, unit="examples", source="the noise of a gradient of one example is that of the data"
)
SWING = core.Limit(
    1.0, unit="1", source="the curve rose again by as much as its whole range, epoch by epoch"
)
SOUND = 8  # the batch that Wu and He 2018 still find little harm in; remedies go beyond
FEWEST = 5  # epochs


def symptom(signals: core.Signals) -> core.Evidence | None:
    """BatchNormalization over next to no examples, or a curve that tiny batches shake.

    Args:
        signals: `SETUP`; the model for its normalisation, the history for its swings.
    """
    setup, model, history = signals[SETUP], signals.get(MODEL), signals.get(HISTORY)
    size = setup.batch_size
    if size is None or not 1 <= size <= NORMALISED.value:
        return None
    layers = _normalised(model)
    name = "val_loss" if history is not None and history.curve("val_loss") else "loss"
    curve = curves.finite(history.curve(name)) if history is not None else np.empty(0)
    settled = curve[1:] if len(curve) > FEWEST else curve
    swing = curves.oscillation(settled) if len(curve) >= FEWEST else 0.0
    reading = core.Reading(SETUP, size, NORMALISED if layers else SINGLE, "examples a batch")
    calmer = (core.ScaleLearningRate(size / SOUND),)
    if layers:
        flat = size == 1 and any(len(layer.output_shape) == 1 for layer in layers)
        few = size <= SINGLE.value
        return core.Evidence(
            readings=(reading,),
            says=f"{len(layers)} BatchNormalization layers take their statistics from batches "
            f"of {size}" + (": on one example their dense output is constant" if flat else ""),
            strength=0.9 if few else 0.5,
            stated=few,
            severity=core.Severity.ERROR
            if flat
            else core.Severity.WARNING
            if few or swing > SWING.value
            else core.Severity.NOTE,
            layers=tuple(layer.name for layer in layers),
            changes=calmer,
        )
    if size > SINGLE.value:
        return None
    if not swing > SWING.value:
        return core.Evidence(
            readings=(reading,),
            says=f"each update follows {size} example" + ("s" if size > 1 else ""),
            strength=0.2,
            severity=core.Severity.NOTE,
            changes=calmer,
        )
    return core.Evidence(
        readings=(reading, core.Reading(HISTORY, swing, SWING, f"rises of {name} over its range")),
        says=f"with batches of {size} {name} rose again by {swing:.1f} times its range "
        f"over {len(settled)} epochs",
        strength=min(0.8, 0.4 + 0.1 * swing),
        severity=core.Severity.WARNING,
        changes=calmer,
    )


def _normalised(model: core.Model | None) -> list[core.Layer]:
    """Normalisations that take statistics of the batch; frozen ones do not."""
    return [
        layer
        for layer in (model.layers if model is not None else ())
        if layer.kind == "BatchNormalization" and layer.trainable
    ]


def probe(evidence: core.Evidence) -> core.Trial:
    """A larger batch, the rate scaled with it, must end surer on validation."""
    return core.Trial(
        core.SetBatchSize(4 * SOUND), predict=core.IS_SURE, steps=None, decisive=False
    )


def remedies(evidence: core.Evidence) -> list[core.Change]:
    """A larger batch; else a smaller rate, which averages over more of the small ones."""
    return [core.SetBatchSize(4 * SOUND), *evidence.changes]


def _record(size: int, kind: str, losses: list[float]) -> core.Signals:
    layer = core.Layer(name="norm", path="m/norm", kind=kind, output_shape=(14, 14, 8))
    return core.record(
        {
            SETUP: core.Setup(losses=(), optimizer=None, batch_size=size),
            MODEL: core.Model(name="m", style="sequential", layers=(layer,), outputs=()),
            HISTORY: core.History(metrics={"val_loss": tuple(losses)}),
        }
    )


_CALM = [2.0, 1.5, 1.2, 1.0, 0.9, 0.85, 0.8]
_SHAKEN = [1.0, 0.7, 0.8, 0.65, 0.8, 0.62, 0.78]

CAUSE = core.Cause(
    module=__name__,
    page=__doc__,
    needs=(SETUP,),
    wants=(MODEL, HISTORY),
    symptom=symptom,
    probe=probe,
    remedies=remedies,
    asks=(core.Instrument.NOISE_SCALE, core.Instrument.MODE_GAP),
    mimics=("hp.lr_high",),
    sick=(
        _record(2, "BatchNormalization", _CALM),
        _record(1, "Dense", _SHAKEN),
        _record(2, "Dense", _CALM),
    ),
    healthy=(
        _record(4, "Dense", _CALM),
        _record(8, "BatchNormalization", _SHAKEN),
        _record(8, "Dense", _SHAKEN),
    ),
)
