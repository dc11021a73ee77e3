"""Where a layer stands in the model, and how another one gets in front of it or behind it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import libcst as cst

from convalesce.treat.patch.source.calls import ahead, behind, take_out
from convalesce.treat.patch.source.draft import Draft
from convalesce.treat.patch.source.edit import NoFaithfulEdit
from convalesce.treat.patch.source.script import Script, dotted
from convalesce.treat.patch.source.values import assignments, reads

WRAPPERS = frozenset({"Bidirectional", "TimeDistributed"})


@dataclass(frozen=True, eq=False)
class Place:
    """Where a layer is used.

    Attributes:
        how: An element of a list of layers, added to a Sequential model, or called on a tensor.
        node: That element, that call of `add`, that call of the layer.
        holder: The assignment to an attribute or variable in between; None where there is none.
    """

    how: Literal["element", "added", "called"]
    node: cst.CSTNode
    holder: cst.Assign | None = None


def place_of(script: Script, call: cst.Call) -> Place:
    """Where the layer that a call builds is used.

    Raises:
        NoFaithfulEdit: At no place of these forms, or at several.
    """
    found = _use(script, call)
    if found is not None:
        return found
    outer, parent = script.parent(call), script.parent(script.parent(call))
    wrapped = isinstance(outer, cst.Arg) and isinstance(parent, cst.Call)
    if wrapped and isinstance(parent, cst.Call) and script.called(parent) in WRAPPERS:
        return place_of(script, parent)
    if isinstance(outer, cst.Assign) and len(outer.targets) == 1:
        uses = [_use(script, u) for u in _reads(script, outer)]
        if len(uses) == 1 and uses[0] is not None:
            return Place(uses[0].how, uses[0].node, outer)
        what = f"`{script.code(outer.targets[0])}` is used at {len(uses)} places"
        raise NoFaithfulEdit(what, line=script.line(call))
    what = f"it is open where `{script.code(call)}` goes into the model"
    raise NoFaithfulEdit(what, line=script.line(call))


def put_behind(draft: Draft, place: Place, layer: str, name: str) -> None:
    """Put a layer behind one.

    Args:
        draft: Takes the edit.
        place: Of the layer that is there.
        layer: The text that builds the new one.
        name: What to call it where it needs a name.
    """
    if isinstance(place.node, cst.Element):
        elements, close = _list(draft.script, place.node)
        behind(draft, elements, elements.index(place.node), close, layer)
    elif place.how == "added":
        statement = draft.script.statement(place.node)
        draft.after(statement, f"{_receiver(place)}.add({layer})")
    else:
        _apply_behind(draft, place, _held(draft, place, layer, name))


def put_ahead(draft: Draft, place: Place, layers: Sequence[str], name: str) -> None:
    """Put layers in front of one, the first one first; arguments are those of `put_behind`."""
    if isinstance(place.node, cst.Element):
        elements, _ = _list(draft.script, place.node)
        for layer in layers:
            ahead(draft, elements, elements.index(place.node), layer)
    elif place.how == "added":
        statement = draft.script.statement(place.node)
        draft.before(statement, *(f"{_receiver(place)}.add({layer})" for layer in layers))
    else:
        _apply_ahead(draft, place, [_held(draft, place, layer, name) for layer in layers])


def take_away(draft: Draft, place: Place) -> None:
    """Take a layer out of the model."""
    script, holder = draft.script, place.holder
    if isinstance(place.node, cst.Element):
        elements, _ = _list(script, place.node)
        take_out(draft, elements, elements.index(place.node))
    elif place.how == "added":
        _remove(draft, script.statement(place.node))
    else:
        application, argument = _application(script, place)
        target = _target(script, application)
        if target and target == script.code(argument):
            _remove(draft, script.statement(application))
        else:
            draft.replace(application, script.code(argument))
    if holder is not None:
        _remove(draft, script.statement(holder))


def _use(script: Script, node: cst.CSTNode) -> Place | None:
    """How the parent of an expression uses a layer; None where it is no use of a layer."""
    parent = script.parent(node)
    if isinstance(parent, cst.Element) and isinstance(script.parent(parent), cst.List | cst.Tuple):
        return Place("element", parent)
    if isinstance(parent, cst.Call) and parent.func is node:
        return Place("called", parent)
    outer = script.parent(parent)
    if not isinstance(parent, cst.Arg) or not isinstance(outer, cst.Call):
        return None
    adds = isinstance(outer.func, cst.Attribute) and outer.func.attr.value == "add"
    return Place("added", outer) if adds else None


def _reads(script: Script, assign: cst.Assign) -> list[cst.CSTNode]:
    """The places that read what is assigned to a name or to an attribute of self."""
    target = assign.targets[0].target
    if isinstance(target, cst.Name):
        bound = [a for a in assignments(script, target) if a.node is target]
        return [node for a in bound for node in reads(a)]
    text, owner = dotted(target), script.enclosing(assign, cst.ClassDef)
    if owner is None or not text.startswith("self."):
        return []
    return [
        node
        for node in script.of(cst.Attribute)
        if dotted(node) == text and node is not target and owner in script.ancestors(node)
    ]


def _list(script: Script, element: cst.Element) -> tuple[list[cst.BaseElement], int]:
    literal = script.parent(element)
    assert isinstance(literal, cst.List | cst.Tuple)  # noqa: S101 - how elements are found
    close = script.end(literal) - (1 if isinstance(literal, cst.List) else 0)
    return list(literal.elements), close


def _receiver(place: Place) -> str:
    assert isinstance(place.node, cst.Call)  # noqa: S101 - how `add` is found
    assert isinstance(place.node.func, cst.Attribute)  # noqa: S101
    return dotted(place.node.func.value)


def _application(script: Script, place: Place) -> tuple[cst.Call, cst.BaseExpression]:
    """The call of a layer, and the tensor that it is called on."""
    call = place.node
    if isinstance(call, cst.Call) and call.args and not call.args[0].star:
        return call, call.args[0].value
    what = "it is open which tensor the layer is called on"
    raise NoFaithfulEdit(what, line=script.line(call))


def _target(script: Script, application: cst.Call) -> str:
    """The variable that a statement assigns the call's value to; empty for anything else."""
    assign = script.parent(application)
    if isinstance(assign, cst.Assign) and len(assign.targets) == 1:
        target = assign.targets[0].target
        return target.value if isinstance(target, cst.Name) else ""
    return ""


def _apply_behind(draft: Draft, place: Place, layer: str) -> None:
    application, _ = _application(draft.script, place)
    target = _target(draft.script, application)
    if target:
        draft.after(draft.script.statement(application), f"{target} = {layer}({target})")
        return
    draft.insert(draft.script.start(application), f"{layer}(")
    draft.insert(draft.script.end(application), ")")


def _apply_ahead(draft: Draft, place: Place, layers: Sequence[str]) -> None:
    script = draft.script
    application, argument = _application(script, place)
    target, text = _target(script, application), script.code(argument)
    same = bool(target) and target == text
    if isinstance(argument, cst.Name) and (same or target or _last_read(script, argument)):
        variable = target if target and not _last_read(script, argument) else text
        lines = [f"{variable} = {layers[0]}({text})"]
        lines += [f"{variable} = {layer}({variable})" for layer in layers[1:]]
        draft.before(script.statement(application), *lines)
        draft.replace(argument, variable)
        return
    for layer in reversed(layers):
        draft.insert(script.start(argument), f"{layer}(")
        draft.insert(script.end(argument), ")")


def _last_read(script: Script, name: cst.Name) -> bool:
    """Nothing behind this place reads the variable before it is assigned anew."""
    here = script.statement(name)
    home = script.enclosing(name, cst.FunctionDef)
    read = [n for a in assignments(script, name) for n in reads(a) if n is not name]
    if not assignments(script, name) or script.enclosing(name, cst.For) is not None:
        return False
    if any(script.enclosing(n, cst.FunctionDef) is not home for n in read):
        return False
    start, end = script.start(here), len(script.text)
    for statement in script.block(here):
        anew = _rebinds(statement, name.value)
        if script.start(statement) > start and anew:
            end = script.end(statement)
            break
    return not any(start <= script.start(n) < end for n in read)


def _rebinds(statement: cst.CSTNode, name: str) -> bool:
    """`name = …`, on a line of its own."""
    small = statement.body if isinstance(statement, cst.SimpleStatementLine) else ()
    return any(isinstance(s, cst.Assign) and dotted(s.targets[0].target) == name for s in small)


def _held(draft: Draft, place: Place, layer: str, name: str) -> str:
    """The text that applies a new layer: the layer itself, or the attribute that holds it."""
    if place.holder is None:
        return layer
    script, target = draft.script, place.holder.targets[0].target
    held = ("" if isinstance(target, cst.Name) else "self.") + draft.fresh(name)
    draft.after(script.statement(place.holder), f"{held} = {layer}")
    return held


def _remove(draft: Draft, statement: cst.BaseStatement) -> None:
    if len(draft.script.block(statement)) > 1:
        draft.remove(statement)
    else:
        draft.replace(statement, "pass")
