"""The number of epochs."""

from __future__ import annotations

from convalesce.core.changes.hp import SetEpochs
from convalesce.treat.patch.source.calls import set_argument, value
from convalesce.treat.patch.source.draft import Draft
from convalesce.treat.patch.source.training import (
    add_callback,
    callback,
    fit_call,
    has_validation,
    monitor_text,
)
from convalesce.treat.patch.source.values import number

PATIENCE = 5


def write(change: SetEpochs, draft: Draft) -> None:
    """`epochs` of fit; where there are more of them, EarlyStopping ends them in time."""
    script = draft.script
    fit = fit_call(script)
    given = value(script, fit, "epochs")
    setup = script.facts.setup
    now = 1.0 if given is None else number(script, given)
    now = now if now is not None else float(setup.epochs if setup is not None else 1)
    set_argument(draft, fit, "epochs", str(change.epochs))
    watched = has_validation(script) and callback(script, "EarlyStopping") is None
    if change.epochs > now and watched:
        settings = {
            "monitor": monitor_text(script, "val_loss"),
            "patience": str(PATIENCE),
            "restore_best_weights": "True",
        }
        add_callback(draft, "EarlyStopping", settings)
