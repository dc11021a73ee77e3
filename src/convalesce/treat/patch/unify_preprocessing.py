"""The steps that training goes through, for the other splits too."""

from __future__ import annotations

import re

import libcst as cst

from convalesce.core.changes.data import UnifyPreprocessing
from convalesce.treat.patch.source.data import bound_in, training
from convalesce.treat.patch.source.draft import Draft
from convalesce.treat.patch.source.edit import NoFaithfulEdit
from convalesce.treat.patch.source.script import Script
from convalesce.treat.patch.source.splits import validation_pair
from convalesce.treat.patch.source.training import fit_call

SNIPPET = """\
# layers in front of the model treat every split alike:
layers.Rescaling(1 / 255)  # or layers.Normalization(), adapted on the training split"""


def write(change: UnifyPreprocessing, draft: Draft) -> None:  # noqa: ARG001 - as all writers
    """A step that only one split goes through; a scaler that is fitted anew on validation."""
    script = draft.script
    fit, held = fit_call(script), validation_pair(script)
    train = training(script).given_x
    if held is None or not isinstance(train, cst.Name) or not isinstance(held[0], cst.Name):
        what = "the splits are not two variables whose steps could be compared"
        raise NoFaithfulEdit(what, line=script.line(fit))
    ours, theirs = train.value, held[0].value
    if not (_refitted(draft, theirs) or _missing(draft, ours, theirs)):
        what = f"no step is seen that {ours} goes through and {theirs} doesn't"
        raise NoFaithfulEdit(what, line=script.line(fit))


def _refitted(draft: Draft, theirs: str) -> bool:
    """`scaler.fit_transform(x_val)` becomes `scaler.transform(x_val)`."""
    script, done = draft.script, False
    for call in script.of(cst.Call):
        func = call.func
        if not isinstance(func, cst.Attribute) or func.attr.value != "fit_transform":
            continue
        if call.args and _mentions(script.code(call.args[0]), theirs):
            draft.replace(func.attr, "transform")
            done = True
    return done


def _missing(draft: Draft, ours: str, theirs: str) -> bool:
    """Repeat each step `x = f(x)` of training for the other split, right behind it."""
    script = draft.script
    steps = {name: _steps(script, name) for name in (ours, theirs)}
    said = [re.sub(rf"\b{theirs}\b", ours, script.code(s)) for s in steps[theirs]]
    bound = [s for s in script.tree.body if isinstance(s, cst.BaseStatement)]
    first = next((s for s in bound if theirs in set(bound_in(script, s))), None)
    missing = [s for s in steps[ours] if script.code(s) not in said]
    if first is None or not missing or len(said) > len(steps[ours]):
        return False
    for step in missing:
        read = len(re.findall(rf"\b{ours}\b", script.code(step).partition("=")[2]))
        if read != (0 if isinstance(_small(step), cst.AugAssign) else 1):
            what = "the step takes figures from the training split itself"
            raise NoFaithfulEdit(what, line=script.line(step))
        twin = re.sub(rf"\b{ours}\b", theirs, script.code(step))
        place = step if script.start(step) > script.start(first) else first
        draft.after(place, *twin.split("\n"))
    return True


def _steps(script: Script, name: str) -> list[cst.BaseStatement]:
    """Statements at the top of the file that make a variable anew from itself."""
    out: list[cst.BaseStatement] = []
    for statement in script.tree.body:
        small = _small(statement)
        step = isinstance(small, cst.AugAssign) and script.code(small.target) == name
        if isinstance(small, cst.Assign) and script.code(small.targets[0].target) == name:
            step = _mentions(script.code(small.value), name)
        if step and isinstance(statement, cst.SimpleStatementLine):
            out.append(statement)
    return out


def _small(statement: cst.CSTNode) -> cst.BaseSmallStatement | None:
    single = isinstance(statement, cst.SimpleStatementLine) and len(statement.body) == 1
    return statement.body[0] if single and isinstance(statement, cst.SimpleStatementLine) else None


def _mentions(code: str, name: str) -> bool:
    return re.search(rf"\b{name}\b", code) is not None
