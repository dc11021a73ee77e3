"""The way into the model: where a layer goes that all data shall pass first."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import libcst as cst

from convalesce.treat.patch.source.calls import drop_argument, value
from convalesce.treat.patch.source.draft import Draft
from convalesce.treat.patch.source.edit import NoFaithfulEdit
from convalesce.treat.patch.source.layers import all_layers, built, model_of
from convalesce.treat.patch.source.names import spell
from convalesce.treat.patch.source.places import Place, place_of, put_ahead
from convalesce.treat.patch.source.values import assignments, reads

SHAPES = ("input_shape", "batch_input_shape", "batch_shape", "input_dim")


@dataclass(frozen=True, eq=False)
class Front:
    """The first layer of the model.

    Attributes:
        call: What builds it.
        shape: Text of the argument that tells the model's input shape, which moves to a layer
            put in front; empty where an Input does.
    """

    call: cst.Call
    place: Place
    shape: str


def front(draft: Draft, snippet: str) -> Front:
    """The only way in.

    Raises:
        NoFaithfulEdit: There are several inputs, or tokens go in.
    """
    script = draft.script
    model, first = model_of(script), all_layers(script)[0]
    if len(model.input_shapes) > 1:
        raise NoFaithfulEdit(f"the model has {len(model.input_shapes)} inputs", snippet)
    if first.kind in {"Embedding", "TextVectorization", "StringLookup", "IntegerLookup"}:
        raise NoFaithfulEdit(f"the model starts with {first.kind}, which takes no figures", snippet)
    (found,) = built(script, [first], snippet)
    shape = ""
    for name in SHAPES:
        given = value(script, found.call, name)
        if given is not None:
            text = script.code(given)
            shape = f"input_shape=({text},)" if name == "input_dim" else f"{name}={text}"
            drop_argument(draft, found.call, name)
            break
    return Front(found.call, place_of(script, found.call), shape)


def layer_text(draft: Draft, into: Front, kind: str, *arguments: str) -> str:
    """The call that builds a layer which goes in front."""
    given = [a for a in (*arguments, into.shape) if a]
    return f"{spell(draft, f'keras.layers.{kind}', into.call)}({', '.join(given)})"


def put_in_front(draft: Draft, into: Front, layers: Sequence[str], name: str) -> None:
    """Put layers there, for all branches that read the input."""
    script, place = draft.script, into.place
    call = place.node
    argument = call.args[0].value if isinstance(call, cst.Call) and call.args else None
    if place.how != "called" or place.holder is not None or not isinstance(argument, cst.Name):
        put_ahead(draft, place, layers, name)
        return
    bound = assignments(script, argument)
    readers = [n for a in bound for n in reads(a) if not _names_inputs(draft, n)]
    if len(readers) <= 1 or len(bound) != 1:
        put_ahead(draft, place, layers, name)
        return
    scaled = draft.fresh(name)
    lines = [f"{scaled} = {layers[0]}({argument.value})"]
    lines += [f"{scaled} = {layer}({scaled})" for layer in layers[1:]]
    draft.after(script.statement(bound[0].node), *lines)
    for reader in readers:
        draft.replace(reader, scaled)


def _names_inputs(draft: Draft, node: cst.CSTNode) -> bool:
    """It tells `keras.Model` what the inputs are."""
    call = draft.script.enclosing(node, cst.Call)
    return call is not None and draft.script.called(call) in {"Model", "Functional"}
