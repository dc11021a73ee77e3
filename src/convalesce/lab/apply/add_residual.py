"""Shortcuts around pairs of layers."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from convalesce import core
from convalesce.lab.graph import Graph, graph_of, is_recurrent
from convalesce.lab.setting import Setting
from convalesce.lab.surgery import Edit, rebuilt


def apply(change: core.AddResidual, setting: Setting) -> Setting:  # noqa: ARG001
    """The setting with a shortcut around every two hidden layers that follow one another.

    After He et al., *Deep Residual Learning for Image Recognition*, 2016: the identity where the
    shapes agree, a projection where only the widths differ, none where the map shrinks.
    """
    graph = graph_of(setting.model)
    edits = {end: Edit(around=begin) for begin, end in _blocks(graph)}
    if not edits:
        raise core.CannotChange(
            "no two hidden layers follow one another, on maps of the same size, without a shortcut"
        )
    return rebuilt(setting, edits)


def _blocks(graph: Graph) -> Iterator[tuple[Any, Any]]:
    """First layer of each pair, and the last that belongs to the second."""
    hidden, used = set(graph.hidden()), set[int]()
    for place in sorted(hidden):
        if place in used:
            continue
        after = _next(graph, place)
        if after is None or after not in hidden:
            continue
        end = (after, *graph.trail(after))[-1]
        first, last = graph.steps[place], graph.steps[end]
        within = {graph.steps[p].owner for p in (place, after, end)}
        straight = len(graph.readers(first.sources[0])) == 1 and not _varies(graph, place, after)
        if len(within) == 1 and straight and _fits(first.came, last.gave):
            used |= {place, after}
            yield first.layer, last.layer


def _next(graph: Graph, place: int) -> int | None:
    """The only step behind a layer and what belongs to it."""
    end = (place, *graph.trail(place))[-1]
    after = graph.readers(end)
    return after[0] if len(after) == 1 and end not in graph.ends else None


def _fits(came: tuple[int | None, ...], gave: tuple[int | None, ...]) -> bool:
    return len(came) == len(gave) and came[1:-1] == gave[1:-1] and None not in {came[-1], gave[-1]}


def _varies(graph: Graph, *places: int) -> bool:
    """A layer that is shared, recurrent or has its channels first."""
    steps = [graph.steps[p] for p in places]
    return any(
        len(graph.calls(s.layer)) > 1
        or is_recurrent(s.layer)
        or getattr(s.layer, "data_format", "") == "channels_first"
        for s in steps
    )
