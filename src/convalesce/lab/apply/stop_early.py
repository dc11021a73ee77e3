"""EarlyStopping that gives back the best weights."""

from __future__ import annotations

from dataclasses import replace

from convalesce import core
from convalesce.lab.setting import Setting


def apply(change: core.StopEarly, setting: Setting) -> Setting:
    """The setting stopped in time, at its best weights."""
    import keras

    if change.monitor.startswith("val_") and setting.validation is None:
        raise core.CannotChange(f"there is no validation split to follow {change.monitor} on")
    stop = keras.callbacks.EarlyStopping(
        monitor=change.monitor, patience=change.patience, restore_best_weights=True
    )
    kept = tuple(c for c in setting.callbacks if type(c).__name__ != "EarlyStopping")
    return replace(setting, callbacks=(*kept, stop))
