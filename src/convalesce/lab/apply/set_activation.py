"""Another activation in hidden layers."""

from __future__ import annotations

from typing import Any

from convalesce import core
from convalesce.lab.edits import Edited
from convalesce.lab.graph import ACTING, acts, graph_of, is_recurrent, opened
from convalesce.lab.places import hidden, leaves, named
from convalesce.lab.setting import Setting
from convalesce.lab.surgery import Edit, rebuilt


def apply(change: core.SetActivation, setting: Setting) -> Setting:
    """The setting with another activation, where the values of a layer pass through it.

    A layer without one of its own that an activation layer follows is changed there. Recurrent
    layers keep theirs: their state needs a bound.
    """
    import keras

    try:
        function = keras.activations.get(change.activation)
    except ValueError as error:
        raise core.CannotChange(f"Keras has no activation {change.activation}") from error
    edits: list[Edited] = []
    swapped: dict[Any, Edit] = {}
    for layer in dict.fromkeys(_where(change, setting)):
        if type(layer).__name__ in ACTING and type(layer).__name__ != "Activation":
            if opened(setting.model) is None:  # its own code calls the layer: it acts otherwise
                edits.append((layer, "call", function))
                continue
            swapped[layer] = Edit(instead=_activation(layer, change.activation))
        elif "activation" in vars(layer):
            edits.append((layer, "activation", function))
    if not edits and not swapped:
        raise core.CannotChange("there is no hidden layer whose activation can be set")
    changed = setting.with_edits(*edits) if edits else setting
    return rebuilt(changed, swapped) if swapped else changed


def _where(change: core.SetActivation, setting: Setting) -> list[Any]:
    """Layers that apply the activations in question."""
    model = setting.model
    if change.layers:
        found = named(model, change.layers)
        asked = [part for layer in found for part in (layer, *leaves(layer))]
    else:
        asked = hidden(setting)
    behind = [_behind(model, layer) for layer in asked if not is_recurrent(layer)]
    if not change.layers and any(acts(layer) for layer in behind):
        return [layer for layer in behind if acts(layer)]
    return behind


def _behind(model: Any, layer: Any) -> Any:
    """The activation layer that follows a layer without one of its own; else the layer."""
    if opened(model) is None or acts(layer):
        return getattr(layer, "layer", layer)
    graph = graph_of(model)
    for place in graph.calls(layer)[:1]:
        for after in graph.trail(place):
            if graph.steps[after].kind in ACTING:
                return graph.steps[after].layer
    return getattr(layer, "layer", layer)


def _activation(layer: Any, name: str) -> Any:
    import keras

    return lambda: keras.layers.Activation(name, name=layer.name, dtype=layer.dtype_policy)
