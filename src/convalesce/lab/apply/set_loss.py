"""Another loss."""

from __future__ import annotations

from typing import Any

from convalesce import core
from convalesce.lab.setting import Setting

NAMED = {"focal": "binary_focal_crossentropy", "binary_focal": "binary_focal_crossentropy"}


def apply(change: core.SetLoss, setting: Setting) -> Setting:
    """The setting with another loss on every output."""
    import keras

    if isinstance(setting.compiled.get("loss"), dict | list | tuple):
        raise core.CannotChange("the model has several losses; which one to change is not said")
    name = NAMED.get(change.name, change.name)
    try:
        loss: Any = keras.losses.get(name)
        if change.from_logits is not None:
            kind = type(keras.losses.get("".join(p.title() for p in name.split("_"))))
            loss = kind(from_logits=change.from_logits)
    except (ValueError, TypeError) as error:
        raise core.CannotChange(f"Keras has no loss {change.name}: {error}") from error
    return setting.compile_with(loss=loss, loss_weights=None)
