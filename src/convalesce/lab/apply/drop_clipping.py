"""Gradients as they are."""

from __future__ import annotations

from convalesce import core
from convalesce.lab.setting import Setting, optimizer_like

NONE = {"clipnorm": None, "global_clipnorm": None, "clipvalue": None}


def apply(change: core.DropClipping, setting: Setting) -> Setting:  # noqa: ARG001
    """The setting with an optimizer that clips nothing."""
    optimizer = setting.compiled.get("optimizer")
    inner = getattr(optimizer, "inner_optimizer", optimizer)
    if not any(getattr(inner, name, None) for name in NONE):
        raise core.CannotChange("the optimizer clips no gradients")
    return setting.compile_with(optimizer=optimizer_like(optimizer, **NONE))
