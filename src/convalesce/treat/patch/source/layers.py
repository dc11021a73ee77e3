"""The calls that build layers, found by the line where each was built."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import libcst as cst

from convalesce import core
from convalesce.treat.patch.source.edit import NoFaithfulEdit
from convalesce.treat.patch.source.script import Script

KERNELS = ("Conv", "Dense", "Separable", "Depthwise", "LSTM", "GRU", "SimpleRNN")
ACTIVATIONS = frozenset({"Activation", "ReLU", "LeakyReLU", "ELU", "PReLU", "Softmax"})


@dataclass(frozen=True, eq=False)
class Built:
    """A call that builds layers: one, or in a loop or a helper function several.

    Attributes:
        layers: All layers of the model that it builds.
    """

    call: cst.Call
    layers: tuple[core.Layer, ...]

    @property
    def layer(self) -> core.Layer:
        """The first one; they differ in name and shape only."""
        return self.layers[0]


def model_of(script: Script) -> core.Model:
    """The model that was read.

    Raises:
        NoFaithfulEdit: None was.
    """
    if script.facts.model is None or not script.facts.model.layers:
        raise NoFaithfulEdit("the layers of the model were not recorded")
    return script.facts.model


def all_layers(script: Script) -> tuple[core.Layer, ...]:
    """The model's layers, in the order of calls."""
    return model_of(script).layers


def named(script: Script, names: Iterable[str]) -> list[core.Layer]:
    """The layers of these names (or paths), in the order of calls.

    Raises:
        NoFaithfulEdit: The model has none of one name.
    """
    wanted = set(names)
    found = [x for x in all_layers(script) if x.name in wanted or x.path in wanted]
    for name in sorted(wanted - {x.name for x in found} - {x.path for x in found}):
        raise NoFaithfulEdit(f"the model has no layer {name}")
    return found


def has_kernel(layer: core.Layer) -> bool:
    """Convolutions, dense and recurrent layers."""
    return layer.kind.startswith(KERNELS)


def last(script: Script, name: str = "") -> core.Layer:
    """The layer with a kernel that makes the only output, or that of this name.

    Raises:
        NoFaithfulEdit: There are several outputs, or none is known.
    """
    model = model_of(script)
    if len(model.outputs) > 1:
        if named := [x for x in model.layers if x.name == name and has_kernel(x)]:
            return named[0]
        raise NoFaithfulEdit(f"the model has {len(model.outputs)} outputs")
    kernels = [x for x in model.layers if has_kernel(x)]
    if not kernels:
        raise NoFaithfulEdit("no layer of the model has a kernel")
    return kernels[-1]


def hidden(script: Script) -> list[core.Layer]:
    """Layers with a kernel, without the one that makes the output."""
    end = last(script)
    return [x for x in all_layers(script) if has_kernel(x) and x is not end]


def built(script: Script, layers: Sequence[core.Layer], snippet: str = "") -> list[Built]:
    """The calls that build these layers, each once.

    Args:
        script: The user's.
        layers: Those to change, of the model that was read.
        snippet: What to write by hand where there is no call to edit.

    Raises:
        NoFaithfulEdit: A call is not found, or it also builds layers that aren't meant.
    """
    out: list[Built] = []
    for layer in layers:
        try:
            found = _built(script, layer)
        except NoFaithfulEdit as missing:
            line = missing.line
            raise NoFaithfulEdit(missing.reason, missing.snippet or snippet, line) from None
        others = [x.name for x in found.layers if x not in layers]
        if others:
            raise NoFaithfulEdit(
                f"this line builds {', '.join(others[:4])} too, which shall stay",
                snippet,
                script.line(found.call),
            )
        if not any(found.call is known.call for known in out):
            out.append(found)
    return out


def _built(script: Script, layer: core.Layer) -> Built:
    line = script.line_of(layer.site, f"where {layer.name} is built")
    alike = [
        x
        for x in all_layers(script)
        if x.kind == layer.kind and x.site is not None and x.site == layer.site
    ]
    calls = [c for c in script.of(cst.Call) if _is_at(script, c, line, layer.kind)]
    calls.sort(key=lambda c: _order(script, c))
    if not calls:
        what = f"line {line} doesn't call {layer.kind}, which builds {layer.name}"
        raise NoFaithfulEdit(what, line=line)
    if len(alike) % len(calls):
        what = f"line {line} builds {len(alike)} layers by {len(calls)} calls of {layer.kind}"
        raise NoFaithfulEdit(what, line=line)
    mine = alike.index(layer) % len(calls)
    return Built(calls[mine], tuple(alike[mine :: len(calls)]))


def _is_at(script: Script, call: cst.Call, line: int, kind: str) -> bool:
    if script.called(call) != kind:
        return False
    return script.line(call) == line or script.line_at(script.end(call.func) - 1) == line


def _order(script: Script, call: cst.Call) -> int:
    """When its layer is applied: an inner call before the outer one."""
    outer = script.parent(call)
    applied = isinstance(outer, cst.Call) and outer.func is call
    return script.end(outer if applied else call)
