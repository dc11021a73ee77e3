"""Kernels drawn anew by another initialiser, when training begins."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from convalesce import core
from convalesce.lab.copying import seed_of
from convalesce.lab.places import hidden, named
from convalesce.lab.setting import Setting

KERNELS = ("kernel", "depthwise_kernel", "pointwise_kernel")


def apply(change: core.SetInitializer, setting: Setting) -> Setting:
    """The setting with other kernels to begin with; biases and recurrent kernels stay."""
    import keras

    try:
        keras.initializers.get(change.initializer)
    except ValueError as error:
        raise core.CannotChange(f"Keras has no initialiser {change.initializer}") from error
    layers = named(setting.model, change.layers) if change.layers else hidden(setting)
    if not any(_kernels(layer, own=bool(change.layers)) for layer in layers):
        asked = ", ".join(change.layers) or "hidden layers"
        raise core.CannotChange(f"{asked}: no layer with a kernel")
    names = tuple(layer.name for layer in layers)
    begin = _begin(change.initializer, names, setting.seed, own=bool(change.layers))
    return replace(setting, begins=(*setting.begins, begin))


def _begin(
    initializer: str, names: tuple[str, ...], seed: int, *, own: bool
) -> Callable[[Any], None]:
    """Found by name when training begins: another change may rebuild the model until then."""
    import keras

    def begin(model: Any) -> None:
        kind = type(keras.initializers.get(initializer))
        for layer in model._flatten_layers(include_self=False):  # noqa: SLF001
            if layer.name not in names:
                continue
            for name, variable in _kernels(layer, own=own):
                made = keras.initializers.get(initializer)
                if hasattr(made, "seed"):
                    made = kind(seed=seed_of(seed, f"{layer.name} {name}"))
                variable.assign(made(tuple(variable.shape), dtype=variable.dtype))

    return begin


def _kernels(layer: Any, *, own: bool) -> list[tuple[str, Any]]:
    """Kernels of a layer and of those that it holds, with their names.

    Args:
        layer: Of the model.
        own: Where it has none, the matrices that it trains: those of a user's own layer.
    """
    found: list[tuple[str, Any]] = []
    for part in layer._flatten_layers():  # noqa: SLF001
        for name in KERNELS:
            variable = getattr(part, name, None) if part.built else None
            if hasattr(variable, "assign"):
                found.append((f"{part.name} {name}", variable))
    if not found and own:
        matrices = [v for v in layer.trainable_variables if len(v.shape) > 1]
        found = [(f"{layer.name} {v.name}", v) for v in matrices]
    return found
