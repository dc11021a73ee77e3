"""Another number of epochs."""

from __future__ import annotations

from dataclasses import replace

from convalesce import core
from convalesce.lab.setting import Setting


def apply(change: core.SetEpochs, setting: Setting) -> Setting:
    """The setting trained for so many epochs, without an end that comes before."""
    kept = tuple(c for c in setting.callbacks if type(c).__name__ != "EarlyStopping")
    return replace(setting, epochs=max(1, change.epochs), callbacks=kept)
