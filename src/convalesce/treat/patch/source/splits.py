"""Where training and validation are cut from the same arrays."""

from __future__ import annotations

from dataclasses import dataclass

import libcst as cst

from convalesce.treat.patch.source.calls import value
from convalesce.treat.patch.source.data import binds, latest, training
from convalesce.treat.patch.source.script import Script
from convalesce.treat.patch.source.training import fit_call
from convalesce.treat.patch.source.values import follow

CLASSES = frozenset({"class_index", "binary", "one_hot", "sign"})


@dataclass(frozen=True, eq=False)
class Cut:
    """Arrays that training is a slice of.

    Attributes:
        x: Variable of the whole inputs. So is `y`, of the targets.
        until: Text of the first row that is not for training.
        statement: The first statement that cuts.
    """

    x: str
    y: str
    until: str
    statement: cst.BaseStatement


def cut_of(script: Script) -> Cut | None:
    """The cut by slices of variables; None where the script has none."""
    arrays = training(script)
    written = written_pair(script)
    sliced = [_head(script, e) for e in written]
    if sliced[0] is None or sliced[1] is None:
        return None
    (x, until), (y, _) = sliced[0], sliced[1]
    places = [script.statement(e) for e in (*written, arrays.given_x)]
    first = min(places, key=script.start)
    return Cut(x, y, until, first)


def written_pair(script: Script) -> tuple[cst.BaseExpression, cst.BaseExpression]:
    """The expressions that the training arrays were last assigned."""
    arrays = training(script)
    return unpacked(script, arrays.given_x), unpacked(script, arrays.given_y)


def unpacked(script: Script, expression: cst.BaseExpression) -> cst.BaseExpression:
    """What a name was last assigned, by itself or as part of `a, b = …, …`."""
    found = latest(script, expression)
    if not isinstance(found, cst.Name):
        return found
    here, out = script.start(expression), found
    for assign in script.of(cst.Assign):
        target, values = assign.targets[0].target, assign.value
        if script.end(assign) > here or not isinstance(target, cst.Tuple):
            continue
        names = [script.code(e.value) for e in target.elements]
        if found.value in names:
            same = isinstance(values, cst.Tuple) and len(values.elements) == len(names)
            if same and isinstance(values, cst.Tuple):
                return values.elements[names.index(found.value)].value
            return values
    return out


def validation_pair(script: Script) -> tuple[cst.BaseExpression, cst.BaseExpression] | None:
    """The expressions that fit validates on; None where they aren't a pair in the script."""
    given = value(script, fit_call(script), "validation_data")
    pair = follow(script, given) if given is not None else None
    if isinstance(pair, cst.Tuple) and len(pair.elements) == 2:
        return pair.elements[0].value, pair.elements[1].value
    return None


def ready(script: Script, names: set[str], before: cst.BaseStatement) -> cst.BaseStatement | None:
    """The statement behind which all the names hold their data."""
    return binds(script, names, before)


def classes(script: Script) -> bool:
    """The targets are one class an example, each class with two examples at least."""
    train = script.facts.train
    if train is None or len(train.targets) != 1 or train.targets[0].form not in CLASSES:
        return False
    return all(n != 1 for n in train.targets[0].counts)


def _head(script: Script, expression: cst.BaseExpression) -> tuple[str, str] | None:
    """Variable and end of `name[:end]`."""
    if not isinstance(expression, cst.Subscript) or not isinstance(expression.value, cst.Name):
        return None
    part = expression.slice[0].slice
    if len(expression.slice) != 1 or not isinstance(part, cst.Slice):
        return None
    if part.upper is None or part.step is not None:
        return None
    if part.lower is not None and script.code(part.lower) != "0":
        return None
    return expression.value.value, script.code(part.upper)
