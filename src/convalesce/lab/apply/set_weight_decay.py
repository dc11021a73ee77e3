"""The optimizer's decoupled weight decay."""

from __future__ import annotations

from convalesce import core
from convalesce.lab.setting import Setting, optimizer_like


def apply(change: core.SetWeightDecay, setting: Setting) -> Setting:
    """The setting with another decay; with 0 there is none."""
    optimizer = setting.compiled.get("optimizer")
    if optimizer is None:
        raise core.CannotChange("the model was compiled without an optimizer")
    made = optimizer_like(optimizer, weight_decay=float(change.value))
    return setting.compile_with(optimizer=made)
