"""BatchNormalization after layers."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from convalesce import core
from convalesce.lab.graph import NORMALISING, Graph, graph_of, is_recurrent
from convalesce.lab.places import called
from convalesce.lab.setting import Setting
from convalesce.lab.surgery import Edit, free_name, rebuilt

MOMENTUM = 0.9  # Keras's 0.99 lags by hundreds of updates, and a trial may have a hundred


def apply(change: core.InsertBatchNormalization, setting: Setting) -> Setting:
    """The setting with a normalisation behind each of the layers that has none there yet."""
    model = setting.model
    graph = graph_of(model)
    if change.after:
        ends = {graph.steps[place].layer for place in (*graph.heads(), *graph.ends)}
        layers = [x for x in called(model, graph, change.after) if x not in ends]
    else:
        inner = [graph.steps[place].layer for place in graph.hidden()]
        layers = [layer for layer in inner if not is_recurrent(layer)]
    plain = [layer for layer in layers if not _normalised(graph, layer)]
    if not plain:
        asked = ", ".join(change.after) or "hidden layers"
        raise core.CannotChange(f"{asked}: none that no normalisation follows and is no output")
    return rebuilt(setting, {layer: Edit(after=(_make(model, layer),)) for layer in plain})


def _normalised(graph: Graph, layer: Any) -> bool:
    """Every call of it goes straight, or through its activation, into a normalisation."""
    kinds = [[graph.steps[i].kind for i in graph.trail(place)] for place in graph.calls(layer)]
    return all(any(kind in NORMALISING for kind in trail) for trail in kinds)


def _make(model: Any, layer: Any) -> Callable[[], Any]:
    import keras

    first = getattr(layer, "data_format", "") == "channels_first"
    return lambda: keras.layers.BatchNormalization(
        axis=1 if first else -1,
        momentum=MOMENTUM,
        name=free_name(model, f"{layer.name}_normalised"),
        dtype=layer.dtype_policy,
    )
