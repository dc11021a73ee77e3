"""Hidden layers added or taken out."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from convalesce import core
from convalesce.lab.copying import copied
from convalesce.lab.graph import MERGING, Graph, graph_of, is_recurrent
from convalesce.lab.setting import Setting
from convalesce.lab.surgery import Edit, free_name, rebuilt


def apply(change: core.ChangeDepth, setting: Setting) -> Setting:
    """The setting with more hidden layers of the last kind, or with fewer.

    What belongs to a layer (its normalisation, activation, dropout) comes and goes with it.
    """
    graph = graph_of(setting.model)
    if change.layers > 0:
        return rebuilt(setting, _deeper(setting.model, graph, change.layers))
    if change.layers < 0:
        return rebuilt(setting, _shallower(graph, -change.layers))
    return setting


def _deeper(model: Any, graph: Graph, count: int) -> dict[Any, Edit]:
    """Copies of the last hidden convolution, else of the last hidden layer, put behind it."""
    plain = [p for p in graph.hidden() if not is_recurrent(graph.steps[p].layer)]
    hidden = [p for p in plain if graph.steps[p].kind.startswith(("Conv", "SeparableConv"))]
    hidden = [p for p in hidden if not graph.steps[p].kind.endswith("Transpose")]
    hidden = hidden or [p for p in plain if graph.steps[p].kind == "Dense"]
    if not hidden:
        raise core.CannotChange(
            "the model has no hidden convolution or Dense to put another behind"
        )
    unit = (hidden[-1], *graph.trail(hidden[-1]))
    end = graph.steps[unit[-1]].layer
    makers = [
        _again(model, graph.steps[place].layer, number)
        for number in range(1, count + 1)
        for place in unit
    ]
    return {end: Edit(after=tuple(makers))}


def _again(model: Any, layer: Any, number: int) -> Callable[[], Any]:
    """A layer of the same kind that keeps the size of the map."""
    config: dict[str, Any] = {"name": free_name(model, f"{layer.name}_more_{number}")}
    if hasattr(layer, "kernel_size"):
        ones = (1,) * len(layer.kernel_size)
        causal = layer.padding == "causal"
        config |= {"strides": ones, "padding": "causal" if causal else "same"}
    return lambda: copied(layer, config)


def _shallower(graph: Graph, count: int) -> dict[Any, Edit]:
    """Layers that leave the shape as it is go first, the last ones before others."""
    alone = [p for p in graph.hidden() if _can_go(graph, p)]
    order = sorted(alone, key=lambda p: (graph.steps[p].came != graph.steps[p].gave, -p))
    if len(order) < count or len(graph.hidden()) <= count:
        raise core.CannotChange(
            f"{count} hidden layers can't be taken out: of {len(graph.hidden())}, "
            f"{len(order)} can go, and one must stay"
        )
    edits: dict[Any, Edit] = {}
    for place in order[:count]:
        for part in (place, *graph.trail(place)):
            edits[graph.steps[part].layer] = Edit(gone=True)
    return edits


def _can_go(graph: Graph, place: int) -> bool:
    """Called once, and nothing that it is merged with asks for its shape."""
    step = graph.steps[place]
    if len(graph.calls(step.layer)) != 1 or len(step.sources) != 1:
        return False
    if step.came == step.gave:
        return True
    if len(step.came) != len(step.gave):
        return False
    end = (place, *graph.trail(place))[-1]
    after = [graph.steps[i] for i in graph.readers(end)]
    return not any(s.kind in MERGING or s.kind == "Reshape" or len(s.sources) > 1 for s in after)
