"""What a data file holds: named arrays, or the columns of a table, a row an example."""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import PurePath
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

LARGEST = 200_000_000  # bytes of arrays that are looked into
TABLE = 50_000_000  # bytes of a text file that is looked into

Array = NDArray[Any]
Kind = Literal["npz", "npy", "table", "jsonl"]
Role = Literal["train", "validation", "test", ""]
ROLES: Mapping[str, Role] = {
    "train": "train",
    "training": "train",
    "tr": "train",
    "val": "validation",
    "valid": "validation",
    "validation": "validation",
    "dev": "validation",
    "test": "test",
    "holdout": "test",
    "live": "test",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """One file of data.

    Attributes:
        path: As the script named it.
        arrays: By name, a row an example. A table's columns are of numbers, NaN where a cell is
            empty, or of texts; the one array of an npy file has no name.
        mark: Between the columns of a table. `headed`: its first line names them.
    """

    path: str
    kind: Kind
    arrays: Mapping[str, Array]
    mark: str = ","
    headed: bool = True

    def role(self, name: str) -> Role:
        """Which split an array belongs to, by its name, else by that of the file."""
        return _role(name) or _role(PurePath(self.path).stem)

    def partners(self, name: str) -> tuple[str, ...]:
        """The arrays that go with one row by row: of its length and split, itself included."""
        count, role = len(self.arrays[name]), self.role(name)
        return tuple(n for n, a in self.arrays.items() if len(a) == count and self.role(n) == role)


def held(path: str, data: bytes) -> Held | None:
    """What a file holds; None where it is no file of rows that can be read here."""
    suffix = PurePath(path).suffix.lower()
    reader = READERS.get(suffix)
    if reader is None or (suffix not in {".npz", ".npy"} and len(data) > TABLE):
        return None
    with suppress(Exception):  # whatever a reader raises: it is no such file
        return reader(path, data)
    return None


def _npz(path: str, data: bytes) -> Held | None:
    with np.load(io.BytesIO(data), allow_pickle=False) as found:
        arrays = {name: found[name] for name in found.files}
    rows = {name: a for name, a in arrays.items() if a.ndim}
    return Held(path=path, kind="npz", arrays=rows) if rows else None


def _npy(path: str, data: bytes) -> Held | None:
    found = np.load(io.BytesIO(data), allow_pickle=False)
    return Held(path=path, kind="npy", arrays={"": found}) if found.ndim else None


def _table(path: str, data: bytes) -> Held | None:
    text = data.decode("utf-8-sig")
    first = text.partition("\n")[0]
    mark = max(",\t;", key=first.count)
    rows = [row for row in csv.reader(io.StringIO(text, newline=""), delimiter=mark) if row]
    if len(rows) < 2 or len({len(row) for row in rows}) != 1:
        return None
    headed = not any(_is_number(cell) for cell in rows[0])
    heads = [cell.strip() for cell in rows[0]] if headed else [str(i) for i in range(len(rows[0]))]
    if len(set(heads)) != len(heads):
        return None
    columns = zip(*rows[1 if headed else 0 :], strict=True)
    arrays = {head: _column(cells) for head, cells in zip(heads, columns, strict=True)}
    return Held(path=path, kind="table", arrays=arrays, mark=mark, headed=headed)


def _jsonl(path: str, data: bytes) -> Held | None:
    rows = [json.loads(line) for line in data.decode().splitlines() if line.strip()]
    if not rows or any(not isinstance(row, dict) or row.keys() != rows[0].keys() for row in rows):
        return None
    arrays = {}
    for name in rows[0]:
        with suppress(ValueError):  # lists of different lengths
            arrays[name] = np.array([row[name] for row in rows])
    return Held(path=path, kind="jsonl", arrays=arrays) if arrays else None


READERS: dict[str, Callable[[str, bytes], Held | None]] = {
    ".npz": _npz,
    ".npy": _npy,
    ".csv": _table,
    ".tsv": _table,
    ".jsonl": _jsonl,
}


def _column(cells: tuple[str, ...]) -> Array:
    """Numbers where nearly all cells are; an empty one is none."""
    numbers = np.array([float(c) if _is_number(c) else np.nan for c in cells])
    odd = sum(bool(c.strip()) and not _is_number(c) for c in cells)
    return np.array(cells) if odd or np.isnan(numbers).all() else numbers


def _is_number(cell: str) -> bool:
    with suppress(ValueError):
        float(cell)
        return True
    return False


def _role(name: str) -> Role:
    words = re.findall(r"[a-z]+", name.lower())
    return next((ROLES[word] for word in words if word in ROLES), "")
