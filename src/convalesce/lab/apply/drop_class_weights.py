"""Classes that count alike."""

from __future__ import annotations

from dataclasses import replace

from convalesce import core
from convalesce.lab.setting import Setting


def apply(change: core.DropClassWeights, setting: Setting) -> Setting:  # noqa: ARG001
    """The setting without weights of classes; weights of examples stay."""
    if not setting.class_weight:
        raise core.CannotChange("fit is given no class_weight")
    return replace(setting, class_weight=None)
