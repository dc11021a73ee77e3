"""A rate that was measured."""

from __future__ import annotations

from convalesce import core
from convalesce.lab.apply.scale_learning_rate import apply as scale
from convalesce.lab.schedules import highest
from convalesce.lab.setting import Setting


def apply(change: core.SetLearningRate, setting: Setting) -> Setting:
    """The setting at this rate; of a schedule, its highest."""
    optimizer = setting.compiled.get("optimizer")
    if optimizer is None:
        raise core.CannotChange("the model was compiled without an optimizer")
    steps = setting.epochs * setting.steps_per_epoch
    now = highest(optimizer, setting.callbacks, steps, setting.epochs) * setting.rate
    if not now > 0:
        raise core.CannotChange("a rate of 0 can't be scaled")
    return scale(core.ScaleLearningRate(change.rate / now), setting)
