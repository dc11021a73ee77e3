"""What appliers do with the examples of a setting. Arrays are never changed in place."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any, TypeVar, cast

import numpy as np
from numpy.typing import NDArray

from convalesce import core
from convalesce.lab.setting import Setting
from convalesce.observe.arguments import first_leaf
from convalesce.observe.kept import Rows
from convalesce.observe.scan.fingerprints import hash_rows

T = TypeVar("T")
Array = NDArray[Any]
Indices = NDArray[np.int64]

CLASSES = frozenset({"class_index", "binary", "sign", "one_hot"})
BINS = 10  # of figures, where a split is to be stratified by them


def changed(
    setting: Setting,
    *,
    train: Rows | None = None,
    judged: Rows | None = None,
    validation: Rows | None = None,
    **others: Any,
) -> Setting:
    """The setting with other examples.

    `train` and `judged` are two objects afterwards: what was recorded of the user's data no
    longer holds for them.
    """
    train = train if train is not None else replace(setting.train)
    judged = judged if judged is not None else setting.judged
    return replace(
        setting,
        train=train,
        judged=replace(judged) if judged is train else judged,
        validation=validation if validation is not None else setting.validation,
        **others,
    )


def everywhere(setting: Setting, change: Callable[[Rows], Rows], **others: Any) -> Setting:
    """The setting with one change made to the examples of every split."""
    train = change(setting.train)
    judged = replace(train) if setting.judged is setting.train else change(setting.judged)
    held = change(setting.validation) if setting.validation is not None else None
    return changed(setting, train=train, judged=judged, validation=held, **others)


def take(rows: Rows, index: Indices | NDArray[np.bool_]) -> Rows:
    """Some of the examples, in the order of `index`."""
    import keras

    def pick(part: Any) -> Any:
        if part is None:
            return None
        return keras.tree.map_structure(lambda a: np.asarray(a)[index], part)

    return replace(rows, x=pick(rows.x), y=pick(rows.y), weight=pick(rows.weight))


def pooled(first: Rows, second: Rows) -> Rows:
    """The examples of both, as one set that is batched as the first was.

    Raises:
        core.CannotChange: Their shapes differ.
    """
    import keras

    def join(a: Any, b: Any) -> Any:
        if a is None and b is None:
            return None
        return keras.tree.map_structure(lambda *both: np.concatenate(both), a, b)

    weights = [first.weight, second.weight]
    if any(w is None for w in weights) and not all(w is None for w in weights):
        weights = [
            np.ones(r.count, np.float32) if r.weight is None else r.weight for r in (first, second)
        ]
    try:
        return replace(
            first,
            x=join(first.x, second.x),
            y=join(first.y, second.y),
            weight=join(*weights),
            whole=first.whole and second.whole,
        )
    except ValueError as error:
        raise core.CannotChange(f"the splits can't be put together: {error}") from error


def map_inputs(rows: Rows, change: Callable[[int, Array], Array]) -> Rows:
    """Each input through a function of its number and its array."""
    return replace(rows, x=_mapped(rows.x, change))


def map_targets(rows: Rows, change: Callable[[int, Array], Array]) -> Rows:
    """Each target through a function of its number and its array."""
    return replace(rows, y=_mapped(rows.y, change))


def _mapped(part: Any, change: Callable[[int, Array], Array]) -> Any:
    import keras

    flat = [change(number, np.asarray(a)) for number, a in enumerate(keras.tree.flatten(part))]
    return keras.tree.pack_sequence_as(part, flat)


def leaves(part: Any) -> list[Array]:
    """The arrays of a structure, in Keras's order."""
    import keras

    return [np.asarray(a) for a in keras.tree.flatten(part) if a is not None]


def fact(setting: Setting, signal: core.Signal[T]) -> T | None:
    """What was recorded of the observed fit; None where nothing was."""
    return cast("T | None", setting.original.recorded.get(signal))


def kinds(setting: Setting) -> list[str]:
    """Kind of each input, `core.Inputs.kind`; tokens are known by an Embedding as well."""
    arrays = leaves(setting.train.x)
    split = fact(setting, core.TRAIN)
    facts = split.inputs if split is not None else ()
    if len(facts) == len(arrays):
        return [one.kind for one in facts]
    layers: list[Any] = getattr(setting.model, "_flatten_layers", list)()
    embeds = any(type(layer).__name__ == "Embedding" for layer in layers)
    return ["tokens" if embeds and a.ndim <= 2 else "other" for a in arrays]


def numeric(array: Array) -> bool:
    """Its entries can be reckoned with."""
    return array.dtype.kind in "biuf"


def labels_of(rows: Rows) -> Indices | None:
    """Class of each example, shape `(examples,)`; None where the targets are no classes."""
    y = np.asarray(first_leaf(rows.y)) if rows.y is not None else np.zeros(0)
    if y.dtype.kind not in "biuf" or not y.size or y.ndim > 2:
        return None
    rowed = y.reshape(len(y), -1)
    flat = rowed.argmax(1) if rowed.shape[1] > 1 else rowed[:, 0]
    if not np.isfinite(flat).all() or not np.array_equal(flat, np.rint(flat)):
        return None
    return flat.astype(np.int64)


def strata(rows: Rows, form: str) -> Indices:
    """Group of each example that a split shall deal evenly: its class, or the tenth of its figure.

    Masks, and whatever else has no one label an example, are one group.
    """
    labels = labels_of(rows) if form in CLASSES else None
    if labels is not None:
        return np.asarray(np.unique(labels, return_inverse=True)[1], np.int64)
    y = np.asarray(first_leaf(rows.y))
    if y.dtype.kind not in "biuf" or y.size != len(y):
        return np.zeros(rows.count, np.int64)
    figures = np.nan_to_num(y.reshape(-1).astype(np.float64))
    ends = np.quantile(figures, np.linspace(0, 1, BINS + 1)[1:-1])
    return np.asarray(np.searchsorted(ends, figures), np.int64)


def prints(rows: Rows) -> NDArray[np.uint64]:
    """Hash of the inputs of each example, shape `(examples,)`."""
    return hash_rows(leaves(rows.x))


def finite(rows: Rows) -> NDArray[np.bool_]:
    """Whether all inputs, targets and weights of each example are finite."""
    sound = np.ones(rows.count, bool)
    for array in _numbers(rows):
        sound &= np.isfinite(array.reshape(len(array), -1)).all(1)
    return sound


def _numbers(rows: Rows) -> Iterator[Array]:
    for part in (rows.x, rows.y, rows.weight):
        for array in leaves(part) if part is not None else ():
            if array.dtype.kind == "f":
                yield array


def needs_some(kept: NDArray[np.bool_], what: str) -> None:
    """Refuses to leave out none or all of the examples.

    Raises:
        core.CannotChange: With the reason.
    """
    if kept.all():
        raise core.CannotChange(f"no training or validation example {what}")
    if not kept.any():
        raise core.CannotChange(f"every example {what}: none would be left")
