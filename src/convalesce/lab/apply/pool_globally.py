"""Global average pooling in place of Flatten."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from convalesce import core
from convalesce.lab.graph import graph_of
from convalesce.lab.setting import Setting
from convalesce.lab.surgery import Edit, free_name, rebuilt
from convalesce.observe.arguments import first_leaf


def apply(change: core.PoolGlobally, setting: Setting) -> Setting:  # noqa: ARG001
    """The setting with every Flatten of a map replaced.

    Where a map goes into the last layer unflattened, and a target is one an example, it is
    pooled in front of that layer.
    """
    model = setting.model
    graph = graph_of(model)
    edits: dict[Any, Edit] = {}
    unpooled = False
    for step in graph.steps:
        if step.kind == "Flatten" and len(step.came) > 2:
            edits[step.layer] = Edit(instead=_make(model, step.layer, len(step.came)))
    if not edits and np.ndim(first_leaf(setting.train.y)) <= 2:
        for place in graph.heads():
            step = graph.steps[place]
            if step.kind == "Dense" and len(step.came) > 2:
                unpooled = True
                edits[step.layer] = Edit(before=(_make(model, step.layer, len(step.came)),))
    if not edits:
        raise core.CannotChange("the model has no Flatten of a map")
    return rebuilt(setting, edits, reshaped=unpooled)


def _make(model: Any, layer: Any, rank: int) -> Callable[[], Any]:
    import keras

    kinds = {
        3: keras.layers.GlobalAveragePooling1D,
        4: keras.layers.GlobalAveragePooling2D,
        5: keras.layers.GlobalAveragePooling3D,
    }
    if rank not in kinds:
        raise core.CannotChange(f"{layer.name} takes a map of {rank - 2} axes: no pooling for that")
    name = layer.name if type(layer).__name__ == "Flatten" else f"{layer.name}_pooled"
    return lambda: kinds[rank](
        name=name if name == layer.name else free_name(model, name),
        data_format=getattr(layer, "data_format", None),
        dtype=layer.dtype_policy,
    )
