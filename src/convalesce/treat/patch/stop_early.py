"""EarlyStopping that gives back the best weights."""

from __future__ import annotations

from convalesce.core.changes.reg import StopEarly
from convalesce.treat.patch.source.calls import argument, drop_argument, set_argument, value
from convalesce.treat.patch.source.draft import Draft
from convalesce.treat.patch.source.edit import NoFaithfulEdit
from convalesce.treat.patch.source.training import (
    add_callback,
    callback,
    fit_call,
    has_validation,
    monitor_text,
)
from convalesce.treat.patch.source.values import quoted, string


def write(change: StopEarly, draft: Draft) -> None:
    """One callback more, or the present one set right."""
    script = draft.script
    settings = {
        "monitor": monitor_text(script, change.monitor),
        "patience": str(change.patience),
        "restore_best_weights": "True",
    }
    if change.monitor.startswith("val_") and not has_validation(script):
        text = ", ".join(f"{k}={v}" for k, v in settings.items())
        raise NoFaithfulEdit(
            "fit is given no validation data to stop by",
            f"validation_split=0.2, callbacks=[keras.callbacks.EarlyStopping({text})]",
            script.line(fit_call(script)),
        )
    present = callback(script, "EarlyStopping")
    if present is None:
        add_callback(draft, "EarlyStopping", settings)
        return
    if argument(script, present, "monitor") is None and change.monitor == "val_loss":
        settings.pop("monitor")
    for name, text in settings.items():
        set_argument(draft, present, name, text)
    drop_argument(draft, present, "min_delta", "0")
    if string(script, value(script, present, "monitor")) not in {None, change.monitor}:
        drop_argument(draft, present, "mode", quoted(script, "auto"))
