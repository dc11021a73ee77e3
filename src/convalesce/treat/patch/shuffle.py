"""Examples in random order before they are split and batched."""

from __future__ import annotations

import re

import libcst as cst

from convalesce.core.changes.data import Shuffle
from convalesce.treat.patch.source.calls import drop_argument, set_argument, value
from convalesce.treat.patch.source.data import (
    add_lines,
    binds,
    check_rows,
    is_local,
    pipeline,
    split_share,
    training,
    variables,
)
from convalesce.treat.patch.source.draft import Draft
from convalesce.treat.patch.source.edit import NoFaithfulEdit
from convalesce.treat.patch.source.names import numpy
from convalesce.treat.patch.source.script import Script
from convalesce.treat.patch.source.splits import cut_of
from convalesce.treat.patch.source.training import fit_call
from convalesce.treat.patch.source.values import follow, number, source_of

# Keras's own readers, which shuffle where they are asked to; `flow` are image generators'.
READERS = frozenset({"image_dataset_from_directory", "text_dataset_from_directory", "flow"}) | {
    "flow_from_directory",
    "flow_from_dataframe",
}
SNIPPET = """\
order = np.random.default_rng(0).permutation(len(x))
x, y = x[order], y[order]  # before x and y are split"""


def write(change: Shuffle, draft: Draft) -> None:  # noqa: ARG001 - as all writers
    """In the pipeline, ahead of the split, or by fit: whichever keeps them in order."""
    script = draft.script
    fit = fit_call(script)
    x = value(script, fit, "x")
    calls = pipeline(script, x) if x is not None else []
    reader = next((c for c in calls if script.called(c) in READERS), None)
    if reader is not None:
        set_argument(draft, reader, "shuffle", "True")
        return
    if value(script, fit, "y") is None and calls:
        _in_pipeline(draft, calls)
        return
    kept = value(script, fit, "shuffle")
    if kept is not None and script.code(follow(script, kept)) == "False":
        draft.replace(source_of(script, kept), "True")
        if not split_share(script):
            return
    if not _ahead_of_split(draft) and kept is None:
        what = "fit shuffles the arrays already, and the script shows no split of them"
        raise NoFaithfulEdit(what, line=script.line(fit))


def _ahead_of_split(draft: Draft) -> bool:
    script = draft.script
    arrays = training(script)
    splitting = _split_call(script)
    if splitting is not None:
        drop_argument(draft, splitting, "shuffle")
        return True
    cut = cut_of(script)
    order = draft.fresh("order")
    if cut is not None:
        check_rows(script, arrays)
        if not is_local(script, {cut.x, cut.y}, cut.statement):
            what = f"{cut.x} and {cut.y} are not the function's own"
            raise NoFaithfulEdit(what, line=script.line(cut.statement))
        lines = _lines(draft, order, cut.x, cut.y)
        ready = binds(script, {cut.x, cut.y}, cut.statement)
        if ready is not None:
            draft.after(ready, *lines)
        else:
            draft.before(cut.statement, *lines)
        return True
    if split_share(script):
        x, y, lines = variables(draft, arrays)
        lines += _lines(draft, order, x, y)
        add_lines(draft, arrays, lines, early=x == arrays.x)
        return True
    return False


def _lines(draft: Draft, order: str, x: str, y: str) -> list[str]:
    return [
        f"{order} = {numpy(draft)}.random.default_rng(0).permutation(len({x}))",
        f"{x}, {y} = {x}[{order}], {y}[{order}]",
    ]


def _split_call(script: Script) -> cst.Call | None:
    """The only `train_test_split(…, shuffle=False)`."""
    found = [
        c
        for c in script.of(cst.Call)
        if script.called(c) == "train_test_split"
        and (given := value(script, c, "shuffle")) is not None
        and script.code(given) == "False"
    ]
    return found[0] if len(found) == 1 else None


def _in_pipeline(draft: Draft, calls: list[cst.Call]) -> None:
    """`shuffle` over all examples, ahead of `batch`."""
    script = draft.script
    count = _examples(script)
    names = [script.called(c) for c in calls]
    batch = next((c for c in calls if script.called(c) == "batch"), None)
    if "shuffle" in names and batch is not None and names.index("shuffle") > names.index("batch"):
        shuffled = calls[names.index("shuffle")]
        size = shuffled.args[0].value if shuffled.args else None
        train = script.facts.train
        mixed = number(script, size)
        if mixed and train is not None and train.examples and mixed >= train.examples:
            what = "the pipeline shuffles all its examples already"
            raise NoFaithfulEdit(what, line=script.line(shuffled))
        if size is not None:
            draft.replace(source_of(script, size), count)
            return
    if batch is None or not isinstance(batch.func, cst.Attribute):
        what = "where the batches are cut is not seen"
        raise NoFaithfulEdit(what, f".shuffle({count})", script.line(calls[0]))
    draft.insert(script.end(batch.func.value), f".shuffle({count})")


def _examples(script: Script) -> str:
    """How many there are: counted by the script where it has them as an array."""
    try:
        arrays = training(script)
    except NoFaithfulEdit:
        train = script.facts.train
        if train is not None and train.examples:
            return str(train.examples)
        what = "the number of examples is not known"
        raise NoFaithfulEdit(what, ".shuffle(…)", script.line(fit_call(script))) from None
    cut = re.fullmatch(r"\w+\[:(\w+)\]", arrays.x)
    return cut[1] if cut else f"len({arrays.x})"
