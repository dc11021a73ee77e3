"""A model without its normalisation layers."""

from __future__ import annotations

from typing import Any

from convalesce import core
from convalesce.lab.graph import NORMALISING, Graph, graph_of, weighs
from convalesce.lab.places import leaves, named
from convalesce.lab.setting import Setting
from convalesce.lab.surgery import Edit, rebuilt
from convalesce.observe.layers import as_initialized


def apply(change: core.DropNormalization, setting: Setting) -> Setting:
    """The setting without them; a layer that left its bias to one of them gets a bias.

    Layers whose shift, scale or statistics were trained before stay: what follows them was trained
    on their answers.
    """
    model = setting.model
    found = named(model, change.layers) if change.layers else leaves(model)
    norms = [layer for layer in found if type(layer).__name__ in NORMALISING]
    if not norms:
        raise core.CannotChange("the model has no normalisation layer to take out")
    fresh = [layer for layer in norms if layer.trainable and as_initialized(layer) is not False]
    if not fresh:
        raise core.CannotChange("the normalisation layers were trained before, or are frozen")
    graph = graph_of(model)
    edits = {layer: Edit(gone=True) for layer in fresh}
    for layer in _unbiased(graph, fresh):
        edits[layer] = Edit(config={"use_bias": True})
    return rebuilt(setting, edits)


def _unbiased(graph: Graph, norms: list[Any]) -> list[Any]:
    """Layers without a bias that only these normalise."""
    gone = {id(layer) for layer in norms}
    found = []
    for place, step in enumerate(graph.steps):
        layer = step.layer
        if not weighs(layer) or getattr(layer, "use_bias", True):
            continue
        after = [graph.steps[i].layer for i in graph.readers(place)]
        if after and all(id(one) in gone for one in after):
            found.append(layer)
    return list(dict.fromkeys(found))
