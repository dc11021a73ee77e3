"""Another metric, and callbacks that follow it."""

from __future__ import annotations

import copy
from dataclasses import replace

from convalesce import core
from convalesce.lab.setting import Setting


def apply(change: core.SetMetric, setting: Setting) -> Setting:
    """The setting with another metric; callbacks that followed the old one follow the loss."""
    callbacks = []
    for callback in setting.callbacks:
        one = copy.copy(callback)
        monitor = str(getattr(one, "monitor", ""))
        if monitor and not monitor.endswith("loss"):
            one.monitor = "val_loss" if monitor.startswith("val_") else "loss"
            one.mode = "min"
            if hasattr(one, "monitor_op"):
                one.monitor_op = None
        callbacks.append(one)
    changed = setting.compile_with(metrics=[change.name], weighted_metrics=None)
    return replace(changed, callbacks=tuple(callbacks))
