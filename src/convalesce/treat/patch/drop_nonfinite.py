"""Rows without NaN and infinity."""

from __future__ import annotations

from convalesce.core.changes.data import DropNonfinite
from convalesce.treat.patch.source.data import Arrays, add_lines, training, variables
from convalesce.treat.patch.source.draft import Draft
from convalesce.treat.patch.source.edit import NoFaithfulEdit
from convalesce.treat.patch.source.names import numpy
from convalesce.treat.patch.source.training import fit_call

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
    arrays = training(script)
    x, y, lines = variables(draft, arrays)
    keep = draft.fresh("keep")
    mask = " & ".join(_masks(draft, x, y))
    lines += [f"{keep} = {mask}", f"{x}, {y} = {x}[{keep}], {y}[{keep}]"]
    add_lines(draft, arrays, lines, early=_named(arrays, x))


def _named(arrays: Arrays, x: str) -> bool:
    return arrays.x == x


def _masks(draft: Draft, x: str, y: str) -> list[str]:
    """Where inputs and targets are finite: of both, or of the one that the scan found faulty."""
    train, np = draft.script.facts.train, numpy(draft)
    inputs = train.inputs[0] if train and train.inputs else None
    targets = train.targets[0] if train and train.targets else None
    sick_x = inputs is None or inputs.nonfinite > 0
    sick_y = targets is None or targets.nonfinite > 0
    if not sick_x and not sick_y:
        sick_x = sick_y = True
    out = []
    if sick_x:
        out.append(_finite(np, x, len(inputs.shape) if inputs else None))
    if sick_y:
        out.append(_finite(np, y, len(targets.shape) if targets else None))
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
