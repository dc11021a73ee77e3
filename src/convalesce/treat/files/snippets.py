"""Python to paste that writes a mended copy of a data file under another name."""

from __future__ import annotations

from pathlib import PurePath

from convalesce import core
from convalesce.treat.files.faults import Fault
from convalesce.treat.files.held import Held

SEED = 0  # of a new order


def snippet(change: core.Change, fault: Fault) -> str:
    """What writes the copy; empty where that needs the person."""
    if fault.held.kind in {"npz", "npy"}:
        return _arrays(change, fault)
    return _table(change, fault) if fault.held.kind == "table" else ""


def _arrays(change: core.Change, fault: Fault) -> str:
    if isinstance(change, core.ShiftLabels):
        return _shifted(change, fault)
    kept = _mask(change, fault)
    if not kept:
        return ""
    file, first = fault.held, fault.names[0]
    out = _mended(file.path)
    if file.kind == "npy":
        lines = [f"rows = np.load({file.path!r})", *kept]
        save = f"np.save({out!r}, rows[keep])  # and what goes with it row by row alike"
        return "\n".join(["import numpy as np", "", *lines, save])
    lines = [f"with np.load({file.path!r}) as held:", "    arrays = dict(held)"]
    names = ", ".join(map(repr, file.partners(first)))
    lines += [*kept, f"for name in [{names}]:", "    arrays[name] = arrays[name][keep]"]
    return "\n".join(["import numpy as np", "", *lines, f"np.savez_compressed({out!r}, **arrays)"])


def _shifted(change: core.ShiftLabels, fault: Fault) -> str:
    """Rows without a label of their own left out of the inputs, and labels without a row."""
    file, labels = fault.held, fault.names[0]
    others, own = (f"{rows.start}:{rows.stop}" for rows in change.ends)
    names = ", ".join(repr(n) for n in file.partners(labels) if n != labels)
    return "\n".join(
        [
            "import numpy as np",
            "",
            f"with np.load({file.path!r}) as held:",
            "    arrays = dict(held)",
            f"arrays[{labels!r}] = np.delete(arrays[{labels!r}], np.s_[{own}], axis=0)",
            f"for name in [{names}]:",
            f"    arrays[name] = np.delete(arrays[name], np.s_[{others}], axis=0)",
            f"np.savez_compressed({_mended(file.path)!r}, **arrays)",
        ]
    )


def _mask(change: core.Change, fault: Fault) -> list[str]:
    """Lines that set `keep`: a mask over rows, or their new order."""
    rows = [_spelled(fault.held, name) for name in fault.names]
    first = rows[0]
    if isinstance(change, core.Shuffle):
        return [f"keep = np.random.default_rng({SEED}).permutation(len({first}))"]
    if isinstance(change, core.LeaveOut):
        part = f"np.s_[{change.start}:{change.stop}]"
        return [f"keep = np.delete(np.arange(len({first})), {part})"]
    if isinstance(change, core.DropNonfinite):
        masks = [f"np.isfinite({r}).reshape(len({r}), -1).all(axis=1)" for r in rows]
        return [f"keep = {' & '.join(masks)}"]
    if isinstance(change, core.DropRows):
        masks = [f"({r} != {fault.value:g}).reshape(len({r}), -1).all(axis=1)" for r in rows]
        return [f"keep = {' & '.join(masks)}"]
    if isinstance(change, core.Deduplicate):
        return _unlike(fault, first)
    return []


def _unlike(fault: Fault, first: str) -> list[str]:
    if fault.against is None:
        return [
            f"_, firsts = np.unique({first}.reshape(len({first}), -1), axis=0, return_index=True)",
            "keep = np.sort(firsts)",
        ]
    other, name = fault.against
    if other is fault.held:
        held_out = _spelled(other, name)
    else:
        held_out = f"np.load({other.path!r})" + (f"[{name!r}]" if other.kind == "npz" else "")
    return [
        f"held_out = {{row.tobytes() for row in {held_out}}}",
        f"keep = np.array([row.tobytes() not in held_out for row in {first}])",
    ]


def _spelled(file: Held, name: str) -> str:
    return "rows" if file.kind == "npy" else f"arrays[{name!r}]"


def _table(change: core.Change, fault: Fault) -> str:
    file = fault.held
    places = [list(file.arrays).index(name) for name in fault.names]
    head = "head, *rows" if file.headed else "rows"
    read = "csv.reader(file" + (")" if file.mark == "," else f", delimiter={file.mark!r})")
    read = read if file.headed else f"list({read})"
    imports, lines = ["import csv"], []
    if isinstance(change, core.Shuffle):
        imports.append("import random")
        lines = [f"random.Random({SEED}).shuffle(rows)"]
    elif isinstance(change, core.DropNonfinite):
        imports.append("import math")
        test = f"all(math.isfinite(float(row[i] or 'nan')) for i in {places})"
        lines = [f"rows = [row for row in rows if {test}]"]
    elif isinstance(change, core.DropRows):
        test = f"all(float(row[i] or 'nan') != {fault.value:g} for i in {places})"
        lines = [f"rows = [row for row in rows if {test}]"]
    elif isinstance(change, core.Deduplicate) and fault.against is None:
        lines = ["rows = list({tuple(row): row for row in rows}.values())"]
    elif isinstance(change, core.Deduplicate) and fault.against is not None:
        other = fault.against[0].path
        lines = [
            f"with open({other!r}, newline='') as file:",
            f"    held_out = {{tuple(row) for row in {read}}}",
            "rows = [row for row in rows if tuple(row) not in held_out]",
        ]
    if not lines:
        return ""
    written = "[head, *rows]" if file.headed else "rows"
    mark = "" if file.mark == "," else f", delimiter={file.mark!r}"
    return "\n".join(
        [
            *imports,
            "",
            f"with open({file.path!r}, newline='') as file:",
            f"    {head} = {read}",
            *lines,
            f"with open({_mended(file.path)!r}, 'w', newline='') as file:",
            f"    csv.writer(file{mark}).writerows({written})",
        ]
    )


def _mended(path: str) -> str:
    """`data/train.npz` becomes `data/train-mended.npz`."""
    pure = PurePath(path)
    return pure.with_name(f"{pure.stem}-mended{pure.suffix}").as_posix()
