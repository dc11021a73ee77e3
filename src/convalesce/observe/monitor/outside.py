"""Weights read between two steps, where nothing may be read inside them."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import tensorflow as tf

from convalesce.observe.monitor.layout import Layout, Row
from convalesce.observe.monitor.statistics import parts, single, squares


def weights_of(model: Any) -> list[tuple[str, Any]]:
    """Copies of the trainable weights, by path."""
    return [
        (v.path, tf.identity(tf.convert_to_tensor(v.value)))
        for v in model.trainable_variables
        if tf.as_dtype(v.dtype).is_floating
    ]


def compare(before: list[tuple[str, Any]], model: Any) -> Row:
    """Norms of weights and of their update; all else is unknown.

    Args:
        before: `weights_of` the model before the step.
        model: After it.
    """
    after = dict(weights_of(model))
    kept = [(name, old) for name, old in before if name in after]
    found = np.full((len(kept), 6), np.nan)
    if kept:
        old = [single(value) for _, value in kept]
        moved = [single(after[name] - value) for name, value in kept]
        (sums,) = parts([*old, *moved], [squares])
        found[:, 4:] = np.sqrt(sums.numpy().astype(np.float64)).reshape(2, -1).T
    return Row(
        layout=Layout(variables=tuple(name for name, _ in kept), exact=False),
        loss=math.nan,
        penalty=math.nan,
        learning_rate=math.nan,
        examples=math.nan,
        inputs=np.zeros((0, 3)),
        targets=np.zeros(0),
        labels=np.zeros(0),
        variables=found,
        layers=np.zeros((0, 6)),
    )


def bad_weight(model: Any) -> str:
    """Path of the first trainable variable with a value that is not finite; empty for none."""
    weights = weights_of(model)
    if not weights:
        return ""
    (sums,) = parts([single(value) for _, value in weights], [squares])
    if np.isfinite(sums.numpy()).all():
        return ""
    return next(
        (name for name, value in weights if not np.isfinite(value.numpy().astype("f4")).all()), ""
    )
