"""Counts of classes among the targets of a batch, where targets are classes."""

from __future__ import annotations

from typing import Any

import tensorflow as tf

MOST_CLASSES = 1024


def classes_of(model: Any, y: Any, output: Any) -> int:
    """Number of classes that targets of the only output are drawn from; 0 where there are none.

    Args:
        model: Compiled with the loss that tells.
        y: Targets of a batch.
        output: What the model answered.
    """
    word = _loss_name(model)
    about = ("crossentropy", "focal", "hinge", "dice", "tversky")
    if not isinstance(y, tf.Tensor) or not isinstance(output, tf.Tensor):
        return 0
    if not any(part in word for part in about) or not 1 <= (y.shape.rank or 0) <= 2:
        return 0
    width = 1 if y.shape.rank == 1 else y.shape[-1]
    answers = output.shape[-1] if output.shape.rank == 2 else None
    if not width or not answers or answers > MOST_CLASSES:
        return 0
    if width > 1:
        return int(width) if width == answers else 0
    return 2 if answers == 1 else int(answers)


def label_counts(y: Any, classes: int) -> Any:
    """Examples of each class, shape `(classes,)`; for several labels an example, the sums."""
    if y.shape.rank == 2 and y.shape[-1] > 1:
        return tf.reduce_sum(tf.cast(y, tf.float32), 0)
    number = tf.cast(tf.reshape(y, [-1]), tf.int32)
    return tf.reduce_sum(tf.one_hot(number, classes), 0)


def _loss_name(model: Any) -> str:
    loss = model.loss
    if isinstance(loss, list | tuple) and len(loss) == 1:
        loss = loss[0]
    if isinstance(loss, dict) and len(loss) == 1:
        loss = next(iter(loss.values()))
    if isinstance(loss, str):
        return loss.lower()
    return str(getattr(loss, "name", None) or getattr(loss, "__name__", "")).lower()
