"""Examples without NaN and infinity."""

from __future__ import annotations

from convalesce import core
from convalesce.lab import rows
from convalesce.lab.setting import Setting


def apply(change: core.DropNonfinite, setting: Setting) -> Setting:  # noqa: ARG001
    """The setting without the examples whose inputs, targets or weights are not finite."""
    sound = rows.finite(setting.train)
    if not sound.any():
        raise core.CannotChange(
            "every training example holds NaN or infinity: none would be left; impute them"
        )
    held = setting.validation
    if sound.all() and (held is None or rows.finite(held).all()):
        raise core.CannotChange("no training or validation example holds NaN or infinity")
    if held is not None and not rows.finite(held).any():
        raise core.CannotChange("every validation example holds NaN or infinity")
    return rows.everywhere(setting, lambda r: rows.take(r, rows.finite(r)))
