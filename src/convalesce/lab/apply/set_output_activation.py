"""Another activation, and if need be width, of the last layer."""

from __future__ import annotations

from typing import Any

from convalesce import core
from convalesce.lab.graph import ACTING, graph_of, opened
from convalesce.lab.places import heads
from convalesce.lab.setting import Setting
from convalesce.lab.surgery import Edit, rebuilt


def apply(change: core.SetOutputActivation, setting: Setting) -> Setting:
    """The setting with another last layer."""
    import keras

    try:
        function = keras.activations.get(change.activation)
    except ValueError as error:
        raise core.CannotChange(f"Keras has no activation {change.activation}") from error
    head = _head(setting, change.layer)
    if not hasattr(head, "activation"):
        raise core.CannotChange(f"{head.name} has no activation that can be set")
    width = "filters" if hasattr(head, "filters") else "units"
    wider = change.units is not None and getattr(head, width, None) != change.units
    behind = _behind(setting.model, head)
    if not wider and not behind:
        return setting.with_edits((head, "activation", function))
    edits: dict[Any, Edit] = {}
    if wider:
        edits[head] = Edit(config={width: change.units, "activation": change.activation})
    for layer in behind:
        edits[layer] = Edit(instead=_activation(layer, change.activation if not wider else None))
    return rebuilt(setting, edits, reshaped=wider)


def _head(setting: Setting, name: str) -> Any:
    """The layer that makes the output: the only one, or that of this name."""
    found = list({id(layer): layer for layer in heads(setting)}.values())
    if name and len(found) > 1:
        found = [layer for layer in found if layer.name == name] or found
    if len(found) != 1:
        raise core.CannotChange(
            f"the model has {len(found)} output layers; which one to change is not said"
        )
    return found[0]


def _behind(model: Any, head: Any) -> list[Any]:
    """Activation layers between the last weights and the output."""
    if opened(model) is None:
        return []
    graph = graph_of(model)
    place = graph.calls(head)[-1]
    found = []
    while after := graph.readers(place):
        place = after[0]
        if graph.steps[place].kind in ACTING:
            found.append(graph.steps[place].layer)
    return found


def _activation(layer: Any, name: str | None) -> Any:
    import keras

    return lambda: keras.layers.Activation(name, name=layer.name, dtype=layer.dtype_policy)
