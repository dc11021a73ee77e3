"""Another optimizer, at its published default rate; its own best is found by trying rates."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from convalesce import core
from convalesce.lab.setting import Setting

MOMENTUM = 0.9  # for SGD: plain SGD is seldom what is meant by another optimizer
PRECISE = "mixed_float16"


def apply(change: core.SetOptimizer, setting: Setting) -> Setting:
    """The setting with another optimizer; the rate is its default, schedules end."""
    import keras

    made: Any
    try:
        made = keras.optimizers.get(change.name)
    except ValueError as error:
        raise core.CannotChange(f"Keras has no optimizer {change.name}") from error
    if type(made).__name__ == "SGD":
        made = keras.optimizers.SGD(momentum=MOMENTUM)
    if hasattr(setting.compiled.get("optimizer"), "inner_optimizer"):
        made = keras.optimizers.LossScaleOptimizer(made)
    return replace(setting.compile_with(optimizer=made), rate=1.0)
