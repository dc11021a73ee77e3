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
from convalesce.treat.patch.source.script import Script, dotted
from convalesce.treat.patch.source.values import assignments, reads

SHAPES = ("input_shape", "batch_input_shape", "batch_shape", "input_dim")


@dataclass(frozen=True, eq=False)
class Front:
    """The way in: at the first layer, or where that one is built in a loop, at the Input.

    Attributes:
        call: What builds the first layer; None at the Input.
        place: Where that layer is used; None at the Input.
        inputs: The variable that holds the Input; None at the layer.
        shape: Text of the argument that tells the model's input shape, which moves to a layer
            put in front; empty where an Input does.
    """

    call: cst.Call | None = None
    place: Place | None = None
    inputs: cst.Name | None = None
    shape: str = ""

    def statement(self, script: Script) -> cst.BaseStatement:
        """Ahead of which (behind which, at the Input) a new layer goes."""
        node = self.place.node if self.place is not None else self.inputs
        return script.statement(node if node is not None else script.tree)


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
    try:
        (found,) = built(script, [first], snippet)
        place = place_of(script, found.call)
    except NoFaithfulEdit:
        inputs = _input(script)
        if inputs is None:
            raise
        return Front(inputs=inputs)
    shape = ""
    for name in SHAPES:
        given = value(script, found.call, name)
        if given is not None:
            text = script.code(given)
            shape = f"input_shape=({text},)" if name == "input_dim" else f"{name}={text}"
            drop_argument(draft, found.call, name)
            break
    return Front(found.call, place, shape=shape)


def layer_text(draft: Draft, into: Front, kind: str, *arguments: str) -> str:
    """The call that builds a layer which goes in front."""
    given = [a for a in (*arguments, into.shape) if a]
    return f"{spell(draft, f'keras.layers.{kind}', into.call)}({', '.join(given)})"


def put_in_front(draft: Draft, into: Front, layers: Sequence[str], name: str) -> None:
    """Put layers there, for all branches that read the input."""
    script, place = draft.script, into.place
    if place is None:
        if into.inputs is not None:
            _behind_input(draft, into.inputs, layers, name)
        return
    call = place.node
    argument = call.args[0].value if isinstance(call, cst.Call) and call.args else None
    if place.how == "called" and place.holder is None and isinstance(argument, cst.Name):
        bound = assignments(script, argument)
        target = bound[0].node if len(bound) == 1 else None
        if isinstance(target, cst.Name) and len(_readers(script, target)) > 1:
            _behind_input(draft, target, layers, name)
            return
    put_ahead(draft, place, layers, name)


def _input(script: Script) -> cst.Name | None:
    """The variable that the only Input is assigned to."""
    calls = [c for c in script.of(cst.Call) if script.called(c) == "Input"]
    assign = script.parent(calls[0]) if len(calls) == 1 else None
    target = assign.targets[0].target if isinstance(assign, cst.Assign) else None
    if not isinstance(target, cst.Name) or len(assignments(script, target)) != 1:
        return None
    return target


def _behind_input(draft: Draft, target: cst.Name, layers: Sequence[str], name: str) -> None:
    """Apply the layers to the input, and let all that read it read the outcome."""
    script = draft.script
    scaled = draft.fresh("augmented" if name == "augment" else f"{name}d")
    lines = [f"{scaled} = {layers[0]}({target.value})"]
    lines += [f"{scaled} = {layer}({scaled})" for layer in layers[1:]]
    draft.after(script.statement(target), *lines)
    for reader in _readers(script, target):
        draft.replace(reader, scaled)


def _readers(script: Script, target: cst.Name) -> list[cst.CSTNode]:
    """The places that read the input, without those that tell `keras.Model` of it."""
    classes = _model_classes(script)
    return [
        node
        for bound in assignments(script, target)
        for node in reads(bound)
        if not _names_inputs(script, node, classes)
    ]


def _names_inputs(script: Script, node: cst.CSTNode, classes: set[str]) -> bool:
    """It tells `keras.Model`, or a model class of the script, what the inputs are."""
    call = script.enclosing(node, cst.Call)
    return call is not None and script.called(call) in classes


def _model_classes(script: Script) -> set[str]:
    """Keras's, and those that the script derives from them."""
    found = {"Model", "Functional"}
    for made in script.of(cst.ClassDef):  # a class stands behind what it derives from
        if any(dotted(base.value).rpartition(".")[2] in found for base in made.bases):
            found.add(made.name.value)
    return found
