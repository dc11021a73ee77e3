"""Data that come in batches, with the rows left out of each that hold NaN."""

from __future__ import annotations

import libcst as cst

from convalesce import core
from convalesce.treat.patch.source.calls import value
from convalesce.treat.patch.source.data import is_local
from convalesce.treat.patch.source.draft import Draft
from convalesce.treat.patch.source.names import numpy, spell, tensorflow
from convalesce.treat.patch.source.training import fit_call

MOST = 0.5  # of the rows: with more, a batch may be left with none


def finite_batches(draft: Draft) -> bool:
    """Wrap what fit is given, where it is a dataset under a name; whether it is."""
    script = draft.script
    train, held, fit = script.facts.train, script.facts.validation, fit_call(script)
    if train is None or train.source not in LINES or not _single(train):
        return False
    meant = [("x", train)]
    if held is not None and held.source == train.source and _single(held) and sick(held):
        meant.append(("validation_data", held))
    given = [value(script, fit, name) for name, _ in meant]
    names = [each.value for each in given if isinstance(each, cst.Name)]
    if len(names) != len(meant) or not is_local(script, set(names), fit):
        return False
    splits = [split for _, split in meant]
    where = any(s.inputs[0].nonfinite for s in splits), any(s.targets[0].nonfinite for s in splits)
    lines, call = LINES[train.source](draft, where)
    wrapped = ", ".join(call.format(name) for name in names)
    draft.before(script.statement(fit), *lines, f"{', '.join(names)} = {wrapped}")
    return True


def _single(split: core.Split) -> bool:
    """One input, one target, no weights; rows enough that are sound."""
    rows = max((f.nonfinite_rows for f in split.inputs), default=0)
    one = len(split.inputs) == len(split.targets) == 1 and not split.weighted
    return one and rows < MOST * max(split.scanned, 1)


def sick(split: core.Split) -> bool:
    """It holds NaN or infinity."""
    return any(f.nonfinite for f in split.inputs) or any(f.nonfinite for f in split.targets)


def _rows(test: str, where: tuple[bool, bool]) -> str:
    """A mask of the rows in which inputs, targets or both pass a test."""
    return " & ".join(test.format(v) for v, holds in zip("xy", where, strict=True) if holds)


def _pydataset(draft: Draft, where: tuple[bool, bool]) -> tuple[list[str], str]:
    np, base, name = numpy(draft), spell(draft, "keras.utils.PyDataset"), draft.fresh("Finite")
    keep = _rows(f"{np}.isfinite({{0}}).reshape(len({{0}}), -1).all(axis=1)", where)
    lines = [
        f"class {name}({base}):",
        '    """Batches without the rows that hold NaN or infinity."""',
        "",
        "    def __init__(self, data):",
        "        super().__init__()",
        "        self.data = data",
        "",
        "    def __len__(self):",
        "        return len(self.data)",
        "",
        "    def __getitem__(self, index):",
        "        x, y = self.data[index]",
        f"        keep = {keep}",
        "        return x[keep], y[keep]",
        "",
        "    def on_epoch_end(self):",
        "        self.data.on_epoch_end()",
        "",
        "",
    ]
    return lines, f"{name}({{}})"


def _pipeline(draft: Draft, where: tuple[bool, bool]) -> tuple[list[str], str]:
    tf, name = tensorflow(draft), draft.fresh("finite")
    flat = f"{tf}.reshape({{0}}, ({tf}.shape({{0}})[0], -1))"
    keep = _rows(f"{tf}.reduce_all({tf}.math.is_finite({flat}), axis=1)", where)
    lines = [
        f"def {name}(x, y):",
        f"    keep = {keep}",
        f"    return {tf}.boolean_mask(x, keep), {tf}.boolean_mask(y, keep)",
        "",
        "",
    ]
    return lines, f"{{}}.map({name})"


LINES = {"PyDataset": _pydataset, "tf.data": _pipeline}
