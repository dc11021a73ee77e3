"""The arrays that fit trains on and validates on, and where lines about them go."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import libcst as cst

from convalesce.treat.patch.source.calls import argument, drop_argument, set_argument, value
from convalesce.treat.patch.source.draft import Draft
from convalesce.treat.patch.source.edit import NoFaithfulEdit
from convalesce.treat.patch.source.names import numpy
from convalesce.treat.patch.source.script import Script, dotted
from convalesce.treat.patch.source.training import fit_call
from convalesce.treat.patch.source.values import follow

PARTS = frozenset({"take", "skip", "shard", "filter"})

GENERATOR = "ImageDataGenerator"


@dataclass(frozen=True, eq=False)
class Arrays:
    """Inputs and targets of one split.

    Attributes:
        x: How the script writes the inputs. So is `y`, the targets.
        given_x: The expression in the call that consumes them. So is `given_y`.
        consumer: `fit`, or `from_tensor_slices`.
    """

    x: str
    y: str
    given_x: cst.BaseExpression
    given_y: cst.BaseExpression
    consumer: cst.Call


def training(script: Script) -> Arrays:
    """The training arrays, those behind a tf.data pipeline included.

    Raises:
        NoFaithfulEdit: Training is on something else.
    """
    fit = fit_call(script)
    x, y = value(script, fit, "x"), value(script, fit, "y")
    if x is None:
        raise NoFaithfulEdit("fit is given no data", line=script.line(fit))
    if y is not None and script.code(y) != "None":
        if isinstance(x, cst.Dict | cst.List | cst.Tuple):
            raise NoFaithfulEdit("the model has several inputs", line=script.line(fit))
        return Arrays(script.code(x), script.code(y), x, y, fit)
    calls = pipeline(script, x)
    part = next((c for c in calls if script.called(c) in PARTS), None)
    if part is not None:
        what = f"`{script.called(part)}` leaves only part of the arrays for training"
        raise NoFaithfulEdit(what, line=script.line(part))
    sliced = slices(script, calls)
    if sliced is not None:
        return sliced
    what = f"`{script.code(x)}` isn't made of arrays that the script shows"
    raise NoFaithfulEdit(what, line=script.line(fit))


def slices(script: Script, calls: Sequence[cst.Call]) -> Arrays | None:
    """The pair that the calls of a pipeline take their slices of; None where there is none."""
    for call in calls:
        if script.called(call) == "from_tensor_slices" and call.args:
            pair = follow(script, call.args[0].value)
            if isinstance(pair, cst.Tuple) and len(pair.elements) == 2:
                a, b = (e.value for e in pair.elements)
                return Arrays(script.code(a), script.code(b), a, b, call)
    return None


def pipeline(script: Script, expression: cst.BaseExpression) -> list[cst.Call]:
    """The chained calls that make a dataset, the last one first."""
    out: list[cst.Call] = []
    expression = latest(script, expression)
    while isinstance(expression, cst.Call) and isinstance(expression.func, cst.Attribute):
        out.append(expression)
        expression = latest(script, expression.func.value)
    return out


def image_generator(script: Script, flow: cst.BaseExpression) -> cst.Call | None:
    """The `ImageDataGenerator(…)` that an iterator was taken from; None for other data."""
    calls = pipeline(script, flow)
    receiver = calls[-1].func if calls else None
    made = latest(script, receiver.value) if isinstance(receiver, cst.Attribute) else None
    found = [*calls, *([made] if isinstance(made, cst.Call) else [])]
    return next((call for call in found if script.called(call) == GENERATOR), None)


def latest(script: Script, expression: cst.BaseExpression) -> cst.BaseExpression:
    """What a variable holds here: the value last assigned to it in front of this place."""
    followed = follow(script, expression)
    if not isinstance(followed, cst.Name):
        return followed
    here = script.start(expression)
    found: cst.BaseExpression = followed
    for assign in script.of(cst.Assign):
        if script.end(assign) <= here and dotted(assign.targets[0].target) == followed.value:
            found = assign.value
    return found


def validation(script: Script) -> tuple[str, str] | None:
    """Inputs and targets of the validation arrays as written; None where there are none."""
    given = value(script, fit_call(script), "validation_data")
    pair = follow(script, given) if given is not None else None
    if isinstance(pair, cst.Tuple) and len(pair.elements) >= 2:
        return script.code(pair.elements[0].value), script.code(pair.elements[1].value)
    return None


def variables(draft: Draft, arrays: Arrays) -> tuple[str, str, list[str]]:
    """Variables that hold the arrays for training only.

    Returns:
        Their names, and lines that must stand in front: none where they have names already.
    """
    script = draft.script
    check_rows(script, arrays)
    plain = isinstance(arrays.given_x, cst.Name) and isinstance(arrays.given_y, cst.Name)
    if plain and is_local(script, {arrays.x, arrays.y}, arrays.consumer):
        return arrays.x, arrays.y, []
    x, y = draft.fresh("x_train"), draft.fresh("y_train")
    draft.replace(arrays.given_x, x)
    draft.replace(arrays.given_y, y)
    return x, y, [f"{x}, {y} = {arrays.x}, {arrays.y}"]


def without_rows(draft: Draft, of_inputs: slice, of_labels: slice) -> None:
    """Training arrays without some rows, which need not be the same of both.

    Args:
        draft: Takes the edit.
        of_inputs: Rows to leave out of the inputs.
        of_labels: The same of the labels.

    Raises:
        NoFaithfulEdit: Training is not on arrays that the script shows.
    """

    def deleted(np: str, name: str, rows: slice) -> str:
        return f"{np}.delete({name}, {np}.s_[{rows.start}:{rows.stop}], axis=0)"

    try:
        arrays = training(draft.script)
    except NoFaithfulEdit as why:
        pair = f"{deleted('np', 'x_train', of_inputs)}, {deleted('np', 'y_train', of_labels)}"
        raise NoFaithfulEdit(why.reason, f"x_train, y_train = {pair}", why.line) from None
    x, y, lines = variables(draft, arrays)
    np = numpy(draft)
    lines += [f"{n} = {deleted(np, n, rows)}" for n, rows in ((x, of_inputs), (y, of_labels))]
    add_lines(draft, arrays, lines, early=arrays.y == y)


def check_rows(script: Script, arrays: Arrays) -> None:
    """Rows must be taken by a plain index.

    Raises:
        NoFaithfulEdit: They may be rows of a pandas table.
    """
    if "pandas" not in script.imported.values():
        return
    for given in (arrays.given_x, arrays.given_y):
        text = script.code(latest(script, given))
        if not re.search(r"to_numpy|\.values|\bnp\.|numpy|astype", text):
            what = f"`{script.code(given)}` may be a pandas table, whose rows go by iloc"
            raise NoFaithfulEdit(what, line=script.line(given))


def is_local(script: Script, names: set[str], at: cst.CSTNode) -> bool:
    """The function around a place, if there is one, binds all the names itself."""
    function = script.enclosing(at, cst.FunctionDef)
    if function is None:
        return True
    bound = {p.name.value for p in function.params.params}
    if isinstance(function.body, cst.IndentedBlock):
        for statement in function.body.body:
            if isinstance(statement, cst.BaseStatement):
                bound |= set(bound_in(script, statement))
    return names <= bound


def training_rows(draft: Draft, arrays: Arrays) -> tuple[str, str]:
    """Expressions of the rows that fit trains on, without those of `validation_split`."""
    share = split_share(draft.script)
    if not share:
        return arrays.x, arrays.y
    rows = f"[:int(len({arrays.x}) * (1 - {share}))]"
    return arrays.x + rows, arrays.y + rows


def split_share(script: Script) -> str:
    """The text of `validation_split`; empty where fit has none."""
    given = value(script, fit_call(script), "validation_split")
    text = script.code(given) if given is not None else ""
    return "" if text in {"0", "0.0", "None"} else text


def split_off(draft: Draft, arrays: Arrays) -> tuple[str, str, list[str]]:
    """The training rows as variables, `validation_split` written out where fit has one.

    Returns:
        Names of inputs and targets, and lines that must stand in front of fit.
    """
    script, share = draft.script, split_share(draft.script)
    if not share:
        return variables(draft, arrays)
    fit = fit_call(script)
    check_rows(script, arrays)
    cut, x, y = draft.fresh("cut"), arrays.x, arrays.y
    x_train, y_train = draft.fresh("x_train"), draft.fresh("y_train")
    x_val, y_val = draft.fresh("x_val"), draft.fresh("y_val")
    lines = [
        f"{cut} = int(len({x}) * (1 - {share}))",
        f"{x_train}, {y_train} = {x}[:{cut}], {y}[:{cut}]",
        f"{x_val}, {y_val} = {x}[{cut}:], {y}[{cut}:]",
    ]
    draft.replace(arrays.given_x, x_train)
    draft.replace(arrays.given_y, y_train)
    split = argument(script, fit, "validation_split")
    if split is not None and split.keyword is not None:
        draft.replace(split, f"validation_data=({x_val}, {y_val})")
    else:
        drop_argument(draft, fit, "validation_split", "0.0")
        set_argument(draft, fit, "validation_data", f"({x_val}, {y_val})")
    return x_train, y_train, lines


def add_lines(draft: Draft, arrays: Arrays, lines: list[str], *, early: bool = True) -> None:
    """Put lines about the arrays where these are ready, or right in front of the consumer.

    Args:
        draft: Takes the edit.
        arrays: What the lines are about.
        lines: In order.
        early: Behind the last statement that binds the arrays, not in front of the consumer.
    """
    script = draft.script
    statement = script.statement(arrays.consumer)
    ready = binds(script, {arrays.x, arrays.y}, statement) if early else None
    if ready is not None:
        draft.after(ready, *lines)
    else:
        draft.before(statement, *lines)


def binds(script: Script, names: set[str], before: cst.BaseStatement) -> cst.BaseStatement | None:
    """The last statement in the same block, in front of one, that binds one of the names."""
    found: cst.BaseStatement | None = None
    for each in script.block(before):
        if each is before:
            return found
        if isinstance(each, cst.BaseStatement) and names & set(bound_in(script, each)):
            found = each
    return None


def bound_in(script: Script, statement: cst.BaseStatement) -> Iterator[str]:
    """Names that a statement binds or whose content it sets, bodies of functions left out."""
    if isinstance(statement, cst.FunctionDef | cst.ClassDef):
        return
    start, end = script.start(statement), script.end(statement)
    for node in script.nodes:
        if not start <= script.start(node) < end:
            continue
        targets: list[cst.CSTNode] = []
        if isinstance(node, cst.AssignTarget | cst.AugAssign | cst.AnnAssign | cst.For):
            targets = [node.target]
        for target in targets:
            yield from _names_in(target)


def _names_in(target: cst.CSTNode) -> Iterator[str]:
    """Names that an assignment to this binds: `a`, `a[0]`, `(a, b), (c, *d)`."""
    if isinstance(target, cst.Tuple | cst.List):
        for element in target.elements:
            yield from _names_in(element.value)
    while isinstance(target, cst.Subscript):
        target = target.value
    if isinstance(target, cst.Name):
        yield target.value


def one_hot(script: Script) -> bool:
    """The training targets are one-hot rows."""
    train = script.facts.train
    return bool(train and train.targets and train.targets[0].form == "one_hot")


def class_numbers(draft: Draft, y: str) -> str:
    """Text for the class number of each row.

    Raises:
        NoFaithfulEdit: The targets are no classes, one an example.
    """
    train = draft.script.facts.train
    if train is None or not train.targets:
        raise NoFaithfulEdit("the form of the labels was not recorded")
    if len(train.targets) > 1:
        raise NoFaithfulEdit(f"there are {len(train.targets)} targets")
    target = train.targets[0]
    if target.form == "one_hot":
        return f"{y}.argmax(axis=1)"
    if target.form in {"class_index", "binary", "sign"}:
        return f"{y}.ravel()" if target.shape == (1,) else y
    raise NoFaithfulEdit(f"the targets are not one class an example ({target.form})")
