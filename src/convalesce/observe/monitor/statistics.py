"""The statistics as graph operations: few of them, one vector out.

What costs is memory traffic for large tensors and the number of operations for small ones. So
each large tensor is read as few times as possible, and all small ones are joined and reduced by
segments. The counts of values that are not finite are taken only when a sum says there are some.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import tensorflow as tf

SMALL = 4096  # entries; below it an operation costs more to start than to run
ELEMENTS = 32_768  # of a layer's output that are looked at, so far as that is `ROWS` of the batch
ROWS = (4, 256)
FLAT_ENDS = {
    "tanh": (-0.97, 0.97),
    "sigmoid": (0.03, 0.97),
    "hard_sigmoid": (0.001, 0.999),
    "hard_tanh": (-0.999, 0.999),
}


@dataclass(frozen=True, slots=True)
class Update:
    """One variable: its gradient, and its value before and after. The gradient may be None."""

    gradient: Any
    old: Any
    new: Any


@dataclass(frozen=True, slots=True)
class Tapped:
    """A layer's output, the axis of its channels, and the flat ends of its activation."""

    output: Any
    channels: int = -1
    flat: tuple[float, float] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """All that a step showed.

    Attributes:
        head: Loss, penalty, learning rate and rows: four scalars.
        inputs: Numeric tensors of the batch. So are `targets`.
        labels: Counts of each class, or None.
        updates: Of each variable.
        taps: Outputs of layers.
        scale: Gradients are divided by it; None for 1.
    """

    head: Sequence[Any]
    inputs: Sequence[Any]
    targets: Sequence[Any]
    labels: Any
    updates: Sequence[Update]
    taps: Sequence[Tapped]
    scale: Any


def single(tensor: Any) -> Any:
    """As float32."""
    return tensor if tensor.dtype == tf.float32 else tf.cast(tensor, tf.float32)


def dense(gradient: Any) -> Any:
    """A gradient as one tensor; rows that an embedding met several times are summed."""
    if isinstance(gradient, tf.IndexedSlices):
        shape = gradient.dense_shape
        return tf.math.unsorted_segment_sum(gradient.values, gradient.indices, shape[0])
    return tf.convert_to_tensor(gradient)


def entries(tensor: Any) -> int:
    """Number of entries, where the shape is known; a huge number else."""
    return int(tensor.shape.num_elements() or 1 << 40)


def parts(tensors: Sequence[Any], names: Sequence[Callable[[Any, Any], Any]]) -> list[Any]:
    """Reductions of every tensor: a list with one vector of length `len(tensors)` each.

    Args:
        tensors: All float32.
        names: Each takes a flat tensor and a reduction (None for the whole, else a pair of segment
            ids and their number) and reduces it.
    """
    small = [i for i, t in enumerate(tensors) if entries(t) <= SMALL]
    if len(small) < 3:
        small = []
    large = [i for i in range(len(tensors)) if i not in set(small)]
    found: list[list[Any]] = [[name(tensors[i], None) for i in large] for name in names]
    columns = [tf.stack(values) if values else tf.zeros([0]) for values in found]
    if small:
        flat = tf.concat([tf.reshape(tensors[i], [-1]) for i in small], 0)
        sizes = [entries(tensors[i]) for i in small]
        segments = tf.constant(np.repeat(np.arange(len(small), dtype=np.int32), sizes))
        joined = (segments, len(small))
        columns = [
            tf.concat([column, name(flat, joined)], 0)
            for column, name in zip(columns, names, strict=True)
        ]
        order = np.argsort(np.array(large + small))
        columns = [tf.gather(column, order) for column in columns]
    return columns


def squares(tensor: Any, segments: Any) -> Any:
    """Sum of squares."""
    if segments is None:
        return 2.0 * tf.nn.l2_loss(tensor)
    return tf.math.unsorted_segment_sum(tensor * tensor, *segments)


def largest(tensor: Any, segments: Any) -> Any:
    """Largest absolute entry."""
    if segments is None:
        return tf.reduce_max(tf.abs(tensor))
    return tf.math.unsorted_segment_max(tf.abs(tensor), *segments)


def zeros(tensor: Any, segments: Any) -> Any:
    """Number of entries that are exactly zero."""
    hits = tf.cast(tf.equal(tensor, 0.0), tf.float32)
    if segments is None:
        return tf.reduce_sum(hits)
    return tf.math.unsorted_segment_sum(hits, *segments)


def nonfinite(tensor: Any, segments: Any) -> Any:
    """Number of entries that are not finite."""
    hits = tf.cast(~tf.math.is_finite(tensor), tf.float32)
    if segments is None:
        return tf.reduce_sum(hits)
    return tf.math.unsorted_segment_sum(hits, *segments)


def activation(tapped: Tapped) -> tuple[Any, Any]:
    """Mean, deviation, zero share, saturated share and dead share of a layer, and what was read."""
    x = single(tapped.output[: rows_of(tapped.output)])
    axes = list(range(x.shape.rank))
    del axes[tapped.channels]
    count = tf.cast(tf.size(x), tf.float32)
    mean = tf.reduce_mean(x)
    deviation = tf.sqrt(2.0 * tf.nn.l2_loss(x - mean) / count)
    alive = tf.reduce_sum(tf.cast(tf.not_equal(x, 0.0), tf.float32), axes)
    saturated = tf.constant(0.0)
    if tapped.flat is not None:
        low, high = tapped.flat
        saturated = tf.reduce_mean(tf.cast((x > high) | (x < low), tf.float32))
    figures = [
        mean,
        deviation,
        1.0 - tf.reduce_sum(alive) / count,
        saturated,
        tf.reduce_mean(tf.cast(tf.equal(alive, 0.0), tf.float32)),
    ]
    return tf.stack(figures), x


def rows_of(output: Any) -> int:
    """Rows of the batch to look at: more of small outputs, where a rare unit may look dead."""
    size = int(np.prod([d or 64 for d in output.shape[1:]]))
    return int(np.clip(ELEMENTS // max(size, 1), *ROWS))


def joined(seen: Seen) -> Any:
    """The whole vector, in the order of `Layout`."""
    inputs, targets, updates = seen.inputs, seen.targets, seen.updates
    gradients = [single(dense(u.gradient)) for u in updates if u.gradient is not None]
    old, moved = [single(u.old) for u in updates], [single(u.new - u.old) for u in updates]
    figures, outputs = _activations(seen.taps)
    ranges = [tf.stack([single(tf.reduce_min(x)), single(tf.reduce_max(x))]) for x in inputs]
    floats = [single(x) for x in (*inputs, *targets)]
    groups = [floats, gradients, old + moved, outputs]
    sums, highest, blank = _gradients(gradients, seen.scale)
    norms, steps = _norms(old, moved)
    alarms = [tf.reduce_sum(x) for x in floats]
    checks = [tf.stack(alarms)] if alarms else []
    checks += [sums, norms, steps, figures[:, 1]]
    bad_floats, bad_gradients, bad_weights, bad_seen = _counts(checks, groups)
    sizes = tf.constant([float(entries(g)) for g in gradients])
    found = tf.stack([tf.sqrt(sums), highest, bad_gradients, blank / sizes], 1)
    absent = tf.constant([[0.0, 0.0, 0.0, 1.0]])
    where = np.cumsum([u.gradient is not None for u in updates], dtype=np.int32) - 1
    where[[i for i, u in enumerate(updates) if u.gradient is None]] = len(gradients)
    found = tf.gather(tf.concat([found, absent], 0), where)
    lost = bad_weights[: len(old)]
    variables = tf.concat([found, _marked(norms, lost)[:, None], tf.sqrt(steps)[:, None]], 1)
    count = len(inputs)
    pieces = [tf.stack([single(tf.convert_to_tensor(h)) for h in seen.head])]
    if inputs:
        pieces.append(tf.reshape(tf.concat([tf.stack(ranges), bad_floats[:count, None]], 1), [-1]))
    pieces += [bad_floats[count:]]
    pieces += [] if seen.labels is None else [single(seen.labels)]
    layers = tf.concat([figures[:, :4], bad_seen[:, None], figures[:, 4:]], 1)
    pieces += [tf.reshape(variables, [-1]), tf.reshape(layers, [-1])]
    return tf.concat(pieces, 0)


def _marked(squared: Any, bad: Any) -> Any:
    """Norm of a variable; nan where it holds values that are not finite."""
    return tf.where(bad > 0, tf.constant(float("nan")), tf.sqrt(squared))


def _activations(taps: Sequence[Tapped]) -> tuple[Any, list[Any]]:
    if not taps:
        return tf.zeros([0, 5]), []
    found = [activation(tapped) for tapped in taps]
    return tf.stack([f for f, _ in found]), [x for _, x in found]


def _gradients(gradients: Sequence[Any], scale: Any) -> tuple[Any, Any, Any]:
    if not gradients:
        return tf.zeros([0]), tf.zeros([0]), tf.zeros([0])
    sums, highest, blank = parts(gradients, [squares, largest, zeros])
    if scale is not None:
        sums, highest = sums / scale / scale, highest / scale
    return sums, highest, blank


def _norms(old: Sequence[Any], moved: Sequence[Any]) -> tuple[Any, Any]:
    if not old:
        return tf.zeros([0]), tf.zeros([0])
    (sums,) = parts([*old, *moved], [squares])
    return sums[: len(old)], sums[len(old) :]


def _counts(checks: Sequence[Any], groups: Sequence[Sequence[Any]]) -> list[Any]:
    """Numbers of non-finite values in each tensor of each group, counted only where one is."""
    fine = tf.reduce_all(tf.math.is_finite(tf.concat(checks, 0)))
    total = sum(len(group) for group in groups)

    def count() -> Any:
        return tf.concat(
            [parts(group, [nonfinite])[0] if group else tf.zeros([0]) for group in groups], 0
        )

    counts = tf.cond(fine, lambda: tf.zeros([total]), count)
    return list(tf.split(counts, [len(group) for group in groups]))
