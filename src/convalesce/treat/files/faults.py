"""Rows of data files that a change speaks of, looked up in the files themselves."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from convalesce import core
from convalesce.treat.files.held import Array, Held

ORDERED = 0.9  # share of neighbours of one class from which rows count as ordered by it
CLASSES = 1000  # values of a column that may be classes
SPARSE = 0.5  # share of rows without a number from which a column is one that is rarely filled
APART = 1.5  # times the spread or, in spreads, the mean of the other split


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """What was found in one file.

    Attributes:
        names: Arrays or columns concerned, the one to look at first in front.
        says: In a sentence.
        rows: 0-based, all of them; empty where it is about all rows.
        against: The file and the name of what the rows are compared with.
        value: The stand-in that is looked for.
    """

    held: Held
    names: tuple[str, ...]
    says: str
    rows: tuple[int, ...] = ()
    against: tuple[Held, str] | None = None
    value: float | None = None


def faults(change: core.Change, files: Sequence[Held]) -> list[Fault]:
    """What the files show of the fault that a change is against."""
    look = LOOKS.get(type(change))
    return list(look(change, files)) if look is not None else []


def _nonfinite(_: Any, files: Sequence[Held]) -> Iterator[Fault]:
    for file in files:
        sick = {n: _bad_rows(a) for n, a in _trained(file) if a.dtype.kind == "f"}
        sick = {n: rows for n, rows in sick.items() if len(rows) <= SPARSE * len(file.arrays[n])}
        yield from _by_rows(file, sick, "hold NaN or infinity")


def _stand_ins(change: core.DropRows, files: Sequence[Held]) -> Iterator[Fault]:
    for file in files:
        sick = {
            n: np.flatnonzero(_rowwise(a == change.sentinel))
            for n, a in _trained(file)
            if a.dtype.kind in "iuf"
        }
        yield from _by_rows(file, sick, f"hold {change.sentinel:g}", change.sentinel)


def _by_rows(
    file: Held, sick: dict[str, Array], what: str, value: float | None = None
) -> Iterator[Fault]:
    """One fault for all arrays that go together row by row."""
    done: set[str] = set()
    for name, rows in sick.items():
        if not len(rows) or name in done:
            continue
        together = [n for n in file.partners(name) if n in sick and len(sick[n])]
        done.update(together)
        every = sorted({int(row) for n in together for row in sick[n]})
        listed = ", ".join(f"`{n}`" for n in together if n)
        of = f" of {listed}" if listed else ""
        says = f"{len(every)} rows{of} {what}: leave them out"
        yield Fault(held=file, names=tuple(together), says=says, rows=tuple(every), value=value)


def _duplicates(_: Any, files: Sequence[Held]) -> Iterator[Fault]:
    """Training rows that stand in another split; of one array, rows that stand in it before."""
    inputs = [(file, name) for file in files for name in _inputs(file)]
    found = False
    for file, name in inputs:
        if file.role(name) != "train":
            continue
        for other, theirs in inputs:
            if other.role(theirs) in {"", "train"}:
                continue
            known = set(_keys(other, theirs))
            rows = tuple(i for i, key in enumerate(_keys(file, name)) if key in known)
            if rows:
                found = True
                of = f"`{theirs}` of {other.path}" if theirs else other.path
                mine = f" of `{name}`" if name else ""
                says = f"{len(rows)} rows{mine} also stand in {of}: leave them out here"
                yield Fault(held=file, names=(name,), says=says, rows=rows, against=(other, theirs))
    if not found:
        yield from _repeated(inputs)


def _repeated(inputs: Sequence[tuple[Held, str]]) -> Iterator[Fault]:
    for file, name in inputs:
        if file.role(name):
            continue
        seen: set[bytes] = set()
        rows = []
        for i, key in enumerate(_keys(file, name)):
            if key in seen:
                rows.append(i)
            seen.add(key)
        if rows:
            mine = f" of `{name}`" if name else ""
            says = f"{len(rows)} rows{mine} stand in it before: leave them out ahead of the split"
            yield Fault(held=file, names=(name,), says=says, rows=tuple(rows))


def _ordered(_: Any, files: Sequence[Held]) -> Iterator[Fault]:
    for file in files:
        for name, array in _trained(file):
            if array.ndim != 1 or len(array) < 20 or not _is_classes(array):
                continue
            alike = float(np.mean(array[1:] == array[:-1]))
            _, counts = np.unique(array, return_counts=True)
            expected = float(np.sum((counts / len(array)) ** 2))
            if alike > ORDERED and alike > expected + (1 - expected) / 2:
                by = f" by `{name}`" if name else ""
                says = f"its rows stand ordered{by}: bring them into random order, all alike"
                yield Fault(held=file, names=(name,), says=says)
                break


def _unlike(_: Any, files: Sequence[Held]) -> Iterator[Fault]:
    """Splits whose figures differ: what one went through, the other did not."""
    inputs = [(file, name) for file in files for name in _inputs(file)]
    trained = [(f, n) for f, n in inputs if f.role(n) == "train" or not f.role(n)]
    for file, name in inputs:
        if file.role(name) not in {"validation", "test"}:
            continue
        for ours, mine in trained:
            a, b = ours.arrays[mine], file.arrays[name]
            if a.dtype.kind not in "iuf" or b.dtype.kind not in "iuf" or a.shape[1:] != b.shape[1:]:
                continue
            mean, std, other, spread = (float(f(x)) for x in (a, b) for f in (np.mean, np.std))
            wide = max(std, spread) > APART * min(std, spread)
            if wide or abs(mean - other) > APART * max(std, spread):
                says = (
                    f"`{name}` has mean {other:.3g} and deviation {spread:.3g}, `{mine}` of "
                    f"{ours.path} {mean:.3g} and {std:.3g}: put both through one preprocessing"
                )
                yield Fault(held=file, names=(name,), says=says, against=(ours, mine))


def _stretch(change: core.ShiftLabels | core.LeaveOut, files: Sequence[Held]) -> Iterator[Fault]:
    """Arrays of training that hold the stretch, labels in front; inputs and labels in one file."""
    for file in files:
        for name in (n for n in _inputs(file) if file.role(n) in {"train", ""}):
            partners = [n for n in file.partners(name) if n != name]
            labels = [
                n for n in partners if file.arrays[n].ndim == 1 and _is_classes(file.arrays[n])
            ]
            if file.kind == "npz" and len(labels) == 1 and len(file.arrays[name]) >= change.stop:
                rows = tuple(range(change.start, change.stop))
                says = f"{change} (`{labels[0]}` against `{name}`)"
                yield Fault(held=file, names=(labels[0], name), says=says, rows=rows)


LOOKS: dict[type[core.Change], Callable[[Any, Sequence[Held]], Iterator[Fault]]] = {
    core.DropNonfinite: _nonfinite,
    core.DropRows: _stand_ins,
    core.Deduplicate: _duplicates,
    core.Shuffle: _ordered,
    core.UnifyPreprocessing: _unlike,
    core.ShiftLabels: _stretch,
    core.LeaveOut: _stretch,
}


def _trained(file: Held) -> Iterator[tuple[str, Array]]:
    """The arrays that are not held out by their names."""
    for name, array in file.arrays.items():
        if file.role(name) in {"train", ""}:
            yield name, array


def _inputs(file: Held) -> list[str]:
    """Arrays of more than one number a row; of a table, all columns as one row."""
    if file.kind in {"table", "jsonl"}:
        return [next(iter(file.arrays))]
    return [name for name, array in file.arrays.items() if array.ndim > 1]


def _keys(file: Held, name: str) -> Iterator[bytes]:
    """A row's values, to be compared."""
    if file.kind in {"table", "jsonl"}:
        return (repr(row).encode() for row in zip(*_columns(file), strict=True))
    array = np.ascontiguousarray(file.arrays[name])
    return (row.tobytes() for row in array)


def _columns(file: Held) -> list[list[Any]]:
    return [array.tolist() for array in file.arrays.values()]


def _bad_rows(array: Array) -> Array:
    return np.flatnonzero(_rowwise(~np.isfinite(array)))


def _rowwise(mask: Array) -> Array:
    """Rows in which any entry is set."""
    return np.asarray(mask.reshape(len(mask), -1).any(axis=1))


def _is_classes(array: Array) -> bool:
    whole = array.dtype.kind in "iubUS" or (
        array.dtype.kind == "f" and bool(np.all(np.isfinite(array)) and np.all(array % 1 == 0))
    )
    return whole and 2 <= len(np.unique(array)) <= min(CLASSES, len(array) // 4)
