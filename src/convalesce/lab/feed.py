"""Batches for an arm: the same for every arm of equal seed, batch size and examples."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from convalesce import core
from convalesce.lab.generated import generated
from convalesce.lab.redraw import redrawn
from convalesce.lab.rows import labels_of
from convalesce.observe.arguments import first_leaf, unpack
from convalesce.observe.kept import TRAIN_BYTES, VALIDATION_BYTES, Rows
from convalesce.readings.data_reading import ORDERED, beyond_chance, togetherness

READ_S = 10.0  # for reading a data set


def order(rows: Rows, seed: int) -> Iterator[NDArray[np.int64]]:
    """Indices of the examples of each update, epoch after epoch, without end."""
    epoch = 0
    while True:
        if rows.shuffled:
            dealt = np.random.default_rng([seed, epoch]).permutation(rows.count)
        else:
            dealt = np.arange(rows.count)
        for start in range(0, rows.count, rows.batch):
            yield dealt[start : start + rows.batch]
        epoch += 1


def batches(rows: Rows, steps: int, seed: int, class_weight: Any = None) -> Any:
    """A `tf.data.Dataset` of `(x, y)` or `(x, y, weight)` batches, `steps` of them."""
    import keras
    import tensorflow as tf

    if rows.redrawn is not None and rows.redrawn.holds(rows) and not class_weight:
        return rows.redrawn.batches(_orders(rows, steps, seed), rows.batch).take(steps)
    weight = _weighted(rows, class_weight)
    parts = [p for p in (rows.x, rows.y, weight) if p is not None]
    tensors = [keras.tree.map_structure(tf.convert_to_tensor, p) for p in parts]

    dealt = [index for index, _ in zip(order(rows, seed), range(steps), strict=False)]
    indices = tf.RaggedTensor.from_row_lengths(
        np.concatenate(dealt), [len(index) for index in dealt]
    )

    def gather(index: Any) -> Any:
        taken = tuple(
            keras.tree.map_structure(lambda t: tf.gather(t, index), part) for part in tensors
        )
        return taken if len(taken) > 1 else taken[0]

    made = tf.data.Dataset.from_tensor_slices(indices)
    return made.map(gather, deterministic=True).prefetch(2)


def _orders(rows: Rows, steps: int, seed: int) -> NDArray[np.int64]:
    """Orders of as many epochs as so many updates take, shape `(epochs, examples)`."""
    each = -(-rows.count // rows.batch)
    dealt = order(rows, seed)
    epochs = [[next(dealt) for _ in range(each)] for _ in range(-(-steps // each))]
    return np.array([np.concatenate(one) for one in epochs])


def _weighted(rows: Rows, class_weight: Any) -> Any:
    """Sample weights with class weights multiplied in, as Keras does."""
    if not class_weight:
        return rows.weight
    y = np.asarray(first_leaf(rows.y))
    labels = y.argmax(-1) if y.ndim > 1 and y.shape[-1] > 1 else y.reshape(len(y), -1)[:, 0]
    weights = np.array([class_weight.get(int(label), 1.0) for label in labels], np.float32)
    return weights if rows.weight is None else np.asarray(rows.weight, np.float32) * weights


def read(rows: Rows, *, training: bool) -> Rows:
    """The same with the user's data set read into arrays, as many batches as fit.

    Raises:
        core.CannotChange: It can't be read again, or its batches don't make up arrays.
    """
    if rows.dataset is None:
        return rows
    if training and (drawn := generated(rows.dataset, rows)) is not None:
        return drawn
    if rows.seen:
        made = replace(joined(list(rows.seen), rows), whole=False, steps=None)
        return replace(made, shuffled=not in_class_order(made))
    if not hasattr(rows.dataset, "element_spec"):
        raise core.CannotChange("its data came from a source that can't be read twice")
    import keras

    most, ends = TRAIN_BYTES if training else VALIDATION_BYTES, time.monotonic() + READ_S
    kept: list[tuple[Any, Any, Any]] = []
    held, enough, ended = 0, False, False
    try:
        for element in rows.dataset:
            parts = unpack(element) or (element, None, None)
            batch = tuple(
                None if p is None else keras.tree.map_structure(np.asarray, p) for p in parts
            )
            kept.append((batch[0], batch[1], batch[2]))
            held += sum(a.nbytes for p in batch if p is not None for a in keras.tree.flatten(p))
            enough = training and rows.steps is not None and len(kept) >= rows.steps
            if held >= most or time.monotonic() > ends or enough:
                break
        else:
            ended = True
    except Exception as error:
        raise core.CannotChange(f"its data set can't be read again: {error}") from error
    whole = ended or enough
    steps = rows.steps if enough and not ended else None
    made = replace(joined(kept, rows), whole=whole, steps=steps)
    return replace(made, redrawn=redrawn(rows.dataset, made)) if training and whole else made


def dealt_as(rows: Rows, split: object) -> Rows:
    """In a new order each epoch where the pipeline mixes all its examples.

    A smaller buffer leaves the order that the examples have nearly as it is, and may be a fault.
    """
    buffer = split.shuffle_buffer if isinstance(split, core.Split) else None
    mixes = buffer is not None and buffer >= rows.count
    return replace(rows, shuffled=True) if mixes else rows


def in_class_order(rows: Rows) -> bool:
    """Batches hold mostly examples of one class: the order is a fault that arms must show."""
    labels = labels_of(rows)
    if labels is None:
        return False
    classes, index = np.unique(labels, return_inverse=True)
    if not 1 < len(classes) < len(labels):
        return False
    batch = np.arange(len(index)) // rows.batch
    counts = np.zeros((int(batch[-1]) + 1, len(classes)))
    np.add.at(counts, (batch, index), 1.0)
    alike, chance, _ = togetherness(counts, (counts.sum(0) / len(index)).tolist())
    return beyond_chance(alike, chance) >= ORDERED.value


def joined(kept: list[tuple[Any, Any, Any]], rows: Rows) -> Rows:
    """Batches in order as one set of examples.

    Raises:
        core.CannotChange: There are none, or their shapes differ.
    """
    import keras

    if not kept:
        raise core.CannotChange("its data set gave no batch")

    def join(number: int) -> Any:
        parts = [batch[number] for batch in kept]
        if any(p is None for p in parts):
            return None
        return keras.tree.map_structure(lambda *arrays: np.concatenate(arrays), *parts)

    try:
        x, y, weight = join(0), join(1), join(2)
    except ValueError as error:
        raise core.CannotChange(f"its batches differ in shape: {error}") from error
    size = max(int(first_leaf(batch[0]).shape[0]) for batch in kept)
    return replace(rows, x=x, y=y, weight=weight, dataset=None, batch=size)
