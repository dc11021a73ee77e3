"""Training stopped while it was still improving.

A good part of what this set-up would have learned was still ahead when training ended.

## Symptom
The loss, on validation where there is one, falls at the end nearly as fast as it did on average.
Or EarlyStopping ended training in the middle of a fall that its `min_delta` would not count.

## Why it happens
The number of epochs is a guess, and a smaller rate, a larger batch or a harder task needs more of
them. A `min_delta` above the gain of one epoch, or a patience below its noise, ends
training at once.

## How it is confirmed
EarlyStopping that ended a fall is a fact. Otherwise more epochs are the experiment. A rate
that is too low and a batch that is too large look the same, and cost more epochs than they
should.

## Remedy
More epochs, with EarlyStopping as the judge of when to end; `min_delta=0` and a patience beyond the
noise of the curve.

## Sources
- Prechelt, *Early Stopping - But When?*, 1998.
"""

from __future__ import annotations

import math

from convalesce import core
from convalesce.core import (
    HISTORY,
    SETUP,
)
from convalesce.readings import curves

PACE = core.Limit(
    0.5,
    unit="1",
    source="an exponential approach has this pace after 1.26 time constants, with 28 % of its "
    "fall ahead: x / (exp(x) - 1) = 0.5",
)
GENTLE = core.Limit(
    0.16,
    unit="1",
    source="the same after 3 time constants, with 5 % ahead: x / (exp(x) - 1) = 0.16",
)
RISING = ("acc", "auc", "iou", "precision", "recall", "dice", "f1", "r2")
TIMES = 3  # as many epochs: three time constants where one was trained, see the pace
LEARNED = 0.98  # of what chance leaves open: nothing to speak of is left


def symptom(signals: core.Signals) -> core.Evidence | None:
    """The curve has not yet bent toward its plateau.

    Args:
        signals: `HISTORY` and, where known, each step's loss, the answers and the set-up.
    """
    history, setup = signals[HISTORY], signals.get(SETUP)
    progress = curves.progress(signals)
    pace = _pace(signals, progress.start)
    if history.stopped not in {"", "early stopping"} or pace is None:
        return None
    if not pace > GENTLE.value or progress.skill > LEARNED:
        return None
    ignored = _ignored_gain(history, setup)
    much = pace > PACE.value or ignored is not None
    epochs = history.epochs
    says = f"after {epochs} epochs the loss fell at {min(pace, 9.99):.0%} of its mean rate"
    if ignored is not None:
        says += f"; EarlyStopping ended a fall of {ignored:.3g} that its min_delta did not count"
    return core.Evidence(
        readings=(
            core.Reading(HISTORY, pace, PACE if much else GENTLE, "pace of the fall at the end"),
        ),
        says=says,
        strength=0.9 if ignored is not None else min(0.7, 0.3 + 0.3 * pace),
        stated=ignored is not None,
        severity=core.Severity.WARNING if much else core.Severity.NOTE,
        changes=(core.SetEpochs(max(2, TIMES * epochs)),),
    )


def _pace(signals: core.Signals, start: float) -> float | None:
    """Pace of the validation loss, or of training where validation tells too little."""
    history, loss = signals[HISTORY], signals.get(core.LOSS)
    steps = curves.fall(curves.blocks(loss.values), start) if loss is not None else None
    val = curves.finite(history.curve("val_loss"))
    epochs = val if len(val) else curves.finite(history.curve("loss"))
    of_epochs = curves.fall(epochs, start)
    since = max(1, len(val) // 5, 1 + _patience(history, signals.get(SETUP)))
    if of_epochs is not None and len(val) and of_epochs.best_at < len(val) - since:
        return None  # validation has turned
    sure = [f for f in (steps, of_epochs) if f is not None and f.sure]
    if not sure:
        return None
    if of_epochs is not None and of_epochs.points >= 4:
        return min(f.pace for f in (steps, of_epochs) if f is not None)
    return min(f.pace for f in sure)


def _ignored_gain(history: core.History, setup: core.Setup | None) -> float | None:
    """What the monitored value still gained while EarlyStopping counted no gain; None for none."""
    patience, stop = _patience(history, setup), _early_stopping(setup)
    if stop is None or patience < 1:
        return None
    name = str(stop.settings.get("monitor", "val_loss"))
    sign = -1.0 if any(word in name for word in RISING) else 1.0
    curve = sign * curves.finite(history.curve(name))
    counted = len(curve) - 1 - patience
    gain = float(curve[counted] - curve[counted + 1 :].min()) if counted >= 0 else 0.0
    return gain if gain > 0 else None


def _early_stopping(setup: core.Setup | None) -> core.Callback | None:
    callbacks = setup.callbacks if setup is not None else ()
    return next((c for c in callbacks if c.name == "EarlyStopping"), None)


def _patience(history: core.History, setup: core.Setup | None) -> int:
    """Epochs without counted gain that ended training; 0 where it was not EarlyStopping."""
    stop = _early_stopping(setup)
    patience = stop.settings.get("patience", 0) if stop is not None else 0
    if history.stopped != "early stopping" or isinstance(patience, str):
        return 0
    return int(min(max(patience, 0), history.epochs)) if math.isfinite(patience) else 0


def probe(evidence: core.Evidence) -> core.Trial:
    """Half as many updates more must bring what is known of validation further."""
    return core.Trial(remedies(evidence)[0], predict=core.KNOWS, steps=None, after=True)


def remedies(evidence: core.Evidence) -> list[core.Change]:
    """More epochs, ended by EarlyStopping."""
    return [*evidence.changes, core.StopEarly()]


def _record(losses: list[float], callback: core.Callback | None = None) -> core.Signals:
    return core.record(
        {
            HISTORY: core.History(
                metrics={"loss": tuple(losses), "val_loss": tuple(losses)},
                stopped="early stopping" if callback else "",
            ),
            core.LOSS: [2.3, *losses],
            SETUP: core.Setup(losses=(), optimizer=None, callbacks=(callback,) if callback else ()),
        }
    )


_STRICT = core.Callback(
    name="EarlyStopping", settings={"monitor": "val_loss", "patience": 1, "min_delta": 0.2}
)

CAUSE = core.Cause(
    module=__name__,
    page=__doc__,
    needs=(HISTORY,),
    wants=tuple(s for s in curves.PROGRESS if s is not HISTORY),
    symptom=symptom,
    probe=probe,
    remedies=remedies,
    mimics=(
        "hp.lr_low",
        "hp.batch_large",
        "hp.lr_schedule",
        "hp.optimizer",
        "arch.frozen",
        "arch.vanishing_gradient",
    ),
    sick=(
        _record([2.1, 1.9, 1.7, 1.5, 1.3, 1.1]),
        _record([1.9, 1.6, 1.45, 1.3], _STRICT),
    ),
    healthy=(
        _record([1.2, 0.8, 0.6, 0.5, 0.48, 0.47, 0.47, 0.47, 0.47]),
        _record([1.2, 0.8, 0.9, 1.0, 1.1, 1.2]),
    ),
)
