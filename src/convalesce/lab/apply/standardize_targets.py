"""Targets of a regression with mean 0 and deviation 1, by the figures of training."""

from __future__ import annotations

import numpy as np

from convalesce import core
from convalesce.lab import rows
from convalesce.lab.rows import Array
from convalesce.lab.setting import Setting

FIGURES = frozenset({"continuous", "reconstruction"})


def apply(change: core.StandardizeTargets, setting: Setting) -> Setting:  # noqa: ARG001
    """The setting with its continuous targets standardised, column by column, in every split.

    Answers are then judged against standardised targets; the share of what there is to learn has
    no unit and stays comparable.
    """
    arrays = rows.leaves(setting.train.y)
    split = rows.fact(setting, core.TRAIN)
    forms = [t.form for t in split.targets] if split is not None else []
    if len(forms) != len(arrays):
        forms = [setting.form or "continuous"] * len(arrays)  # type: ignore[list-item]
    fitted = {
        number: _figures(array)
        for number, (array, form) in enumerate(zip(arrays, forms, strict=True))
        if form in FIGURES and rows.numeric(array)
    }
    if not fitted:
        raise core.CannotChange(f"the targets are no figures but {' and '.join(forms)}")

    def standardised(number: int, array: Array) -> Array:
        if number not in fitted:
            return array
        mean, scale = fitted[number]
        return np.asarray((array - mean) / scale, np.float32)

    return rows.everywhere(setting, lambda r: rows.map_targets(r, standardised))


def _figures(array: Array) -> tuple[Array, Array]:
    """Mean and deviation of each column of finite targets; of all entries where positions count.

    Raises:
        core.CannotChange: They never vary.
    """
    columns = array.reshape(len(array), -1) if array.ndim <= 2 else array.reshape(-1, 1)
    columns = np.where(np.isfinite(columns), columns, np.nan).astype(np.float64)
    if np.isnan(columns).all(0).any():
        raise core.CannotChange("a column of the targets holds no finite value")
    mean, scale = np.nanmean(columns, axis=0), np.nanstd(columns, axis=0)
    if not (scale > 0).any():
        raise core.CannotChange("the targets never vary")
    scale[scale == 0] = 1.0
    if array.ndim == 1:
        return mean[0], scale[0]
    return mean, scale
