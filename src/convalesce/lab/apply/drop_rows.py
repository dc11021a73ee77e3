"""Examples whose target is a stand-in for "no reading" are left out."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from convalesce import core
from convalesce.lab import rows
from convalesce.lab.setting import Setting
from convalesce.observe.kept import Rows


def apply(change: core.DropRows, setting: Setting) -> Setting:
    """The setting without examples that have the sentinel among their targets, in any split."""
    rows.needs_some(
        _sound(setting.train, change.sentinel), f"has {change.sentinel:g} for its target"
    )
    held = setting.validation
    if held is not None and not _sound(held, change.sentinel).any():
        raise core.CannotChange(f"every validation target is {change.sentinel:g}")
    return rows.everywhere(setting, lambda r: rows.take(r, _sound(r, change.sentinel)))


def _sound(split: Rows, sentinel: float) -> NDArray[np.bool_]:
    sound = np.ones(split.count, bool)
    for array in rows.leaves(split.y):
        if rows.numeric(array):
            # As float32 where the targets are: -9999.1 has another value there than as float64.
            value = np.asarray(sentinel).astype(array.dtype)
            sound &= (array.reshape(len(array), -1) != value).all(1)
    return sound
