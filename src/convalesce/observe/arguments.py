"""What was handed to fit: its arguments by name, its validation part, its batches and steps."""

from __future__ import annotations

import inspect
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Handed:
    """The data of one fit, cut into training and validation as Keras will cut them.

    Attributes:
        x: Inputs, or the data set, sequence or generator that brings all.
        validation: `(x, y, sample_weight)` or None.
        batch_size: Examples an update; None where the data set rules it and does not say.
        steps: Updates an epoch; None where it is not known.
        shuffled: Keras brings the rows of arrays into a new order each epoch.
    """

    x: Any
    y: Any
    sample_weight: Any
    validation: tuple[Any, Any, Any] | None
    batch_size: int | None
    steps: int | None
    shuffled: bool = False


def by_name(function: Callable[..., Any], args: Any, kwargs: Mapping[str, Any]) -> dict[str, Any]:
    """Arguments of a call without its `self`, defaults included; empty where they do not fit."""
    try:
        bound = inspect.signature(function).bind(None, *args, **kwargs)
    except TypeError:
        return {}
    bound.apply_defaults()
    out = dict(bound.arguments)
    out.pop("self", None)
    out.update(out.pop("kwargs", None) or {})
    return out


def read_handed(arguments: Mapping[str, Any]) -> Handed:
    """Training and validation data of a call of fit."""
    x, y, weight = (arguments.get(k) for k in ("x", "y", "sample_weight"))
    validation = unpack(arguments.get("validation_data"))
    share = float(arguments.get("validation_split") or 0.0)
    if share and validation is None and is_indexable(x):
        (x, y, weight), validation = _split((x, y, weight), share)
    size, steps = _batches(x, arguments)
    return Handed(
        x=x,
        y=y,
        sample_weight=weight,
        validation=validation,
        batch_size=size,
        steps=steps,
        shuffled=is_indexable(x) and bool(arguments.get("shuffle", True)),
    )


def unpack(data: Any) -> tuple[Any, Any, Any] | None:
    """`(x, y, sample_weight)` of what was given as validation_data."""
    if data is None:
        return None
    if isinstance(data, list):
        data = tuple(data)
    if not isinstance(data, tuple):
        return data, None, None
    x, y, weight = (*data, None, None)[:3]
    return x, y, weight


def is_indexable(x: Any) -> bool:
    """Arrays (or a structure of them), as against data sets, sequences and generators."""
    first = first_leaf(x)
    return hasattr(first, "shape") and hasattr(first, "__getitem__") and len(first.shape) > 0


def first_leaf(x: Any) -> Any:
    """The first array of a structure of arrays."""
    while isinstance(x, list | tuple | Mapping) and len(x):
        x = next(iter(x.values())) if isinstance(x, Mapping) else x[0]
    return x


def _split(parts: tuple[Any, Any, Any], share: float) -> tuple[Any, Any]:
    """Keras's cut: the last rows, before any shuffle."""
    import keras

    count = int(first_leaf(parts[0]).shape[0])
    cut = math.floor(count * (1.0 - share))

    def take(rows: slice) -> Any:
        return tuple(
            None if p is None else keras.tree.map_structure(lambda a: a[rows], p) for p in parts
        )

    return take(slice(None, cut)), take(slice(cut, None))


def _batches(x: Any, arguments: Mapping[str, Any]) -> tuple[int | None, int | None]:
    asked = arguments.get("steps_per_epoch")
    steps = int(asked) if asked else None
    if is_indexable(x):
        rows = int(arguments.get("batch_size") or 32)
        return rows, steps or math.ceil(int(first_leaf(x).shape[0]) / rows)
    size = _batch_of(x)
    if steps is None:
        try:
            length = int(x.cardinality()) if hasattr(x, "cardinality") else len(x)
        except Exception:  # noqa: BLE001 - a data set of unknown length
            length = 0
        steps = length if length > 0 else None
    return size, steps


def _batch_of(x: Any) -> int | None:
    """Batch size of a data set: from its shapes, else from its batch operation."""
    spec = getattr(x, "element_spec", None)
    leaf = first_leaf(spec)
    shape = getattr(leaf, "shape", None)
    if shape is not None and shape.rank and shape[0] is not None:
        return int(shape[0])
    for name in ("batch_size", "_batch_size"):
        value = getattr(x, name, None)
        if value is not None:
            try:
                return int(value)
            except (TypeError, ValueError):
                continue
    inner = getattr(x, "_input_dataset", None)
    return _batch_of(inner) if inner is not None else None
