"""Labels written in the form that output and loss ask for."""

from __future__ import annotations

import re
from collections.abc import Callable

import libcst as cst

from convalesce.core.changes.data import RepairLabels
from convalesce.treat.patch.source.calls import value
from convalesce.treat.patch.source.data import binds, training
from convalesce.treat.patch.source.draft import Draft
from convalesce.treat.patch.source.edit import NoFaithfulEdit
from convalesce.treat.patch.source.names import numpy
from convalesce.treat.patch.source.script import Script, dotted
from convalesce.treat.patch.source.splits import validation_pair
from convalesce.treat.patch.source.training import fit_call
from convalesce.treat.patch.source.values import quoted

NUMBER = r"(-?[\d.]+(?:e[+-]?\d+)?)"


def write(change: RepairLabels, draft: Draft) -> None:
    """What the sentence says in figures; anything else is for the user to look at."""
    script = draft.script
    snippet = f"# {change.how}"
    made = _transform(draft, change.how)
    line = script.line(fit_call(script))
    if made is None:
        raise NoFaithfulEdit("which labels are right is not in the script", snippet, line)
    try:
        names = _labels(script)
    except NoFaithfulEdit as why:
        raise NoFaithfulEdit(why.reason, snippet, why.line) from None
    fit = script.statement(fit_call(script))
    ready = {name: binds(script, {name}, fit) for name in names}
    if None in ready.values():
        raise NoFaithfulEdit("labels are not bound in front of fit", snippet, line)
    lines, expressions = made(list(names))
    changed = {n: e for n, e in expressions.items() if n != e}
    last = max((r for r in ready.values() if r is not None), key=script.start)
    draft.after(last, *lines, f"{', '.join(changed)} = {', '.join(changed.values())}")


Made = Callable[[list[str]], tuple[list[str], dict[str, str]]]


# What a sentence says, and what a variable becomes: {n} is its name, {0} and {1} the figures.
RULES = (
    (rf"take {NUMBER} off each", "{n} - {0}"),
    (rf"add {NUMBER} to each", "{n} + {0}"),
    (r"divide the targets by (\d+)", "{n} / {0}"),
    (rf".*0 and 1 \(they are {NUMBER} and {NUMBER}\)", '({n} == {1}).astype("float32")'),
)


def _transform(draft: Draft, how: str) -> Made | None:
    """What each variable of labels becomes, with lines that must come first."""
    script = draft.script
    for pattern, template in RULES:
        found = re.match(pattern, how)
        if found is not None:
            return _by(template.replace('"float32"', quoted(script, "float32")), found.groups())
    if re.match(r"number the classes (?:0 to \d+:|from 0 to \d+$)", how):
        np, classes = numpy(draft), draft.fresh("classes")
        return lambda names: (
            [f"{classes} = {np}.unique({names[0]})"],
            {n: f"{np}.searchsorted({classes}, {n})" for n in names},
        )
    if how.startswith("number the classes of both splits from 0"):
        return _from_zero(script)
    return None


def _by(template: str, figures: tuple[str, ...]) -> Made:
    return lambda names: ([], {n: template.format(*figures, n=n) for n in names})


def _from_zero(script: Script) -> Made | None:
    """Take the lowest class number off the split that doesn't start from 0."""
    facts = script.facts
    splits = [s for s in (facts.train, facts.validation) if s is not None and s.targets]
    if len(splits) != 2:
        return None
    lowest = [s.targets[0].minimum for s in splits]

    def made(names: list[str]) -> tuple[list[str], dict[str, str]]:
        pairs = zip(names, lowest, strict=False)
        return [], {n: f"{n} - {low:g}" if low else n for n, low in pairs}

    return made


def _labels(script: Script) -> dict[str, None]:
    """Variables of all labels that the model meets, those of training first."""
    fit = fit_call(script)
    given = [training(script).given_y]
    held = validation_pair(script)
    if held is not None:
        given.append(held[1])
    model = dotted(fit.func.value) if isinstance(fit.func, cst.Attribute) else ""
    for call in script.of(cst.Call):
        if dotted(call.func) == f"{model}.evaluate":
            y = value(script, call, "y")
            given += [y] if y is not None else []
    names: dict[str, None] = {}
    for expression in given:
        bare: cst.CSTNode = expression
        while isinstance(bare, cst.Subscript):
            bare = bare.value
        if not isinstance(bare, cst.Name):
            what = f"`{script.code(expression)}` is no array that the script names"
            raise NoFaithfulEdit(what, line=script.line(expression))
        names[bare.value] = None
    return names
