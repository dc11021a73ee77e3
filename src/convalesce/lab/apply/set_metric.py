"""Another metric, and callbacks that follow it."""

from __future__ import annotations

import copy
from dataclasses import replace

from convalesce import core
from convalesce.lab.setting import Setting


def apply(change: core.SetMetric, setting: Setting) -> Setting:
    """The setting with another metric; callbacks that followed the old one follow the loss.

    What is only described leaves the metrics as they are: they change no training.
    """
    import keras

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
    changed = replace(setting, callbacks=tuple(callbacks))
    try:
        keras.metrics.get(change.name)
    except ValueError:
        return changed
    return changed.compile_with(metrics=[change.name], weighted_metrics=None)
