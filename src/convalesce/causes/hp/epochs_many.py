"""Training went on long after the best epoch and the best weights were lost.

The model that is kept is worse than the one that training once had.

## Symptom
The best validation loss stands long before the end, the last ones are clearly above it, and no
callback gave the best weights back.

## Why it happens
The number of epochs is a guess. Past the best epoch each further one fits the training set only.
EarlyStopping without `restore_best_weights=True` stops, but keeps the last weights.

## How it is confirmed
By facts: the epoch of the best validation loss, its distance from the end, how far the loss rose
above its own noise, and whether a callback restored the best weights. A loss that creeps up by
a few per cent while the answers stay as good is no fault.

## Remedy
`EarlyStopping(restore_best_weights=True)` with a patience of a quarter of the best epoch, or
`ModelCheckpoint(save_best_only=True)` and loading what it saved.

## Sources
- Prechelt, *Early Stopping - But When?*, 1998: generalisation loss, limits of 1 to 5 %.
"""

from __future__ import annotations

import math

import numpy as np

from convalesce import core
from convalesce.core import (
    HISTORY,
    SETUP,
)
from convalesce.readings import curves

RISE = core.Limit(
    0.05, unit="1", source="Prechelt 1998: generalisation loss of 5 %, the largest limit tried"
)
COSTLY_RISE = core.Limit(
    0.1, unit="1", source="twice Prechelt's largest limit: stopping by any of them did better"
)
AFTER = core.Limit(
    0.5, unit="1", source="more than half of all epochs came after the best one and were in vain"
)
LEARNED = 0.25  # of chance, in the best epoch: else there were no good weights to lose
NOISE = 3.0  # deviations of a single epoch that a rise must exceed
FEWEST = 6  # epochs


def symptom(signals: core.Signals) -> core.Evidence | None:
    """Best validation loss early, much worse at the end, best weights not given back.

    Args:
        signals: `HISTORY`; `SETUP` for what EarlyStopping was told.
    """
    history, setup = signals[HISTORY], signals.get(SETUP)
    val = curves.finite(history.curve("val_loss"))
    if len(val) < FEWEST or history.best_restored or history.stopped == "cut by check":
        return None
    best_at = int(np.argmin(val))
    late = float(np.median(val[-3:]))
    rise = late / val[best_at] - 1 if val[best_at] > 0 else math.nan
    after = (len(val) - 1 - best_at) / len(val)
    noisy = late - val[best_at] <= NOISE * curves.noise(val)
    if not rise > RISE.value or noisy or after < AFTER.value / 2:
        return None
    progress = curves.progress(signals)
    start = progress.start
    learned = val[best_at] < (1 - LEARNED) * (start if math.isfinite(start) else val[0])
    costly = rise > COSTLY_RISE.value and after > AFTER.value and learned
    costly = costly and best_at > 0 and _went_on(history, best_at)
    costly = costly and not progress.skill < LEARNED
    costly = costly and not _as_good(history, best_at)
    stops = [c for c in (setup.callbacks if setup else ()) if c.name == "EarlyStopping"]
    return core.Evidence(
        readings=(
            core.Reading(HISTORY, rise, RISE, "rise of the validation loss above its best"),
            core.Reading(HISTORY, after, AFTER, "share of the epochs that came after the best"),
            core.Reading(
                HISTORY,
                best_at + 1,
                core.Limit(len(val), unit="epochs", source="the epoch whose weights were kept"),
                "best epoch",
            ),
        ),
        says=f"validation loss was best in epoch {best_at + 1} ({val[best_at]:.3g}) and ended at "
        f"{late:.3g} after {len(val)}; "
        + (
            "EarlyStopping did not restore the best weights"
            if stops
            else "no callback gave the best weights back"
        ),
        strength=min(1.0, 0.5 + 0.3 * min(rise, 1.0) + 0.1 * bool(stops)),
        stated=costly,
        severity=core.Severity.WARNING if costly else core.Severity.NOTE,
        changes=(
            core.StopEarly(patience=max(3, round((best_at + 1) / 4))),
            core.SetEpochs(best_at + 1),
        ),
    )


def _went_on(history: core.History, best_at: int) -> bool:
    """Training itself still improved after the best epoch: it did not diverge."""
    train = history.curve("loss")
    return not len(train) > best_at or train[-1] < train[best_at]


def _as_good(history: core.History, best_at: int) -> bool:
    """A metric of the answers did not suffer: as good at the end as at the best epoch.

    Cross-entropy grows with mere confidence; answers that stay right cost nothing.
    """
    for name, values in history.metrics.items():
        if name.startswith("val_") and "acc" in name and len(values) > best_at:
            at_best, late = values[best_at], float(np.median(values[-3:]))
            if math.isfinite(late):
                return late > at_best + 0.5 * (1 - at_best) * RISE.value
    return False


def probe(evidence: core.Evidence) -> core.Trial:
    """Stopped in time, the validation loss must end lower."""
    return core.Trial(core.StopEarly(), predict=core.IS_SURE, steps=None, decisive=False)


def remedies(evidence: core.Evidence) -> list[core.Change]:
    """Stop in time and keep the best; or train for so many epochs only."""
    return [*evidence.changes] or [core.StopEarly()]


def _history(val: list[float], *, restored: bool = False) -> core.Signals:
    curve = {"loss": tuple(1 / (1 + i) for i in range(len(val))), "val_loss": tuple(val)}
    return core.record({HISTORY: core.History(metrics=curve, best_restored=restored)})


_TURNED = [1.0, 0.7, 0.6, 0.55, 0.58, 0.62, 0.65, 0.7, 0.75, 0.78, 0.8, 0.85]

CAUSE = core.Cause(
    module=__name__,
    page=__doc__,
    needs=(HISTORY,),
    wants=tuple(s for s in curves.PROGRESS if s is not HISTORY),
    symptom=symptom,
    probe=probe,
    remedies=remedies,
    mimics=("reg.overfitting", "data.insufficient", "hp.lr_high"),
    sick=(_history(_TURNED),),
    healthy=(
        _history(_TURNED, restored=True),
        _history([1.0, 0.7, 0.6, 0.55, 0.54, 0.55, 0.54, 0.55, 0.56]),
    ),
)
