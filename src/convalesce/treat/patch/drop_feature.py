"""Tables without the column that gives the target away."""

from __future__ import annotations

import re

import libcst as cst

from convalesce.core.changes.data import DropFeature
from convalesce.treat.patch.source.calls import value
from convalesce.treat.patch.source.data import binds, training
from convalesce.treat.patch.source.draft import Draft
from convalesce.treat.patch.source.edit import NoFaithfulEdit
from convalesce.treat.patch.source.names import numpy
from convalesce.treat.patch.source.script import Script, dotted
from convalesce.treat.patch.source.splits import validation_pair
from convalesce.treat.patch.source.training import fit_call
from convalesce.treat.patch.source.values import number


def write(change: DropFeature, draft: Draft) -> None:
    """`np.delete` on every split, and an input that is one narrower."""
    script = draft.script
    fit = fit_call(script)
    found = re.fullmatch(r"feature (\d+)", change.where)
    column = found[1] if found else "…"
    snippet = f"x = np.delete(x, {column}, axis=1)  # in every split"
    if found is None:
        what = f"{change.where} is no column of a table"
        raise NoFaithfulEdit(what, snippet, script.line(fit))
    try:
        names = _tables(script, fit)
    except NoFaithfulEdit as why:
        raise NoFaithfulEdit(why.reason, snippet, why.line) from None
    ready = [binds(script, {name}, script.statement(fit)) for name in names]
    known = [r for r in ready if r is not None]
    if len(known) != len(names):
        what = "a split is not bound in front of fit"
        raise NoFaithfulEdit(what, snippet, script.line(fit))
    _narrow(draft, snippet)
    np = numpy(draft)
    parts = ", ".join(f"{np}.delete({name}, {column}, axis=1)" for name in names)
    draft.after(max(known, key=script.start), f"{', '.join(names)} = {parts}")


def _tables(script: Script, fit: cst.Call) -> list[str]:
    """Variables of all the inputs that the model is given."""
    given = [training(script).given_x]
    held = validation_pair(script)
    if held is not None:
        given.append(held[0])
    model = dotted(fit.func.value) if isinstance(fit.func, cst.Attribute) else ""
    for call in script.of(cst.Call):
        if dotted(call.func) in {f"{model}.evaluate", f"{model}.predict"}:
            x = value(script, call, "x")
            given += [x] if x is not None else []
    names: list[str] = []
    for expression in given:
        bare: cst.CSTNode = expression
        while isinstance(bare, cst.Subscript):
            bare = bare.value
        if not isinstance(bare, cst.Name):
            what = f"`{script.code(expression)}` is no table that the script names"
            raise NoFaithfulEdit(what, line=script.line(expression))
        names.append(bare.value)
    return list(dict.fromkeys(names))


def _narrow(draft: Draft, snippet: str) -> None:
    """One column fewer wherever the model is told the width."""
    script = draft.script
    model = script.facts.model
    if model is None or not model.input_shapes or len(model.input_shapes[0]) != 1:
        raise NoFaithfulEdit("the width of the input was not recorded", snippet)
    (width,) = model.input_shapes[0]
    for arg in script.of(cst.Arg):
        call = script.parent(arg)
        if not isinstance(call, cst.Call):
            continue
        name = arg.keyword.value if arg.keyword else ""
        of_input = script.called(call) == "Input" and name in {"", "shape"}
        if not of_input and name not in {"input_shape", "input_dim"}:
            continue
        part = arg.value
        if isinstance(part, cst.Tuple | cst.List) and len(part.elements) == 1:
            part = part.elements[0].value
        if width is not None and number(script, part) == width:
            draft.replace(part, str(width - 1))
