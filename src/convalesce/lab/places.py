"""Which layers of a model a change means."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from convalesce import core
from convalesce.lab.graph import Graph, graph_of, opened, weighs
from convalesce.lab.setting import Setting


def leaves(model: Any) -> list[Any]:
    """Layers that hold no others, those of wrappers and of the user's own layers included."""
    held = model._flatten_layers(include_self=False)  # noqa: SLF001
    return [layer for layer in held if not _parts(layer)]


def named(model: Any, names: Iterable[str]) -> list[Any]:
    """The layers of these names or paths.

    Raises:
        core.CannotChange: There is none.
    """
    asked = tuple(names)
    held = list(model._flatten_layers(include_self=False))  # noqa: SLF001
    found = [layer for layer in held if _is(layer, asked)]
    if not found:
        raise core.CannotChange(f"the model has no layer named {' or '.join(asked)}")
    return found


def hidden(setting: Setting) -> list[Any]:
    """Layers with a kernel that give no output, in the order of calls.

    Those inside of layers of the user's own are among them.
    """
    model = setting.model
    last = {id(part) for layer in heads(setting) for part in layer._flatten_layers()}  # noqa: SLF001
    if opened(model) is None:
        return [layer for layer in leaves(model) if weighs(layer) and id(layer) not in last]
    found: list[Any] = []
    for step in graph_of(model).steps:
        own = hasattr(step.layer, "_flatten_layers") and not _is_keras(step.layer)
        parts = leaves(step.layer) if own and step.layer._layers else [step.layer]  # noqa: SLF001
        found += [part for part in parts if weighs(part) and id(part) not in last]
    return list(dict.fromkeys(found))


def heads(setting: Setting) -> list[Any]:
    """Layers whose width is that of an output.

    Of a model whose own code makes the calls: those that gave its outputs when it was observed,
    else the one that was made last.
    """
    model = setting.model
    if opened(model) is not None:
        graph = graph_of(model)
        return [graph.steps[place].layer for place in graph.heads()]
    seen = setting.original.recorded.get(core.MODEL)
    names = {output.layer for output in seen.outputs} if seen is not None else set()
    weighted = [layer for layer in leaves(model) if weighs(layer)]
    found = [layer for layer in weighted if layer.name in names]
    return found or weighted[-1:]


def called(model: Any, graph: Graph, names: Iterable[str]) -> list[Any]:
    """The layers of these names, or inside models of these names, that the graph calls.

    Raises:
        core.CannotChange: There is none, or the code of a layer around it makes the call.
    """
    asked = tuple(names)
    parts = {id(x) for layer in named(model, asked) for x in layer._flatten_layers()}  # noqa: SLF001
    found = [step.layer for step in graph.steps if id(step.layer) in parts]
    if not found:
        raise core.CannotChange(
            f"{', '.join(asked)}: inside of a layer whose own code calls what it holds"
        )
    return list(dict.fromkeys(found))


def _is(layer: Any, names: tuple[str, ...]) -> bool:
    path = str(getattr(layer, "path", None) or layer.name)
    return any(n in {layer.name, path} or path.endswith(f"/{n}") for n in names)


def _is_keras(layer: Any) -> bool:
    return type(layer).__module__.startswith("keras.")


def _parts(layer: Any) -> bool:
    """It holds layers that calls go through; an activation that is a layer does not count."""
    inner = [x for x in layer._layers if x is not getattr(layer, "activation", None)]  # noqa: SLF001
    return bool(inner)
