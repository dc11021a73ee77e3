"""Layers that learn, or are frozen."""

from __future__ import annotations

from dataclasses import replace

from convalesce import core
from convalesce.lab.places import named
from convalesce.lab.setting import Setting


def apply(change: core.SetTrainable, setting: Setting) -> Setting:
    """The setting with layers unfrozen, and the models that hold them, or frozen."""
    model = setting.model
    held = list(model._flatten_layers())  # noqa: SLF001
    layers = named(model, change.layers) if change.layers else [model]
    flags = []
    if change.trainable:
        # A frozen model hides what learns in it. Its flag goes down to all parts, which then get
        # back their own.
        inside = {id(layer) for layer in layers}
        above = {x for x in held if any(id(y) in inside for y in _below(x))}
        before = dict(setting.flags)
        flags += [(x, True) for x in held if x in above]
        flags += [(x, before.get(x, x.trainable)) for x in held if x not in above]
    flags += [(layer, change.trainable) for layer in layers]
    return replace(setting, flags=(*setting.flags, *flags), recompiled=True)


def _below(layer: object) -> list[object]:
    return list(layer._flatten_layers(include_self=False))  # type: ignore[attr-defined]  # noqa: SLF001
