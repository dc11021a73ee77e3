"""Rare classes evened out by new training examples."""

from __future__ import annotations

import warnings
from dataclasses import replace
from typing import Any

import numpy as np

from convalesce import core
from convalesce.lab import rows
from convalesce.lab.rows import Array
from convalesce.lab.setting import Setting
from convalesce.lab.tools.oversample import oversample
from convalesce.observe.arguments import first_leaf
from convalesce.observe.kept import Rows


def apply(change: core.Oversample, setting: Setting) -> Setting:
    """The setting with its rare classes raised to `ratio` of the largest.

    Only what is fed is resampled; answers are asked on the examples as they were, and validation
    is not looked at.
    """
    train = setting.train
    if change.method != "random" and "tokens" in rows.kinds(setting):
        raise core.CannotChange("token numbers can't be interpolated; repeat whole examples")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            fed = _repeated(train, change) if change.method == "random" else _mixed(train, change)
    except ValueError as error:
        raise core.CannotChange(str(error)) from error
    if fed.count == train.count:
        raise core.CannotChange(f"every class has {change.ratio:g} of the largest already")
    # New examples stand at the end: fed in order, the last batches would be of them alone.
    dealt = np.random.default_rng([setting.seed, 9]).permutation(fed.count)
    return rows.changed(setting, train=rows.take(fed, dealt) if not train.shuffled else fed)


def _repeated(train: Rows, change: core.Oversample) -> Rows:
    numbers = np.arange(train.count)[:, None]
    taken, _ = oversample(numbers, first_leaf(train.y), "random", change.ratio)
    return rows.take(train, taken[:, 0])


def _mixed(train: Rows, change: core.Oversample) -> Rows:
    import keras

    if train.weight is not None:
        raise core.CannotChange("the examples carry weights, which mixtures have none of")
    if len(rows.leaves(train.y)) != 1:
        raise core.CannotChange("there are several targets, and mixtures have one class")
    arrays = rows.leaves(train.x)
    if not all(rows.numeric(array) for array in arrays):
        raise core.CannotChange("inputs that are no numbers can't be interpolated")
    flats = [array.reshape(len(array), -1) for array in arrays]
    table = (
        flats[0] if len(flats) == 1 else np.concatenate([f.astype(np.float32) for f in flats], 1)
    )
    made, labels = oversample(table, first_leaf(train.y), change.method, change.ratio)
    cuts = np.cumsum([f.shape[1] for f in flats])[:-1]
    parts = [
        _like(part, array) for part, array in zip(np.split(made, cuts, 1), arrays, strict=True)
    ]
    packed: Any = keras.tree.pack_sequence_as(train.x, parts)
    return replace(train, x=packed, y=keras.tree.pack_sequence_as(train.y, [labels]))


def _like(flat: Array, array: Array) -> Array:
    if array.dtype.kind in "iu" and flat.dtype != array.dtype:
        limits = np.iinfo(array.dtype)
        flat = np.clip(np.rint(flat), limits.min, limits.max)
    return np.asarray(flat, array.dtype).reshape(-1, *array.shape[1:])
