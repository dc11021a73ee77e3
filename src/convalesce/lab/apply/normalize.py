"""Inputs of mean 0 and deviation 1 in each channel, by the figures of training."""

from __future__ import annotations

import numpy as np

from convalesce import core
from convalesce.lab import rows
from convalesce.lab.rows import Array
from convalesce.lab.setting import Setting
from convalesce.observe.scan.kinds import channels_of


def apply(change: core.Normalize, setting: Setting) -> Setting:  # noqa: ARG001
    """The setting with its inputs standardised; fitted on the training examples alone."""
    kinds = rows.kinds(setting)
    fitted = {
        number: _figures(array, kind)
        for number, (array, kind) in enumerate(
            zip(rows.leaves(setting.train.x), kinds, strict=True)
        )
        if kind != "tokens" and rows.numeric(array)
    }
    if not fitted:
        raise core.CannotChange("the inputs are tokens or text: they have no scale")

    def standardised(number: int, array: Array) -> Array:
        if number not in fitted:
            return array
        mean, scale = fitted[number]
        return np.asarray((array - mean) / scale, np.float32)

    return rows.everywhere(setting, lambda r: rows.map_inputs(r, standardised))


def _figures(array: Array, kind: str) -> tuple[Array, Array]:
    """Mean and deviation of each channel, shape `(channels,)`; of finite entries, 1 for no spread.

    A picture without a channel axis has one channel.
    """
    shape = array.shape[1:]
    known = {"image", "volume", "sequence", "tabular"}
    one = channels_of("image", shape) if kind == "image" else max(1, *shape[-1:], 1)
    columns = array.reshape(-1, one if kind in known or shape else 1).astype(np.float64)
    columns = np.where(np.isfinite(columns), columns, np.nan)
    empty = np.isnan(columns).all(0)
    columns[:, empty] = 0.0
    mean, scale = np.nanmean(columns, axis=0), np.nanstd(columns, axis=0)
    # A channel that never varies has a deviation of rounding errors.
    scale[scale <= 1e-7 * np.maximum(1.0, np.abs(mean))] = 1.0
    return mean, scale
