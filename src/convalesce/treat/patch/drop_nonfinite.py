"""Rows without NaN and infinity."""

from __future__ import annotations

import libcst as cst

from convalesce import core
from convalesce.core.changes.data import DropNonfinite
from convalesce.treat.patch.source.batches import finite_batches, sick
from convalesce.treat.patch.source.calls import value
from convalesce.treat.patch.source.data import (
    Arrays,
    add_lines,
    binds,
    is_local,
    training,
    variables,
)
from convalesce.treat.patch.source.draft import Draft
from convalesce.treat.patch.source.edit import NoFaithfulEdit
from convalesce.treat.patch.source.names import numpy
from convalesce.treat.patch.source.script import Script
from convalesce.treat.patch.source.training import fit_call
from convalesce.treat.patch.source.values import follow

SNIPPET = """\
keep = np.isfinite(x_train).reshape(len(x_train), -1).all(axis=1)
x_train, y_train = x_train[keep], y_train[keep]"""


def write(change: DropNonfinite, draft: Draft) -> None:  # noqa: ARG001 - as all writers
    """A mask over the training arrays, as soon as they are there."""
    script = draft.script
    train = script.facts.train
    sick = train.inputs[0].nonfinite_rows if train is not None and train.inputs else 0
    if train is not None and 0 < train.scanned <= sick:
        what = "every row holds NaN: drop the rows before statistics are taken of them"
        raise NoFaithfulEdit(what, line=script.line(fit_call(script)))
    try:
        arrays = training(script)
    except NoFaithfulEdit:
        if finite_batches(draft):
            return
        raise
    held = _held(script)
    whole = _whole(script, arrays, held)
    if whole is not None:
        ready, x, y = whole
        keep = draft.fresh("keep")
        mask = " & ".join(_masks(draft, x, y, train, script.facts.validation))
        draft.after(ready, f"{keep} = {mask}", f"{x}, {y} = {x}[{keep}], {y}[{keep}]")
        return
    x, y, lines = variables(draft, arrays)
    lines += _dropped(draft, x, y, train)
    names = [script.code(each) for each in held or () if isinstance(each, cst.Name)]
    if len(names) == 2 and is_local(script, set(names), arrays.consumer):
        lines += _dropped(draft, names[0], names[1], script.facts.validation)
    early = _named(arrays, x) and held is None
    add_lines(draft, arrays, lines, early=early)


def _dropped(draft: Draft, x: str, y: str, split: core.Split | None) -> list[str]:
    keep = draft.fresh("keep")
    mask = " & ".join(_masks(draft, x, y, split))
    return [f"{keep} = {mask}", f"{x}, {y} = {x}[{keep}], {y}[{keep}]"]


def _held(script: Script) -> tuple[cst.BaseExpression, cst.BaseExpression] | None:
    """What fit validates on, where that holds NaN too; no figure of it could be read else."""
    split = script.facts.validation
    faulty = split is not None and sick(split)
    given = value(script, fit_call(script), "validation_data") if faulty else None
    pair = follow(script, given) if given is not None else None
    if isinstance(pair, cst.Tuple) and len(pair.elements) == 2:
        return pair.elements[0].value, pair.elements[1].value
    return None


def _whole(
    script: Script,
    arrays: Arrays,
    held: tuple[cst.BaseExpression, cst.BaseExpression] | None,
) -> tuple[cst.BaseStatement, str, str] | None:
    """The arrays that both splits are slices of, and the statement that binds them last."""
    fit = fit_call(script)
    if held is None or value(script, fit, "sample_weight") is not None:
        return None
    x, y = (_sliced(*both) for both in zip((arrays.given_x, arrays.given_y), held, strict=True))
    ready = binds(script, {x, y}, script.statement(fit)) if x and y else None
    return (ready, x, y) if ready is not None else None


def _sliced(*parts: cst.BaseExpression) -> str:
    """The name that all of these are plain slices of (`x[:800]`); empty where they are not."""
    names = set()
    for part in parts:
        if not isinstance(part, cst.Subscript) or not isinstance(part.value, cst.Name):
            return ""
        if not isinstance(part.slice[0].slice, cst.Slice):
            return ""
        names.add(part.value.value)
    return names.pop() if len(names) == 1 else ""


def _named(arrays: Arrays, x: str) -> bool:
    return arrays.x == x


def _masks(draft: Draft, x: str, y: str, *splits: core.Split | None) -> list[str]:
    """Where inputs and targets are finite: of both, or of the one that the scan found faulty."""
    np, known = numpy(draft), [s for s in splits if s is not None]
    inputs = [s.inputs[0] for s in known if s.inputs]
    targets = [s.targets[0] for s in known if s.targets]
    sick_x = not inputs or any(f.nonfinite > 0 for f in inputs)
    sick_y = not targets or any(f.nonfinite > 0 for f in targets)
    if not sick_x and not sick_y:
        sick_x = sick_y = True
    out = []
    if sick_x:
        out.append(_finite(np, x, len(inputs[0].shape) if inputs else None))
    if sick_y:
        out.append(_finite(np, y, len(targets[0].shape) if targets else None))
    return out


def _finite(np: str, name: str, rank: int | None) -> str:
    """Text of a mask over rows; `rank` is that of one example."""
    finite = f"{np}.isfinite({name})"
    if rank == 0:  # the scan takes a last axis of 1 for none
        return f"{finite}.ravel()"
    if rank is None:
        return f"{finite}.reshape(len({name}), -1).all(axis=1)"
    axes = "1" if rank == 1 else f"({', '.join(map(str, range(1, rank + 1)))})"
    return f"{finite}.all(axis={axes})"
