"""The number of epochs."""

from __future__ import annotations

import libcst as cst

from convalesce.core.changes.hp import SetEpochs
from convalesce.treat.patch.source.calls import drop_argument, set_argument, value
from convalesce.treat.patch.source.draft import Draft
from convalesce.treat.patch.source.training import (
    add_callback,
    callback,
    fit_call,
    has_validation,
    monitor_text,
)
from convalesce.treat.patch.source.values import number, string

PATIENCE = 5
AGAINST = {"loss": "max", "accuracy": "min"}  # the mode that stops what gets better


def write(change: SetEpochs, draft: Draft) -> None:
    """`epochs` of fit; where there are more of them, EarlyStopping ends them in time."""
    script = draft.script
    fit = fit_call(script)
    given = value(script, fit, "epochs")
    setup = script.facts.setup
    now = 1.0 if given is None else number(script, given)
    now = now if now is not None else float(setup.epochs if setup is not None else 1)
    set_argument(draft, fit, "epochs", str(change.epochs))
    present = callback(script, "EarlyStopping")
    if present is not None:
        _wait(draft, present)
    elif change.epochs > now and has_validation(script):
        settings = {
            "monitor": monitor_text(script, "val_loss"),
            "patience": str(PATIENCE),
            "restore_best_weights": "True",
        }
        add_callback(draft, "EarlyStopping", settings)


def _wait(draft: Draft, stop: cst.Call) -> None:
    """An EarlyStopping that is there ends no training that still gets better.

    The retrainings went without it, and it may be what ended the training too soon.
    """
    script = draft.script
    drop_argument(draft, stop, "min_delta", "0")
    drop_argument(draft, stop, "baseline")
    patience = value(script, stop, "patience")
    given = 0.0 if patience is None else number(script, patience)
    if given is None or given < PATIENCE:
        set_argument(draft, stop, "patience", str(PATIENCE))
    set_argument(draft, stop, "restore_best_weights", "True")
    mode = string(script, value(script, stop, "mode"))
    monitor = string(script, value(script, stop, "monitor")) or "val_loss"
    if mode == AGAINST.get(monitor.rpartition("_")[2]):
        drop_argument(draft, stop, "mode")
