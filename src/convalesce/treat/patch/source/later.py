"""What multiplies examples ahead of the split, moved behind it: for training alone."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

import libcst as cst

from convalesce.treat.patch.source.data import bound_in, training
from convalesce.treat.patch.source.draft import Draft
from convalesce.treat.patch.source.edit import NoFaithfulEdit
from convalesce.treat.patch.source.script import Script, renamed, sole

ORDERS = re.compile("shuffle|permut", re.IGNORECASE)  # multiplies nothing


@dataclass(frozen=True, eq=False)
class _Step:
    """A statement `x, y = f(x, y)`.

    Attributes:
        made: The variables that it binds, and `of` those that it reads for them.
    """

    statement: cst.BaseStatement
    call: cst.Call
    made: tuple[str, str]
    of: tuple[str, str]


def resample_later(draft: Draft) -> bool:
    """Move the last step `x, y = f(x, y)` ahead of the split behind it; False where none is seen.

    The split then cuts what the step read, and the step is done to the training part.
    """
    script = draft.script
    try:
        arrays = training(script)
    except NoFaithfulEdit:
        return False
    names = (script.code(arrays.given_x), script.code(arrays.given_y))
    body: list[cst.BaseStatement] = list(script.tree.body)
    split = [s for s in body if set(names) & set(bound_in(script, s))]
    if not split or not all(name.isidentifier() for name in names):
        return False
    step = _step_ahead(script, body[: body.index(split[0])], split)
    if step is None:
        return False
    unmade = dict(zip(step.made, step.of, strict=True))
    between = body[body.index(step.statement) + 1 : body.index(split[-1]) + 1]
    for statement in between:
        text = script.code(statement)
        other = renamed(text, unmade)
        if other != text:
            draft.replace(statement, other)
    call = renamed(script.code(step.call), dict(zip(step.of, names, strict=True)))
    draft.remove(step.statement)
    draft.after(split[-1], f"{', '.join(names)} = {call}")
    return True


def _step_ahead(
    script: Script, ahead: Sequence[cst.BaseStatement], split: Sequence[cst.BaseStatement]
) -> _Step | None:
    """The last statement that makes both arrays anew, where the split cuts what it made."""
    cuts = " ".join(script.code(s) for s in split)
    for statement in reversed(ahead):
        step = _step(script, statement)
        if step is not None and all(re.search(rf"\b{name}\b", cuts) for name in step.made):
            return step
    return None


def _step(script: Script, statement: cst.BaseStatement) -> _Step | None:
    assign = sole(statement)
    if not isinstance(assign, cst.Assign) or not isinstance(assign.value, cst.Call):
        return None
    if ORDERS.search(script.called(assign.value)):
        return None
    target, given = assign.targets[0].target, [a.value for a in assign.value.args if not a.keyword]
    if not isinstance(target, cst.Tuple) or len(target.elements) != 2 or len(given) < 2:
        return None
    made = [e.value for e in target.elements]
    if not all(isinstance(n, cst.Name) for n in (*made, *given[:2])):
        return None
    x, y, of_x, of_y = (script.code(n) for n in (*made, *given[:2]))
    return _Step(statement, assign.value, (x, y), (of_x, of_y))
