"""Other strides of convolutions and poolings."""

from __future__ import annotations

from typing import Any

from convalesce import core
from convalesce.lab.graph import Graph, graph_of
from convalesce.lab.places import called
from convalesce.lab.setting import Setting
from convalesce.lab.surgery import Edit, rebuilt

POOLING = ("MaxPooling", "AveragePooling")
LEAST = 4  # positions that are left of a map where none of the layers is named


def apply(change: core.SetStrides, setting: Setting) -> Setting:
    """The setting with these strides in the named layers.

    A pooling of stride 1 is taken out, since it would only smear. Where no layer is named,
    strides of 1 go to all that have more, and larger ones to hidden convolutions of stride 1,
    first to last, as long as the map allows.
    """
    if change.strides < 1:
        raise core.CannotChange(f"a stride can't be {change.strides}")
    graph = graph_of(setting.model)
    if change.layers:
        layers = [x for x in called(setting.model, graph, change.layers) if _strided(x)]
    elif change.strides == 1:
        layers = [s.layer for s in graph.steps if _strided(s.layer) and max(_strides(s.layer)) > 1]
    else:
        layers = _room(graph, change.strides)
    edits = {
        layer: _edit(layer, change.strides)
        for layer in layers
        if set(_strides(layer)) != {change.strides}
    }
    if not edits:
        asked = ", ".join(change.layers) or "the model"
        raise core.CannotChange(f"{asked}: no convolution or pooling of another stride")
    return rebuilt(setting, edits)


def _edit(layer: Any, strides: int) -> Edit:
    if not _pools(layer):
        return Edit(config={"strides": (strides,) * len(_strides(layer))})
    if strides == 1:
        return Edit(gone=True)
    # A window wider than the stride was chosen for an overlap; one that left gaps was not.
    wide = tuple(min(w, max(strides, w - s + strides)) for w, s in _windows(layer))
    return Edit(config={"strides": (strides,) * len(wide), "pool_size": wide})


def _strided(layer: Any) -> bool:
    kind = type(layer).__name__
    return _pools(layer) or ("Conv" in kind and not kind.endswith("Transpose") and _has(layer))


def _pools(layer: Any) -> bool:
    return type(layer).__name__.startswith(POOLING)


def _has(layer: Any) -> bool:
    return bool(getattr(layer, "strides", None)) and "LSTM" not in type(layer).__name__


def _strides(layer: Any) -> tuple[int, ...]:
    strides = layer.strides
    return (strides,) if isinstance(strides, int) else tuple(strides)


def _windows(layer: Any) -> list[tuple[int, int]]:
    size = layer.pool_size
    size = (size,) if isinstance(size, int) else tuple(size)
    return list(zip(size, _strides(layer), strict=True))


def _room(graph: Graph, strides: int) -> list[Any]:
    """The first hidden convolutions of stride 1, as many as leave room on the smallest map."""
    steps = [graph.steps[place] for place in graph.hidden()]
    steps = [s for s in steps if _strided(s.layer)]
    left = min((d for s in steps for d in s.gave[1:-1] if d is not None), default=0)
    count = 0
    while left // strides ** (count + 1) >= LEAST:
        count += 1
    return [s.layer for s in steps if max(_strides(s.layer)) == 1][:count]
