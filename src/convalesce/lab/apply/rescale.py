"""Inputs times a number, plus another."""

from __future__ import annotations

import numpy as np

from convalesce import core
from convalesce.lab import rows
from convalesce.lab.rows import Array
from convalesce.lab.setting import Setting


def apply(change: core.Rescale, setting: Setting) -> Setting:
    """The setting with the inputs of every split rescaled; tokens and text stay."""
    arrays = rows.leaves(setting.train.x)
    scaled = {
        number
        for number, (array, kind) in enumerate(zip(arrays, rows.kinds(setting), strict=True))
        if kind != "tokens" and rows.numeric(array)
    }
    if not scaled:
        raise core.CannotChange("the inputs are tokens or text: they have no scale")

    def rescaled(number: int, array: Array) -> Array:
        if number not in scaled:
            return array
        return np.asarray(array.astype(np.float64) * change.scale + change.offset, np.float32)

    return rows.everywhere(setting, lambda r: rows.map_inputs(r, rescaled))
