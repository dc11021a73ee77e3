"""Batches in which every class has an equal part, without a copy of any example."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import keras
import numpy as np
from numpy.typing import NDArray

from convalesce.lab.tools.classes import read_classes

SHUFFLED = 1024  # examples of each class that a data set is mixed over


def balanced_batches(  # noqa: PLR0913 - each one is named where it is called
    x: Any,
    y: Any = None,
    batch_size: int = 32,
    *,
    classes: Sequence[int] | None = None,
    steps: int | None = None,
    seed: int = 0,
) -> Any:
    """The training split as batches of equal parts of each class.

    Rare examples come more often, common ones less often; none is made up. Of arrays, each class is
    dealt round by round: no example comes again before all of its class have come.

    Args:
        x: Training inputs, arrays `(examples, ...)` or a structure of them; or a `tf.data.Dataset`
            of single examples `(x, y)`, not batched.
        y: Labels of arrays, shape `(examples,)`, `(examples, 1)` or one-hot; None for a data set.
        batch_size: Examples a batch. Where classes do not divide it, the rest goes to a class each
            in turn.
        classes: Class numbers of a data set, which is not read to find them; all that are named
            must occur. For one-hot labels the columns.
        steps: Batches an epoch; as many as the examples fill. Needed for a data set, which is
            repeated without end.
        seed: Of the order.

    Returns:
        A `keras.utils.PyDataset` for arrays, a `tf.data.Dataset` for a data set: both for `fit`,
        without `batch_size` (and, for a data set, with `steps_per_epoch`).

    Raises:
        ValueError: The arguments do not fit.
    """
    if batch_size < 1:
        raise ValueError(f"batch_size={batch_size}; one at the least is expected")
    if hasattr(x, "element_spec"):
        return _of_data_set(x, y, batch_size, classes, seed)
    if y is None:
        raise ValueError("x is an array and y is missing; a label for each example is expected")
    return BalancedBatches(x, y, batch_size, steps, seed)


class BalancedBatches(keras.utils.PyDataset):  # type: ignore[misc]  # Keras ships no types
    """Arrays dealt into batches of equal parts of each class; see `balanced_batches`."""

    def __init__(self, x: Any, y: Any, batch_size: int, steps: int | None, seed: int) -> None:
        super().__init__()
        self._x, self._y = keras.tree.map_structure(np.asarray, x), np.asarray(y)
        found = read_classes(y)
        count = len(keras.tree.flatten(self._x)[0])
        if count != len(found.ids):
            raise ValueError(f"x has {count} examples and y has {len(found.ids)} labels")
        self._own = [np.flatnonzero(found.ids == n) for n in range(len(found.counts))]
        self._batch_size, self._seed, self._epoch = batch_size, seed, 0
        self._steps = steps or math.ceil(count / batch_size)
        self._dealt = self._deal()

    def __len__(self) -> int:
        return self._steps

    def __getitem__(self, number: int) -> tuple[Any, Any]:
        rows = self._dealt[number]
        return keras.tree.map_structure(lambda a: a[rows], self._x), self._y[rows]

    def on_epoch_end(self) -> None:
        """Deal anew."""
        self._epoch += 1
        self._dealt = self._deal()

    def _deal(self) -> NDArray[np.int64]:
        """Rows of each batch of the epoch, shape `(steps, batch)`."""
        draw = np.random.default_rng([self._seed, self._epoch])
        total = self._steps * self._batch_size
        # The classes in turn, so that every stretch of a batch's length has them in equal parts.
        turns = np.concatenate(
            [draw.permutation(len(self._own)) for _ in range(-(-total // len(self._own)))]
        )[:total]
        rows = np.empty(total, np.int64)
        for number, own in enumerate(self._own):
            places = np.flatnonzero(turns == number)
            rounds = [draw.permutation(own) for _ in range(-(-len(places) // len(own)))]
            if rounds:
                rows[places] = np.concatenate(rounds)[: len(places)]
        return rows.reshape(self._steps, self._batch_size)


def _of_data_set(
    data: Any, y: Any, batch_size: int, classes: Sequence[int] | None, seed: int
) -> Any:
    import tensorflow as tf

    spec = data.element_spec
    if y is not None or not isinstance(spec, tuple) or len(spec) < 2:
        raise ValueError("a data set of pairs (x, y) is expected, and no y beside it")
    if classes is None or len(set(classes)) < 2:
        raise ValueError("classes= is needed for a data set: the class numbers to be balanced")
    rank = spec[1].shape.rank
    if rank is None or rank > 1 or (rank == 1 and spec[1].shape[0] is None):
        raise ValueError(
            f"the labels have shape {spec[1].shape}; single examples are expected: unbatch the "
            "data set first"
        )
    one_hot = rank == 1 and (spec[1].shape[0] or 1) > 1

    def of_class(number: int) -> Any:
        def belongs(*parts: Any) -> Any:
            label = tf.argmax(parts[1]) if one_hot else tf.reshape(parts[1], [])
            return tf.equal(tf.cast(label, tf.int64), number)

        mixed = data.filter(belongs).shuffle(SHUFFLED, seed=seed, reshuffle_each_iteration=True)
        return mixed.repeat()

    # In turn, not by lot: every batch has equal parts.
    turns = tf.data.Dataset.range(len(classes)).repeat()
    chosen = tf.data.Dataset.choose_from_datasets(
        [of_class(number) for number in classes], turns, stop_on_empty_dataset=True
    )
    return chosen.batch(batch_size, drop_remainder=True).prefetch(2)
