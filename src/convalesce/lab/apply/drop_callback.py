"""One callback less."""

from __future__ import annotations

from dataclasses import replace

from convalesce import core
from convalesce.lab.setting import Setting


def apply(change: core.DropCallback, setting: Setting) -> Setting:
    """The setting without the callbacks of this class."""
    kept = tuple(c for c in setting.callbacks if type(c).__name__ != change.name)
    if len(kept) == len(setting.callbacks):
        raise core.CannotChange(f"no callback of class {change.name} acts on the training")
    return replace(setting, callbacks=kept)
