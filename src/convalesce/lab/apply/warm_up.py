"""A rate that rises from zero over the first steps."""

from __future__ import annotations

from dataclasses import replace

from convalesce import core
from convalesce.lab.schedules import make_warmed, schedule_of
from convalesce.lab.setting import Setting, optimizer_like


def apply(change: core.WarmUp, setting: Setting) -> Setting:
    """The setting with its rate warmed up."""
    optimizer = setting.compiled.get("optimizer")
    if optimizer is None:
        raise core.CannotChange("the model was compiled without an optimizer")
    if any(hasattr(c, "schedule") or hasattr(c, "factor") for c in setting.callbacks):
        raise core.CannotChange("a callback of the script sets the rate")
    rate = schedule_of(optimizer)
    full = rate * setting.rate if isinstance(rate, float) else rate
    warmed = make_warmed(full, change.steps)
    changed = setting.compile_with(optimizer=optimizer_like(optimizer, learning_rate=warmed))
    return replace(changed, rate=1.0 if isinstance(rate, float) else setting.rate)
