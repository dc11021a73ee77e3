"""Targets of mean 0 and deviation 1 for training; answers in the user's units."""

from __future__ import annotations

import libcst as cst

from convalesce.core.changes.data import StandardizeTargets
from convalesce.treat.patch.source.calls import value
from convalesce.treat.patch.source.data import split_share, training
from convalesce.treat.patch.source.draft import Draft
from convalesce.treat.patch.source.edit import NoFaithfulEdit
from convalesce.treat.patch.source.script import Script, dotted
from convalesce.treat.patch.source.training import fit_call

SNIPPET = """\
y_mean, y_std = y_train.mean(axis=0), y_train.std(axis=0)
# train and validate on (y - y_mean) / y_std; answers: model.predict(x) * y_std + y_mean"""


def write(change: StandardizeTargets, draft: Draft) -> None:  # noqa: ARG001 - as all writers
    """Scale what fit and evaluate are given; scale back what predict answers."""
    script = draft.script
    fit, arrays = fit_call(script), training(script)
    if arrays.consumer is not fit:
        raise NoFaithfulEdit("the targets go through a pipeline", line=script.line(fit))
    mean, std = draft.fresh("y_mean"), draft.fresh("y_std")
    share, y = split_share(script), arrays.y
    rows = f"{y}[:int(len({y}) * (1 - {share}))]" if share else y
    draft.before(script.statement(fit), f"{mean}, {std} = {rows}.mean(axis=0), {rows}.std(axis=0)")
    targets = [arrays.given_y]
    given = value(script, fit, "validation_data")
    if isinstance(given, cst.Tuple) and len(given.elements) >= 2:
        targets.append(given.elements[1].value)
    elif given is not None and script.code(given) != "None":
        what = "the validation targets are not written in the call of fit"
        raise NoFaithfulEdit(what, line=script.line(given))
    for call in _later(script, fit, "evaluate"):
        answers = value(script, call, "y")
        if answers is not None:
            targets.append(answers)
    for target in targets:
        draft.replace(target, f"({script.code(target)} - {mean}) / {std}")
    for call in _later(script, fit, "predict"):
        plain = isinstance(script.parent(call), cst.Assign)
        draft.insert(script.start(call), "" if plain else "(")
        draft.insert(script.end(call), f" * {std} + {mean}" + ("" if plain else ")"))


def _later(script: Script, fit: cst.Call, method: str) -> list[cst.Call]:
    """Calls of a method of the same model behind fit.

    Raises:
        NoFaithfulEdit: One is in a function that doesn't see the figures of the targets.
    """
    model = dotted(fit.func.value) if isinstance(fit.func, cst.Attribute) else ""
    calls = [
        c
        for c in script.of(cst.Call)
        if dotted(c.func) == f"{model}.{method}" and script.start(c) > script.end(fit)
    ]
    home = script.enclosing(fit, cst.FunctionDef)
    for call in calls:
        if home is not None and script.enclosing(call, cst.FunctionDef) is not home:
            raise NoFaithfulEdit(f"{method} is called elsewhere", line=script.line(call))
    return calls
