"""Rows whose target is a reading, not a stand-in for none."""

from __future__ import annotations

from convalesce.core.changes.data import DropRows
from convalesce.treat.patch.source.data import add_lines, training, variables
from convalesce.treat.patch.source.draft import Draft
from convalesce.treat.patch.source.edit import NoFaithfulEdit


def write(change: DropRows, draft: Draft) -> None:
    """A mask over the training arrays."""
    value = f"{change.sentinel:g}"
    snippet = f"keep = y_train != {value}\nx_train, y_train = x_train[keep], y_train[keep]"
    try:
        arrays = training(draft.script)
    except NoFaithfulEdit as why:
        raise NoFaithfulEdit(why.reason, snippet, why.line) from None
    x, y, lines = variables(draft, arrays)
    keep = draft.fresh("keep")
    train = draft.script.facts.train
    rank = len(train.targets[0].shape) if train and train.targets else 0
    mask = f"{y} != {value}"
    if rank:
        mask = f"({mask}).reshape(len({y}), -1).all(axis=1)"
    lines += [f"{keep} = {mask}", f"{x}, {y} = {x}[{keep}], {y}[{keep}]"]
    add_lines(draft, arrays, lines, early=arrays.y == y)
