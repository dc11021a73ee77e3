"""Another optimizer, at its published default rate; its own best is found by trying rates."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from convalesce import core
from convalesce.lab.schedules import fixed, schedule_of
from convalesce.lab.setting import Setting, optimizer_like

MOMENTUM = 0.9  # for SGD: plain SGD is seldom what is meant by another optimizer
CLIPPING = ("clipnorm", "global_clipnorm", "clipvalue")


def apply(change: core.SetOptimizer, setting: Setting) -> Setting:
    """The setting with another optimizer, clipped as before, at its default rate or on schedule."""
    import keras

    made: Any
    try:
        made = keras.optimizers.get(change.name)
    except ValueError as error:
        raise core.CannotChange(f"Keras has no optimizer {change.name}") from error
    if type(made).__name__ == "SGD":
        made = keras.optimizers.SGD(momentum=MOMENTUM)
    present = setting.compiled.get("optimizer")
    inner = getattr(present, "inner_optimizer", present)
    clipped = {name: bound for name in CLIPPING if (bound := getattr(inner, name, None))}
    if clipped:
        made = optimizer_like(made, **clipped)
    if change.scheduled and inner is not None and not fixed(inner):
        made = optimizer_like(made, learning_rate=schedule_of(inner))
    if inner is not present:
        made = keras.optimizers.LossScaleOptimizer(made)
    return replace(setting.compile_with(optimizer=made), rate=1.0)
