"""What a user hands to fit, flattened to named columns that can be read in chunks."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from convalesce.core.data import Source

Array = NDArray[Any]


@dataclass(frozen=True, slots=True)
class Column:
    """One input or target of all examples.

    Attributes:
        data: Anything that has a shape and gives rows for `data[a:b]`.
        ragged: Why it could not be made an array; empty where it is one.
    """

    name: str
    data: Any
    ragged: str = ""

    def __len__(self) -> int:
        shape = getattr(self.data, "shape", None)
        return int(shape[0]) if shape else len(self.data)

    def read(self, start: int, stop: int) -> Array:
        """Rows from `start` up to `stop`, as an array of NumPy."""
        return as_array(self.data[start:stop])

    @property
    def row_bytes(self) -> int:
        """Size of one example."""
        shape, dtype = self.data.shape[1:], np.dtype(self.data.dtype)
        return max(1, int(np.prod(shape)) * int(dtype.itemsize))


def columns(data: Any, side: Literal["input", "target"]) -> list[Column]:
    """Every array of a structure, in the order in which Keras flattens it.

    Args:
        data: Arrays, and tuples, lists or mappings of them.
        side: What they are, for the names of those that have none.
    """
    return [
        _column(name or f"{side}_{i}", value) for i, (name, value) in enumerate(_flatten(data, ""))
    ]


def as_array(value: Any) -> Array:
    """An array of NumPy, without a copy where that can be had."""
    if isinstance(value, np.ndarray):
        return value
    numpy = getattr(value, "_numpy", None)  # of an eager tensor: without a copy
    if callable(numpy):
        return np.asarray(numpy())
    numpy = getattr(value, "numpy", None)
    if callable(numpy):
        return np.asarray(numpy())
    to_numpy = getattr(value, "to_numpy", None)
    return np.asarray(to_numpy() if callable(to_numpy) else value)


def copied(data: Any) -> Any:
    """The same structure with arrays of its own."""
    if data is None:
        return None
    if isinstance(data, Mapping):
        return {key: copied(value) for key, value in data.items()}
    if isinstance(data, (tuple, list)):
        return tuple(copied(value) for value in data)
    return np.array(as_array(data))


def size(data: Any) -> int:
    """Bytes of a structure of arrays."""
    return sum(int(getattr(value, "nbytes", 0)) for _, value in _flatten(data, ""))


def source_of(data: Any) -> Source:
    """What kind of object holds the data, for what is no pipeline or generator."""
    values = [value for _, value in _flatten(data, "")]
    if any(isinstance(v, np.memmap) for v in values):
        return "memmap"
    if any(_is_slicer(v) for v in values):
        return "memmap"
    return "arrays"


def _flatten(data: Any, name: str) -> list[tuple[str, Any]]:
    if data is None:
        return []
    if isinstance(data, Mapping):
        return [leaf for key in sorted(data, key=str) for leaf in _flatten(data[key], str(key))]
    if isinstance(data, (tuple, list)) and any(_is_tensor(v) for v in _leaves(data)):
        return [leaf for value in data for leaf in _flatten(value, "")]
    return [(name, data)]


def _leaves(data: Any) -> list[Any]:
    if isinstance(data, Mapping):
        return [leaf for value in data.values() for leaf in _leaves(value)]
    if isinstance(data, (tuple, list)):
        return [leaf for value in list(data)[:64] for leaf in _leaves(value)]
    return [data]


def _is_tensor(value: Any) -> bool:
    return hasattr(value, "shape") and len(value.shape) > 0


def _is_slicer(value: Any) -> bool:
    """A dataset of HDF5, zarr or the like: it has a shape and slices, and is no array in memory."""
    return (
        hasattr(value, "shape")
        and hasattr(value, "dtype")
        and hasattr(value, "__getitem__")
        and type(value).__module__.split(".")[0] in {"h5py", "zarr", "tables", "dask"}
    )


def _column(name: str, value: Any) -> Column:
    if _is_slicer(value) or isinstance(value, np.ndarray):
        return Column(name, value) if np.ndim(value) else Column(name, as_array(value)[None])
    if hasattr(value, "to_tensor") and hasattr(value, "row_splits"):
        return Column(name, [None] * int(value.shape[0] or 0), "is a ragged tensor")
    if hasattr(value, "tocsr") or hasattr(value, "indices"):
        count = int(value.shape[0] or 0) if hasattr(value, "shape") else 0
        return Column(name, [None] * count, "is a sparse matrix")
    try:
        array = as_array(value)
    except (TypeError, ValueError) as error:
        length = len(value) if hasattr(value, "__len__") else 0
        return Column(name, [None] * length, f"is no regular array ({error})")
    return Column(name, array if array.ndim else array[None])
