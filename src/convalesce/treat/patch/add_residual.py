"""Shortcuts around pairs of layers of functional code."""

from __future__ import annotations

from dataclasses import dataclass

import libcst as cst

from convalesce import core
from convalesce.core.changes.arch import AddResidual
from convalesce.treat.patch.source.draft import Draft
from convalesce.treat.patch.source.edit import NoFaithfulEdit
from convalesce.treat.patch.source.layers import all_layers, built, has_kernel, hidden
from convalesce.treat.patch.source.names import spell
from convalesce.treat.patch.source.places import place_of
from convalesce.treat.patch.source.script import Script, dotted

SNIPPET = """\
shortcut = h
h = layers.Dense(64, activation="relu")(h)
h = layers.Dense(64, activation="relu")(h)
h = layers.Add()([h, shortcut])"""


@dataclass(frozen=True, eq=False)
class Step:
    """`h = Layer(…)(h)`, on a line of its own."""

    layer: core.Layer
    statement: cst.BaseStatement
    variable: str
    call: cst.Call


def write(change: AddResidual, draft: Draft) -> None:  # noqa: ARG001 - as all writers
    """Around every two layers that keep the shape (He et al. 2016, section 3.2)."""
    script = draft.script
    model = script.facts.model
    if model is not None and model.style == "sequential":
        raise NoFaithfulEdit("a Sequential model has no branches; write it as a function")
    if model is not None and model.skips:
        raise NoFaithfulEdit("the model has shortcuts already")
    steps = [_step(script, layer) for layer in hidden(script)]
    pairs = _pairs(script, steps)
    if not pairs:
        raise NoFaithfulEdit("no two layers in a row keep the shape, each on its own line")
    for first, second in pairs:
        name = spell(draft, "keras.layers.Add", first.call)
        shortcut = "shortcut" if "shortcut" in draft.taken else draft.fresh("shortcut")
        draft.before(first.statement, f"{shortcut} = {first.variable}")
        end = _end(script, second)
        draft.after(end, f"{second.variable} = {name}()([{second.variable}, {shortcut}])")


def _pairs(script: Script, steps: list[Step | None]) -> list[tuple[Step, Step]]:
    out: list[tuple[Step, Step]] = []
    index = 0
    while index + 1 < len(steps):
        first, second = steps[index], steps[index + 1]
        fits = first is not None and second is not None and _fit(script, first, second)
        if fits and first is not None and second is not None:
            out.append((first, second))
        index += 2 if fits else 1
    return out


def _step(script: Script, layer: core.Layer) -> Step | None:
    try:
        (found,) = built(script, [layer])
        application = place_of(script, found.call)
        statement = script.statement(found.call)
    except NoFaithfulEdit:
        return None
    assign = script.parent(application.node)
    if application.how != "called" or not isinstance(assign, cst.Assign):
        return None
    call = application.node
    assert isinstance(call, cst.Call)  # noqa: S101 - what `called` says
    variable = dotted(assign.targets[0].target)
    argument = dotted(call.args[0].value) if len(call.args) == 1 else ""
    if application.holder is not None or not variable or variable != argument:
        return None
    return Step(layer, statement, variable, found.call)


def _fit(script: Script, first: Step, second: Step) -> bool:
    """The second follows the first, in one block, and gives back the first's input shape."""
    keeps = first.layer.input_shape and first.layer.input_shape == second.layer.output_shape
    together = script.parent(first.statement) is script.parent(second.statement)
    layers = all_layers(script)
    between = layers[layers.index(first.layer) + 1 : layers.index(second.layer)]
    plain = all(x.input_shape == x.output_shape and not has_kernel(x) for x in between)
    return bool(keeps) and together and plain and first.variable == second.variable


def _end(script: Script, second: Step) -> cst.BaseStatement:
    """The statement of the normalisation or activation behind the second layer, or its own."""
    block = list(script.block(second.statement))
    end = second.statement
    for each in block[block.index(end) + 1 :]:
        assign = each.body[0] if isinstance(each, cst.SimpleStatementLine) else None
        call = assign.value if isinstance(assign, cst.Assign) else None
        inner = call.func if isinstance(call, cst.Call) else None
        if not isinstance(inner, cst.Call) or not isinstance(each, cst.BaseStatement):
            break
        if script.called(inner) not in {"BatchNormalization", "Activation", "ReLU"}:
            break
        end = each
    return end
