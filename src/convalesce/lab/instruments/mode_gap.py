"""Does the model answer alike in training and in inference mode, on the same rows and weights?

The gap has two makers. Dropout and other random layers are off in inference; BatchNormalization
uses moving statistics there, which lag behind in short trainings, and batch statistics in training.
Each is found by switching it alone. The moving statistics are compared with the mean of the
batches' own over a large sample at the present weights, which is where they would settle.

Sources: S. Ioffe, C. Szegedy, 2015, "Batch normalization", ICML, algorithm 2; Y. Wu, J. Johnson,
2021, "Rethinking 'Batch' in BatchNorm", arXiv:2105.07576, section 3 (precise statistics); X. Li et
al., 2019, "Understanding the disharmony between dropout and batch normalization by variance
shift", CVPR.
"""

from __future__ import annotations

import math
from itertools import islice
from typing import Any

import numpy as np

from convalesce import core
from convalesce.lab import compilation
from convalesce.lab.loss import (
    Floats,
    full_batches,
    mean_loss,
    normalising,
    quiet,
    some,
    tensors,
    total_loss,
)
from convalesce.lab.untouched import untouched
from convalesce.observe.kept import Rows
from convalesce.readings.intervals import mean_interval

BATCHES = 16
LAGGING = 0.1  # standard deviations, or logarithm of variances, beyond the noise of batches


def mode_gap(model: Any, rows: Rows, *, batches: int = BATCHES, seed: int = 0) -> core.ModeGap:
    """Loss in inference mode less that in training mode, batch by batch, and what makes it.

    Penalties are in all losses alike. Cost: 1.2 steps a batch and 6 for tracing: 25 for 16 batches.

    Args:
        model: Compiled and built, at the weights that are asked about.
        rows: Examples as the training sees them; `batch` decides the batch statistics.
        batches: That are compared.
        seed: Of the draw of batches and of dropout.

    Raises:
        core.CannotChange: The loss can't be asked for by itself.
    """
    drawn = islice(full_batches(rows.count, rows.batch, seed), batches)
    given = [tensors(*some(rows, index)) for index in drawn]
    with untouched(model) as state:
        found = np.zeros((4, len(given)))
        inference = mean_loss(model)
        found[2] = [inference(*batch) for batch in given]
        training = mean_loss(model, training=True)
        compilation.restore(model, state, seed)
        found[0] = [training(*batch) for batch in given]
        compilation.restore(model, state)
        means, variances, found[1] = _statistics(model, given)
        compilation.restore(model, state)
        layers = [
            _compared(layer, mean, variance)
            for layer, mean, variance in zip(normalising(model), means, variances, strict=True)
        ]
        for layer, mean, variance in zip(normalising(model), means, variances, strict=True):
            layer.moving_mean.assign(mean.mean(0))
            layer.moving_variance.assign(variance.mean(0))
        found[3] = [inference(*batch) for batch in given] if layers else found[2]
    return _read(found, tuple(layers))


def _statistics(model: Any, given: list[Any]) -> tuple[list[Floats], list[Floats], list[float]]:
    """Means and variances of each batch, by layer, shape `(batch, channels)`; and its loss.

    A momentum of 0 makes the moving statistics those of the last batch.
    """
    import tensorflow as tf

    layers = normalising(model)
    before = [layer.momentum for layer in layers]
    seen: list[list[tuple[Any, Any]]] = []
    losses = []
    try:
        for layer in layers:
            layer.momentum = 0.0
        with quiet(model, "batch"):
            asked = tf.function(
                lambda x, y, weight: total_loss(model, x, y, weight), reduce_retracing=True
            )
            for batch in given:
                losses.append(float(asked(*batch)))
                seen.append(
                    [(_array(layer.moving_mean), _array(layer.moving_variance)) for layer in layers]
                )
    finally:
        for layer, momentum in zip(layers, before, strict=True):
            layer.momentum = momentum
    means = [np.stack([one[i][0] for one in seen]) for i in range(len(layers))]
    variances = [np.stack([one[i][1] for one in seen]) for i in range(len(layers))]
    return means, variances, losses


def _array(variable: Any) -> Floats:
    return np.array(variable.numpy(), np.float64)


def _compared(layer: Any, means: Floats, variances: Floats) -> core.MovingStatistics:
    """Moving statistics of a layer against the mean over batches."""
    small = float(layer.epsilon)
    mean, variance = means.mean(0), variances.mean(0) + small
    off = (_array(layer.moving_mean) - mean) / np.sqrt(variance)
    wide = np.log((_array(layer.moving_variance) + small) / variance)
    # What an average over 1 / (1 − momentum) batches would scatter by, and this sample as well.
    share = (1 - layer.momentum) / (1 + layer.momentum) + 1 / len(means)
    scatter = (means.std(0) ** 2 / variance + (variances.std(0) / variance) ** 2) * share
    return core.MovingStatistics(
        layer=layer.name,
        mean=_size(off),
        variance=_size(wide),
        noise=math.sqrt(float(scatter.mean())),
    )


def _size(values: Floats) -> float:
    return math.sqrt(float((values**2).mean()))


def _read(found: Floats, layers: tuple[core.MovingStatistics, ...]) -> core.ModeGap:
    training, quietly, inference, settled_loss = (float(v) for v in found.mean(1))
    gap, low, high = mean_interval(found[2] - found[0])
    lagging = [one for one in layers if not max(one.mean, one.variance) <= LAGGING + 3 * one.noise]
    return core.ModeGap(
        figure=core.Figure(gap, low, high, "loss"),
        training=training,
        quiet=quietly,
        inference=inference,
        settled_loss=settled_loss,
        random=quietly - training,
        normalisation=inference - quietly,
        unsettled=inference - settled_loss,
        layers=layers,
        settled=not lagging,
        says=_says(training, inference, (low, high), lagging),
    )


def _says(
    training: float,
    inference: float,
    interval: tuple[float, float],
    lagging: list[core.MovingStatistics],
) -> str:
    both = f"{inference:.3g} in inference mode and {training:.3g} in training mode"
    if not (math.isfinite(training) and math.isfinite(inference)):
        return f"the loss is {both}"
    apart = interval[0] > 0 or interval[1] < 0
    start = f"on the same rows the loss is {both}" + ("" if apart else ", which is no difference")
    if not lagging:
        return start
    worst = max(lagging, key=lambda one: max(one.mean, one.variance))
    return (
        f"{start}; moving statistics lag behind in {len(lagging)} layers, most in {worst.layer} "
        f"({worst.mean:.2g} standard deviations)"
    )
