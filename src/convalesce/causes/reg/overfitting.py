"""Regularisation is missing and the model memorises.

What the model still learns holds for the training examples only; on others it gets worse.

## Symptom
The training loss goes on falling while the validation loss has turned and climbs. Both read in
the same mode (dropout off), the gap between them is a good part of all that was learned.

## Why it happens
A model with enough weights lowers its loss most cheaply by remembering single examples. Dropout,
weight penalties and augmentation make that expensive; without them nothing holds it back.

## How it is confirmed
By facts, where the model has no regularisation at all, or has dropout and noise that no training
step draws, the validation loss has climbed beyond its noise and the gap is wide. Where some
regularisation is there, by experiment: the same training with dropout must end with a lower
validation loss. Wrong labels and a leak of other preprocessing into validation widen the same gap,
and are looked at first.

## Remedy
Dropout before the last layer, a weight penalty, mild augmentation; EarlyStopping that gives back
the best weights. More data help most where they can be had. In a `train_step` of one's own,
`self(x, training=True)`: without it, dropout and noise do nothing.

## Sources
- Prechelt, *Early Stopping - But When?*, 1998: generalisation loss, limits of 1 to 5 %.
- Srivastava, Hinton, Krizhevsky, Sutskever and Salakhutdinov, *Dropout: A Simple Way to Prevent
  Neural Networks from Overfitting*, JMLR 2014.
- Zhang, Bengio, Hardt, Recht and Vinyals, *Understanding deep learning requires rethinking
  generalization*, ICLR 2017.
"""

from __future__ import annotations

import math

import numpy as np

from convalesce import core
from convalesce.core import (
    HISTORY,
    LOSS,
    MODEL,
    VALIDATION_ANSWERS,
)
from convalesce.readings import curves

RISE = core.Limit(
    0.05, unit="1", source="Prechelt 1998: generalisation loss of 5 %, the largest limit tried"
)
COSTLY_RISE = core.Limit(
    0.1, unit="1", source="twice Prechelt's largest limit: stopping by any of them did better"
)
GAP = core.Limit(
    0.1, unit="1", source="a tenth of what was learned from chance does not carry over"
)
WIDE = core.Limit(
    0.5, unit="1", source="over half of what was learned from chance does not carry over"
)
CARRIED = 0.25  # of chance: validation was learned once, so labels and preprocessing agree
NOISE = 3.0  # deviations of a single epoch that a rise must exceed
FEWEST = 5  # epochs
SETTLED = 4.0  # memories of a moving average, after which 2 % of its start is left


def symptom(signals: core.Signals) -> core.Evidence | None:
    """Validation got worse while training got better, and the gap is wide.

    Args:
        signals: `HISTORY`; the answers, the model and the set-up where they are known.
    """
    history, model = signals[HISTORY], signals.get(MODEL)
    progress, answers = curves.progress(signals), signals.get(VALIDATION_ANSWERS)
    train, val = history.curve("loss"), curves.finite(history.curve("val_loss"))
    if len(val) < FEWEST or len(curves.finite(train)) != len(val):
        return None
    if history.stopped == "cut by check":
        return None
    best_at = int(np.argmin(val))
    late = float(np.median(val[-3:]))
    rise = late / val[best_at] - 1 if val[best_at] > 0 else math.nan
    noisy = late - val[best_at] <= NOISE * curves.noise(val)
    turned = rise > RISE.value and not noisy and train[-1] < train[best_at]
    trained, validated = float(train[-1]), late
    if answers is not None and math.isfinite(answers.loss) and not history.best_restored:
        known = signals.get(core.TRAIN_ANSWERS)
        if known is not None and math.isfinite(known.loss):
            trained, validated = known.loss, answers.loss
    learned = progress.start - trained
    gap = (validated - trained) / learned if learned > 0 else math.nan
    memorised = gap > WIDE.value and trained < (1 - WIDE.value) * progress.start
    if not (gap > GAP.value and turned) and not memorised:
        return None
    bare = model is not None and not _regularised(model, signals.get(core.SETUP))
    arrays = (split := signals.get(core.TRAIN)) is not None and split.source == "arrays"
    idle = signals.get(core.IDLE)
    unused = idle.layers if idle is not None else ()
    carried = val[best_at] < (1 - CARRIED) * progress.start
    costly = (turned and rise > COSTLY_RISE.value) or memorised
    costly = costly and not history.best_restored and not _lagging(model, history)
    return core.Evidence(
        readings=(
            core.Reading(HISTORY, rise, RISE, "rise of the validation loss above its best"),
            core.Reading(HISTORY, gap, GAP, "share of what was learned that does not carry over"),
            core.Reading(
                HISTORY,
                best_at + 1,
                core.Limit(len(val), unit="epochs", source="the epoch that training ended with"),
                "best epoch",
            ),
        ),
        says=(
            f"from epoch {best_at + 1} to {len(val)} the training loss fell from "
            f"{train[best_at]:.3g} to {train[-1]:.3g} while the validation loss rose from "
            f"{val[best_at]:.3g} to {late:.3g}"
            if turned
            else f"the loss is {trained:.3g} on training examples and {validated:.3g} on others"
        )
        + ("; nothing in the model regularises" if bare else "")
        + (
            f"; {', '.join(unused[:3])} does nothing: the training step calls the model without "
            "training=True"
            if unused
            else ""
        ),
        strength=0.95
        if unused
        else min(1.0, 0.2 + (0.3 * turned + 0.15 * bare) * carried + 0.3 * min(gap, 1.0)),
        stated=(bare and arrays and costly and turned and carried) or bool(unused and costly),
        severity=core.Severity.WARNING if costly else core.Severity.NOTE,
        changes=(core.StopEarly(patience=max(3, round((best_at + 1) / 4))),),
    )


def _lagging(model: core.Model | None, history: core.History) -> bool:
    """Moving averages of BatchNormalization had not caught up: validation reads too high."""
    momenta = [
        layer.settings.get("momentum")
        for layer in (model.layers if model is not None else ())
        if layer.kind == "BatchNormalization"
    ]
    slowest = max((m for m in momenta if isinstance(m, float) and m < 1), default=0.0)
    return 0 < history.steps * (1 - slowest) < SETTLED


def _regularised(model: core.Model, setup: core.Setup | None) -> bool:
    optimizer = setup.optimizer if setup is not None else None
    decayed = optimizer is not None and optimizer.weight_decay > 0
    return decayed or any(
        (layer.rate or 0) > 0
        or layer.l1 > 0
        or layer.l2 > 0
        or layer.kind.startswith(("Random", "MixUp", "CutMix"))
        or (layer.kind == "GaussianNoise" and layer.settings.get("stddev") != 0)
        for layer in model.layers
    )


def probe(evidence: core.Evidence) -> core.Trial:
    """Regularised, the same training must end with a lower validation loss."""
    return core.Trial(
        core.SetDropout(0.5),
        predict=core.IS_SURE,
        steps=None,
        otherwise=tuple(evidence.changes[:1]),
        decisive=False,
    )


def remedies(evidence: core.Evidence) -> list[core.Change]:
    """Dropout first; stopping in time needs no trial."""
    return [core.SetDropout(0.5), *evidence.changes, core.SetWeightPenalty(l2=1e-4), core.Augment()]


def _record(val: list[float], *, idle: tuple[str, ...] = ()) -> core.Signals:
    answers = core.Predictions(role="validation", examples=100, loss=val[-1], baseline_loss=2.3)
    trained = core.Predictions(role="train", examples=100, loss=0.05, baseline_loss=2.3)
    train = tuple(np.geomspace(1.5, 0.05, len(val)))
    return core.record(
        {
            HISTORY: core.History(metrics={"loss": train, "val_loss": tuple(val)}),
            LOSS: [2.3, *train],
            VALIDATION_ANSWERS: answers,
            core.TRAIN_ANSWERS: trained,
            MODEL: core.Model(name="m", style="sequential", layers=(), outputs=()),
            **({core.IDLE: core.Idle(layers=idle)} if idle else {}),
        }
    )


CAUSE = core.Cause(
    module=__name__,
    page=__doc__,
    needs=(HISTORY,),
    wants=(
        *(s for s in curves.PROGRESS if s is not HISTORY),
        MODEL,
        VALIDATION_ANSWERS,
        core.IDLE,
    ),
    symptom=symptom,
    probe=probe,
    remedies=remedies,
    mimics=(
        "data.insufficient",
        "data.labels",
        "data.preprocessing_mismatch",
        "data.unshuffled",
        "data.leakage",
        "arch.too_deep",
        "arch.downsampling",
    ),
    sick=(
        _record([1.4, 1.0, 0.8, 0.85, 0.9, 1.0, 1.1, 1.2, 1.3]),
        _record([1.4, 1.0, 0.8, 0.85, 0.9, 1.0, 1.1, 1.2, 1.3], idle=("dropout",)),
    ),
    healthy=(
        _record([1.4, 1.0, 0.8, 0.7, 0.65, 0.62, 0.61, 0.61, 0.62]),
        _record([1.0, 0.7, 0.95, 0.65, 0.9]),
    ),
)
