"""Filters and units of the hidden layers times a factor."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any

from convalesce import core
from convalesce.lab.graph import Graph, Step, graph_of
from convalesce.lab.setting import Setting
from convalesce.lab.surgery import Edit, rebuilt

# Kinds that choose the width of what they give, and the keyword for it.
WIDE = {"Dense": "units", "SimpleRNN": "units", "LSTM": "units", "GRU": "units"}
WIDE |= {f"{a}Conv{n}D": "filters" for a in ("", "Separable") for n in (1, 2, 3)}
WIDE |= {f"Conv{n}DTranspose": "filters" for n in (1, 2, 3)}
WIDE |= {f"ConvLSTM{n}D": "filters" for n in (1, 2, 3)}
WRAPPING = ("TimeDistributed", "Bidirectional")


def apply(change: core.ScaleWidth, setting: Setting) -> Setting:
    """The setting with wider or narrower hidden layers.

    Layers whose values are added to one another keep one width. So what is added to an input, an
    output or a frozen layer keeps the width it has.
    """
    if not 0 < change.factor < math.inf:
        raise core.CannotChange(f"a width can't be multiplied by {change.factor:g}")
    graph = graph_of(setting.model)
    groups = _grouped(graph)
    divisor = _divisor(graph)

    def scaled(width: int) -> int:
        least = math.gcd(width, divisor)
        return max(least, round(width * change.factor / least) * least)

    edits: dict[Any, Edit] = {}
    for place, step in enumerate(graph.steps):
        if not groups.free(place):
            continue
        inner = wide(step.layer)
        if inner is not None:
            width = _width(inner)
            if scaled(width) != width:
                edits[step.layer] = Edit(config=_config(step.layer, scaled(width)))
        elif step.kind == "Reshape":
            target = (*step.layer.target_shape[:-1], scaled(step.layer.target_shape[-1]))
            edits[step.layer] = Edit(config={"target_shape": target})
    if not any(wide(layer) is not None for layer in edits):
        raise core.CannotChange(
            "there is no hidden layer whose width can change: each is tied to an input, an output "
            "or a frozen layer"
        )
    return rebuilt(setting, edits)


def wide(layer: Any) -> Any:
    """The layer, or the one that it wraps, that chooses a width; None where there is none."""
    kind = type(layer).__name__
    if kind in WRAPPING:
        inner = getattr(layer, "forward_layer", None) or layer.layer
        return wide(inner)
    return layer if kind in WIDE else None


def _width(layer: Any) -> int:
    return int(getattr(layer, WIDE[type(layer).__name__]))


def _config(layer: Any, width: int) -> Mapping[str, Any]:
    kind = type(layer).__name__
    if kind not in WRAPPING:
        return {WIDE[kind]: width}
    whole = layer.get_config()
    changed = {}
    for key in ("layer", "backward_layer"):
        inner = whole.get(key)
        if inner:
            made = wide(layer)
            config = {**inner["config"], WIDE[type(made).__name__]: width}
            changed[key] = {**inner, "config": config}
    return changed


def _divisor(graph: Graph) -> int:
    """Widths stay multiples of it: the groups of convolutions and normalisations."""
    counts = [int(getattr(step.layer, "groups", 1) or 1) for step in graph.steps]
    return math.lcm(*(c for c in counts if c > 0))


class _Groups:
    """Steps whose widths go together, and which of them can't change (union and find)."""

    def __init__(self, count: int) -> None:
        self.parent = list(range(count))
        self.fixed = [False] * count

    def top(self, place: int) -> int:
        while self.parent[place] != place:
            place = self.parent[place]
        return place

    def tie(self, a: int, b: int) -> None:
        a, b = self.top(a), self.top(b)
        self.parent[b] = a
        self.fixed[a] = self.fixed[a] or self.fixed[b]

    def fix(self, place: int) -> None:
        self.fixed[self.top(place)] = True

    def free(self, place: int) -> bool:
        return not self.fixed[self.top(place)]


def _grouped(graph: Graph) -> _Groups:
    groups = _Groups(len(graph.steps))
    for place in (*graph.heads(), *graph.ends):
        groups.fix(place)
    for place, step in enumerate(graph.steps):
        chooses = wide(step.layer) is not None
        frozen = bool(getattr(step.layer, "weights", ())) and not step.layer.trainable
        if not step.sources or frozen or "Embedding" in step.kind:
            for tied in (place, *step.sources):
                groups.fix(tied)
        elif step.kind == "Reshape":
            _reshaped(groups.tie, groups.fix, place, step)
        elif not chooses and step.kind not in {"Concatenate", "Flatten"}:
            for source in step.sources:
                groups.tie(source, place)
        first, *others = graph.calls(step.layer)
        for other in others if first == place else ():
            groups.tie(first, other)
            for a, b in zip(step.sources, graph.steps[other].sources, strict=False):
                groups.tie(a, b)
    return groups


def _reshaped(
    tie: Callable[[int, int], None], fix: Callable[[int], None], place: int, step: Step
) -> None:
    """A vector given axes of size 1 keeps its width; other shapes fix what goes in."""
    target = tuple(step.layer.target_shape)
    plain = len(step.came) == 2 and target and target[-1] == step.came[-1]
    if plain and set(target[:-1]) <= {1}:
        tie(step.sources[0], place)
    else:
        fix(place)
        fix(step.sources[0])
