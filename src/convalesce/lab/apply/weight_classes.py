"""Weights inverse to the class counts."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from convalesce import core
from convalesce.lab.setting import Setting
from convalesce.lab.tools.class_weights import class_weights
from convalesce.observe.arguments import first_leaf


def apply(change: core.WeightClasses, setting: Setting) -> Setting:  # noqa: ARG001
    """The setting with each class weighted by examples / (classes x its count)."""
    y = np.asarray(first_leaf(setting.train.y))
    try:
        weights = class_weights(y)
    except ValueError as error:
        raise core.CannotChange("the targets are no classes, one an example") from error
    if len(weights) > len(y) // 2:
        raise core.CannotChange("the targets are no classes, one an example")
    return replace(setting, class_weight=weights)
