"""Another loss."""

from __future__ import annotations

from typing import Any

from convalesce import core
from convalesce.lab.setting import Setting

NAMED = {"focal": "binary_focal_crossentropy", "binary_focal": "binary_focal_crossentropy"}


def apply(change: core.SetLoss, setting: Setting) -> Setting:
    """The setting with another loss on every output, or on that which is named."""
    import keras

    given = setting.compiled.get("loss")
    several = isinstance(given, dict | list | tuple)
    if several and not change.output:
        raise core.CannotChange("the model has several losses; which one to change is not said")
    name = NAMED.get(change.name, change.name)
    try:
        loss: Any = keras.losses.get(name)
        if change.from_logits is not None:
            kind = type(keras.losses.get("".join(p.title() for p in name.split("_"))))
            loss = kind(from_logits=change.from_logits)
    except (ValueError, TypeError) as error:
        raise core.CannotChange(f"Keras has no loss {change.name}: {error}") from error
    if not change.output:
        return setting.compile_with(loss=loss, loss_weights=None)
    names = list(getattr(setting.model, "output_names", None) or ())
    if change.output not in names:
        raise core.CannotChange(f"the model has no output named {change.output}")
    if isinstance(given, list | tuple):
        losses: Any = [loss if n == change.output else g for n, g in zip(names, given, strict=True)]
    elif isinstance(given, dict):
        losses = {**given, change.output: loss}
    else:
        losses = {n: loss if n == change.output else given for n in names}
    return setting.compile_with(loss=losses)
