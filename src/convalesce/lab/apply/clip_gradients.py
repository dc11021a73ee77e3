"""A bound on the global norm of the gradient."""

from __future__ import annotations

from convalesce import core
from convalesce.lab.setting import Setting, optimizer_like


def apply(change: core.ClipGradients, setting: Setting) -> Setting:
    """The setting with gradients clipped by their global norm."""
    optimizer = setting.compiled.get("optimizer")
    if optimizer is None:
        raise core.CannotChange("the model was compiled without an optimizer")
    clipped = optimizer_like(optimizer, global_clipnorm=change.norm, clipnorm=None, clipvalue=None)
    return setting.compile_with(optimizer=clipped)
