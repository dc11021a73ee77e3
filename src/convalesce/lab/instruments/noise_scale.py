"""Gradient noise scale: how many examples must an update average to be more signal than noise?

B = tr Σ / |G|², Σ the covariance of the gradient of one example and G its mean. Below B, twice the
batch lowers the loss of a step nearly as much as two steps; far above B, a larger batch brings
nothing. Both are estimated without bias from the norms of gradients of a small and a large batch:
    |G|² = (B_big |G_big|² − B_small |G_small|²) / (B_big − B_small)
    tr Σ = (|G_small|² − |G_big|²) / (1/B_small − 1/B_big)
Small are the halves of several batches, large is all of them together.

Source: S. McCandlish, J. Kaplan, D. Amodei and the OpenAI Dota team, 2018, "An empirical model of
large-batch training", arXiv:1812.06162, equation 2.9 and appendix A.1.
"""

from __future__ import annotations

import math
from itertools import islice
from typing import Any

import numpy as np
from numpy.typing import NDArray

from convalesce import core
from convalesce.lab.loss import Normalisation, full_batches, gradient_of, quiet, some
from convalesce.lab.untouched import untouched
from convalesce.observe.kept import Rows
from convalesce.readings.intervals import bootstrap

BATCHES = 8
MOST_BYTES = 512 << 20  # of gradients held at once

Floats = NDArray[np.float64]


def noise_scale(
    model: Any,
    rows: Rows,
    *,
    batches: int = BATCHES,
    normalisation: Normalisation = "batch",
    seed: int = 0,
) -> core.NoiseScale:
    """Simple noise scale of the loss on these examples, at the present weights, without dropout.

    The interval is a bootstrap over the half-batch gradients. Cost: 1.2 steps a batch and
    6 for tracing: 16 for 8 batches.

    Args:
        model: Compiled and built.
        rows: Examples to draw from; `batch` is the size of the training's updates.
        batches: That are drawn; fewer where their gradients would not fit into 512 MiB.
        normalisation: Statistics that BatchNormalization uses.
        seed: Of the draw.

    Raises:
        core.CannotChange: There are fewer than four examples, or the loss can't be asked for.
    """
    count, batch = rows.count, rows.batch
    half = min(batch, count // 2) // 2
    if half < 1:
        raise core.CannotChange(f"{count} examples are too few: two batches of two are needed")
    size = sum(int(np.prod(v.shape)) for v in model.trainable_variables)
    fits = max(2, int(MOST_BYTES // max(8 * size, 1)))
    drawn = list(islice(full_batches(count, half, seed), 2 * max(2, min(batches, fits))))
    with untouched(model), quiet(model, normalisation):
        gradient = gradient_of(model)
        found = np.stack(
            [
                np.concatenate(
                    [np.ravel(np.asarray(g, np.float32)) for g in gradient(*some(rows, index))]
                )
                for index in drawn
            ]
        )
    return read(np.asarray(found @ found.T, np.float64), half, batch, seed)


def read(products: Floats, small: int, batch: int, seed: int = 0) -> core.NoiseScale:
    """Noise scale from the inner products of the gradients of small batches.

    Args:
        products: Shape `(gradients, gradients)`.
        small: Examples of each.
        batch: Of one update of the training.
        seed: Of the bootstrap.
    """
    signal, noise = estimates(products, small)
    value = scale_of(signal, noise)

    def resampled(index: NDArray[np.int64]) -> float:
        return scale_of(*estimates(products, small, index))

    low, high = bootstrap(resampled, len(products), seed)
    return core.NoiseScale(
        figure=core.Figure(value, low, high, "examples"),
        signal=signal,
        noise=noise,
        batch=batch,
        gradients=len(products),
        says=_says(value, low, high, batch),
    )


def estimates(
    products: Floats, small: int, index: NDArray[np.int64] | None = None
) -> tuple[float, float]:
    """|G|² and tr Σ by the formulas above.

    Pairs of one gradient with itself that resampling makes are left out of |G_big|²: they would
    count its noise as signal.
    """
    times = np.ones(len(products))
    if index is not None:
        times = np.bincount(index, minlength=len(products)).astype(np.float64)
    pairs = times.sum() ** 2 - (times**2).sum()
    if not pairs:
        return math.nan, math.nan
    norms = np.diag(products)
    own = float(times @ norms / times.sum())  # mean |G_small|²
    signal = float((times @ products @ times - times**2 @ norms) / pairs)
    return signal, small * (own - signal)


def scale_of(signal: float, noise: float) -> float:
    """Ratio tr Σ / |G|²; infinite where the estimate of the signal is not above zero."""
    if not (math.isfinite(signal) and math.isfinite(noise)):
        return math.nan
    return max(noise, 0.0) / signal if signal > 0 else math.inf


def _says(value: float, low: float, high: float, batch: int) -> str:
    if math.isnan(value):
        return "the gradients are not finite"
    if math.isinf(value):
        return f"in batches of {batch} the gradient can't be told from noise"
    if low > batch:
        verdict = "an update is mostly noise"
    elif high < batch:
        verdict = "an update is mostly signal"
    else:
        verdict = "signal and noise of an update can't be told apart in size"
    return f"the noise scale is {value:.3g} examples against a batch of {batch}: {verdict}"
