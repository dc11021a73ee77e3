"""An input value that gives the target away is held constant in every split."""

from __future__ import annotations

import re

import numpy as np
from numpy.typing import NDArray

from convalesce import core
from convalesce.lab import rows
from convalesce.lab.rows import Array
from convalesce.lab.setting import Setting
from convalesce.observe.scan.telltale import class_scores

COPY = 0.99  # correlation at which another column is the same one again, as in the scan
PLACES = (
    (re.compile(r"^feature (\d+)$"), "vector"),
    (re.compile(r"^position (\d+)$"), "vector"),
    (re.compile(r"^pixel \((\d+), (\d+)\)(?:, channel (\d+))?$"), "picture"),
    (
        re.compile(r"^pixels of the (\d+) by \d+ field at \((\d+), (\d+)\)(?:, channel (\d+))?$"),
        "field",
    ),
    (re.compile(r"^step (\d+), channel (\d+)$"), "sequence"),
    (re.compile(r"^position \(([\d, ]+)\)$"), "other"),
)
MORE = re.compile(r" and \d+ more, one for each class$")
SAMPLE, MOST = 2048, 1 << 14  # rows, and values a row, in which the other columns are looked for


def apply(change: core.DropFeature, setting: Setting) -> Setting:
    """The setting with the value at `where`, and its copies, at training's mean everywhere.

    The shape of the inputs stays, so that the same model can be trained; what never varies tells
    nothing. Of tokens it is the commonest that stands there.
    """
    arrays, kinds = rows.leaves(setting.train.x), rows.kinds(setting)
    at, text = _input(change.where, setting, len(arrays))
    array = arrays[at]
    columns = _columns(text, change.where, array, setting)
    columns |= _copies(array, columns)
    if columns.all():
        raise core.CannotChange(f"without {change.where} no input is left")
    held = _constant(array, columns, tokens=kinds[at] == "tokens")

    def without(number: int, values: Array) -> Array:
        if number != at:
            return values
        flat = values.reshape(len(values), -1).copy()
        flat[:, columns] = held
        return flat.reshape(values.shape)

    return rows.everywhere(setting, lambda r: rows.map_inputs(r, without))


def _input(where: str, setting: Setting, count: int) -> tuple[int, str]:
    """Number of the input, and the place within it."""
    split = rows.fact(setting, core.TRAIN)
    names = [one.name for one in split.inputs] if split is not None else []
    for number, name in enumerate(names):
        if where.startswith(f"{name}: ") and number < count:
            return number, where.removeprefix(f"{name}: ")
    if count > 1:
        raise core.CannotChange(f"which of the {count} inputs holds {where} is not said")
    return 0, where


def _columns(text: str, where: str, array: Array, setting: Setting) -> NDArray[np.bool_]:
    """Which values of a flattened example are meant, shape `(values,)`."""
    shape = array.shape[1:]
    mask: Array = np.zeros(shape or (1,), bool)
    single = MORE.sub("", text)
    for pattern, kind in PLACES:
        found = pattern.match(single)
        if found is None:
            continue
        numbers = [int(n) for g in found.groups() if g for n in re.findall(r"\d+", g)]
        try:
            mask[_place(kind, numbers, shape)] = True
        except (IndexError, ValueError):
            break
        if single != text:
            mask |= _by_class(array, setting).reshape(mask.shape)
        if mask.any():
            return np.asarray(mask.reshape(-1), bool)
    raise core.CannotChange(f"{where} is no place in inputs of shape {shape}")


def _place(kind: str, numbers: list[int], shape: tuple[int, ...]) -> tuple[int | slice, ...]:
    """Index of the place; of pictures its neighbours too, over which a stamp spreads."""
    if kind in {"picture", "field"}:
        wide, row, column, *channel = numbers if kind == "field" else [1, *numbers]
        if row >= shape[0] or column >= shape[1]:
            raise IndexError
        spread = tuple(slice(max(0, n - wide), n + 2 * wide) for n in (row, column))
        return (*spread, *channel)
    if kind == "vector" and not shape:
        numbers = [0]
    return tuple(numbers)


def _by_class(array: Array, setting: Setting) -> NDArray[np.bool_]:
    """The values that each tell one class from the others, as the scan finds them."""
    labels = rows.labels_of(setting.train)
    some = np.linspace(0, len(array) - 1, min(len(array), SAMPLE)).astype(np.int64)
    table = np.nan_to_num(array[some].reshape(len(some), -1).astype(np.float64))
    if labels is None or table.shape[1] > MOST:
        raise core.CannotChange("the other places, one for each class, can't be found again")
    found, numbered = np.unique(labels[some], return_inverse=True)
    mask = np.zeros(table.shape[1], bool)
    mask[class_scores(table, numbered, len(found))[1].argmax(1)] = True
    return mask


def _copies(array: Array, columns: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Values that say the same as one of the columns, on a sample."""
    some = np.linspace(0, len(array) - 1, min(len(array), SAMPLE)).astype(np.int64)
    table = np.nan_to_num(array[some].reshape(len(some), -1).astype(np.float64))
    table -= table.mean(0)
    norms = np.sqrt((table**2).sum(0))
    found = np.zeros(table.shape[1], bool)
    for column in np.flatnonzero(columns & (norms > 0)):
        found |= np.abs(table[:, column] @ table) > COPY * norms * norms[column]
    return np.asarray(found & (norms > 0), bool)


def _constant(array: Array, columns: NDArray[np.bool_], *, tokens: bool) -> Array:
    """What stands there instead, in the type of the inputs; shape `(columns,)`."""
    values = array.reshape(len(array), -1)[:, columns]
    if tokens:
        commonest = [np.unique(v, return_counts=True) for v in values.T]
        return np.asarray([found[np.argmax(counts)] for found, counts in commonest], array.dtype)
    with np.errstate(all="ignore"):
        mean = np.nan_to_num(np.where(np.isfinite(values), values, 0).mean(0))
    if array.dtype.kind in "iu":
        mean = np.rint(mean)
    return np.asarray(mean, array.dtype)
