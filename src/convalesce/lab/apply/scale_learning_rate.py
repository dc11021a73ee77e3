"""Another rate: the variable where it is a number, else a scaled copy of the schedule."""

from __future__ import annotations

from dataclasses import replace

from convalesce import core
from convalesce.lab.schedules import fixed, make_scaled, schedule_of
from convalesce.lab.setting import Setting, optimizer_like


def apply(change: core.ScaleLearningRate, setting: Setting) -> Setting:
    """The setting at `factor` times its rate."""
    optimizer = setting.compiled.get("optimizer")
    if optimizer is None:
        raise core.CannotChange("the model was compiled without an optimizer")
    if fixed(optimizer):
        return replace(setting, rate=setting.rate * change.factor)
    scaled = make_scaled(schedule_of(optimizer), change.factor)
    return setting.compile_with(optimizer=optimizer_like(optimizer, learning_rate=scaled))
