"""Class labels in the forms that Keras takes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]


@dataclass(frozen=True, slots=True, eq=False)
class Classes:
    """Labels of examples.

    Attributes:
        ids: Number of each example's class, 0 to `len(values) - 1`; int64, shape `(examples,)`.
        values: What stands for each class: its label, or its column for one-hot rows.
        counts: Examples of each class; int64, shape `(classes,)`.
        written: Gives class numbers, shape `(n,)`, the form and type that the labels had.
    """

    ids: NDArray[np.int64]
    values: Array
    counts: NDArray[np.int64]
    written: Callable[[NDArray[np.int64]], Array]


def read_classes(y: Any) -> Classes:
    """Labels of shape `(examples,)`, `(examples, 1)` or one-hot `(examples, classes)`.

    Raises:
        ValueError: They name no one class for each example.
    """
    labels = np.asarray(y)
    if not labels.size:
        raise ValueError("y holds no labels; one for each example of x is expected")
    if labels.ndim == 2 and labels.shape[1] > 1:
        return _one_hot(labels)
    if labels.ndim > 2 or (labels.ndim == 2 and labels.shape[1] != 1) or not labels.ndim:
        raise ValueError(
            f"y has shape {labels.shape}; one class an example is expected: shape (examples,), "
            "(examples, 1) or one-hot (examples, classes). A mask or sequence of labels names "
            "several classes an example: weigh its loss instead (FocalLoss, CostSensitiveLoss)"
        )
    flat = labels.reshape(-1)
    if flat.dtype.kind == "f" and not np.array_equal(flat, np.rint(flat)):
        raise ValueError(
            f"y holds fractions or NaN (such as {flat[flat != np.rint(flat)][0]:.4g}); class "
            "labels are expected: whole numbers or text"
        )
    values, ids, counts = np.unique(flat, return_inverse=True, return_counts=True)
    shape = (-1,) if labels.ndim == 1 else (-1, 1)
    return Classes(ids.astype(np.int64), values, counts, lambda i: values[i].reshape(shape))


def _one_hot(labels: Array) -> Classes:
    ones = labels == 1
    if not ((ones.sum(1) == 1) & ((labels == 0) | ones).all(1)).all():
        wrong = int(np.argmin((ones.sum(1) == 1) & ((labels == 0) | ones).all(1)))
        raise ValueError(
            f"y has rows of {labels.shape[1]}, and row {wrong} ({labels[wrong].tolist()}) has not "
            "exactly one 1 among zeros; one-hot rows are expected. Several labels an example, or "
            "shares, belong to no one class"
        )
    columns = labels.argmax(1)
    values, ids, counts = np.unique(columns, return_inverse=True, return_counts=True)
    eye = np.eye(labels.shape[1], dtype=labels.dtype)
    return Classes(ids.astype(np.int64), values, counts, lambda i: eye[values[i]])
