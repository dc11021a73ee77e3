"""Weights inverse to the class counts."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from convalesce import core
from convalesce.lab.setting import Setting
from convalesce.observe.arguments import first_leaf


def apply(change: core.WeightClasses, setting: Setting) -> Setting:  # noqa: ARG001
    """The setting with each class weighted by examples / (classes x its count).

    The formula is scikit-learn's `class_weight="balanced"`, after King and Zeng, *Logistic
    Regression in Rare Events Data*, 2001.
    """
    y = np.asarray(first_leaf(setting.train.y))
    if y.ndim > 2 or y.dtype.kind not in "biuf":
        raise core.CannotChange("the targets are no classes, one an example")
    labels = y.argmax(-1) if y.ndim == 2 and y.shape[1] > 1 else y.reshape(-1)
    found, counts = np.unique(labels, return_counts=True)
    if not np.array_equal(found, np.rint(found)) or len(found) > len(labels) // 2:
        raise core.CannotChange("the targets are no classes, one an example")
    weights = len(labels) / (len(found) * counts)
    return replace(
        setting,
        class_weight={int(c): float(w) for c, w in zip(found, weights, strict=True)},
    )
