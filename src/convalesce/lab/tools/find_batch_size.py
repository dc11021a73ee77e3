"""The batch size that reaches a given loss in the least time on this machine."""

from __future__ import annotations

import math
import os
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from convalesce.lab.rig import Rig, rigged, source_of
from convalesce.lab.tools.find_learning_rate import present_rate
from convalesce.observe.kept import Rows

SIZES = (16, 64, 256, 1024)
SMALL, PARTS = 16, 8  # a large batch of the noise scale is so many small ones
DRAWS = 12  # large batches
WARM_STEPS = 50
TIMED = 5
UPDATES = 10  # an epoch, at the least
MEMORY_SHARE = 0.5  # of what is free, for activations and their gradients


@dataclass(frozen=True, slots=True, kw_only=True)
class BatchSizeFound:
    """What was found, and from what.

    Attributes:
        size: The batch size to take, a power of two.
        noise_scale: Examples at which noise and signal of the gradient are equal; infinity where
            no signal stood out of the noise.
        seconds: Measured time of one update, by batch size.
        memory_bound: Largest size that fits into memory, estimated; infinity where it is not known.
        why: In a sentence.
    """

    size: int
    noise_scale: float
    seconds: dict[int, float]
    memory_bound: float
    why: str

    def __str__(self) -> str:
        return self.why


def find_batch_size(  # noqa: PLR0913 - each one is named where it is called
    model: Any,
    x: Any,
    y: Any,
    *,
    sample_weight: Any = None,
    batch_size: int = 32,
    sizes: Sequence[int] = SIZES,
    warm_steps: int = WARM_STEPS,
    draws: int = DRAWS,
    memory_bytes: float | None = None,
    seed: int = 0,
) -> BatchSizeFound:
    """The gradient noise scale and the measured time of an update, bounded by memory.

    McCandlish, Kaplan, Amodei and the OpenAI Dota Team, *An Empirical Model of Large-Batch
    Training*, 2018: with batches of B examples a loss is reached after a number of updates
    proportional to 1 + N / B, N the noise scale tr(Σ) / |G|². |G|² and tr(Σ) come from gradients of
    batches of two sizes (appendix A.1). Where an update takes a + b B seconds, the time to that
    loss is least at B = √(N a / b). N grows in the course of a training; it is measured after
    `warm_steps` updates at the model's rate. The model is left as it was.

    Args:
        model: Built and compiled; its loss, rate and optimizer are used.
        x: Inputs, arrays `(examples, ...)` or a structure of them.
        y: Targets.
        sample_weight: Weight of each example, shape `(examples,)`.
        batch_size: In use now; for the first updates, and to compare with.
        sizes: At which an update is timed; those larger than the data are left out.
        warm_steps: Updates before the gradients are measured.
        draws: Large batches whose gradients are measured.
        memory_bytes: Free memory; of the machine (or the GPU) where it is not given.
        seed: Of the order of the examples.

    Raises:
        ValueError: There are too few examples, or the model can't be trained so.
    """
    source = source_of(x, y, sample_weight, batch_size)
    if not isinstance(source, Rows):
        raise ValueError(  # noqa: TRY004 - one kind of error for what does not fit
            "batches of several sizes are drawn: arrays are expected, not a data set"
        )
    count = int(source.count)
    if count < 4 * SMALL:
        raise ValueError(f"x has {count} examples; {4 * SMALL} at the least are needed")
    rate = present_rate(model, warm_steps)
    with rigged(model, source) as rig:
        rig.train([rate] * warm_steps, seed)
        noise = _noise_scale(rig, draws, seed)
        bound, seconds = _timed(rig, [s for s in sizes if s <= count], seed)
    memory = _memory_bound(model, memory_bytes)
    bound = min(bound, memory)
    most = max(1.0, min(bound, count / UPDATES))
    size = 2 ** round(math.log2(max(1.0, min(quickest(noise, seconds), most))))
    size = size if size <= most else size // 2
    return BatchSizeFound(
        size=size,
        noise_scale=noise,
        seconds=seconds,
        memory_bound=bound,
        why=_why(size, noise, seconds, bound, count, batch_size),
    )


def quickest(noise: float, seconds: dict[int, float]) -> float:
    """Examples a batch at which the time to a given loss is least; the noise scale if not timed.

    Args:
        noise: The noise scale.
        seconds: Of an update, by batch size.
    """
    if len(seconds) < 2 or not math.isfinite(noise):
        return noise
    sizes = np.array(list(seconds), np.float64)
    each, once = np.polyfit(sizes, np.array(list(seconds.values())), 1)
    if each <= 0:
        return float(sizes.max())  # larger batches took no longer, as far as was measured
    return float(max(math.sqrt(noise * max(once, 0.0) / each), sizes.min()))


def noise_scale(squares: Sequence[tuple[float, float]], small: int, large: int) -> float:
    """tr(Σ) / |G|² from squared norms of gradients of batches of two sizes.

    Args:
        squares: `(|G_small|², |G_large|²)`, one pair a draw.
        small: Examples of the smaller batches.
        large: Examples of the larger ones.
    """
    of_small, of_large = np.asarray(squares, np.float64).mean(0)
    signal = (large * of_large - small * of_small) / (large - small)
    noise = (of_small - of_large) / (1 / small - 1 / large)
    return float(noise / signal) if signal > 0 else math.inf


def _noise_scale(rig: Rig, draws: int, seed: int) -> float:
    rows: Rows = rig.source
    parts = min(PARTS, rows.count // SMALL)
    gradient = _gradient_of(rig.model)
    batches = replace(rig, source=replace(rows, batch=SMALL)).batches(seed)
    squares = []
    for _ in range(draws):
        each = [gradient(*next(batches)) for _ in range(parts)]
        if not all(np.isfinite(g).all() for g in each):
            return math.inf
        mean = np.mean(each, axis=0, dtype=np.float64)
        squares.append((float(np.mean([(g**2).sum() for g in each])), float((mean**2).sum())))
    return max(0.0, noise_scale(squares, SMALL, SMALL * parts))


def _gradient_of(model: Any) -> Any:
    """The gradient of a batch's mean loss, flattened, shape `(weights,)`."""
    import tensorflow as tf

    variables = model.trainable_variables

    @tf.function(reduce_retracing=True)  # type: ignore[untyped-decorator]
    def gradient(x: Any, y: Any, weight: Any) -> Any:
        with tf.GradientTape() as tape:
            answers = model(x, training=True)
            loss = model.compute_loss(x=x, y=y, y_pred=answers, sample_weight=weight)
        found = tape.gradient(loss, [v.value for v in variables])
        flat = [tf.reshape(tf.cast(g, tf.float32), [-1]) for g in found if g is not None]
        return tf.concat(flat, axis=0)

    def flattened(x: Any, y: Any, weight: Any) -> NDArray[np.float32]:
        return np.asarray(gradient(x, y, weight).numpy())

    return flattened


def _timed(rig: Rig, sizes: Sequence[int], seed: int) -> tuple[float, dict[int, float]]:
    """Largest size that could be trained, and the seconds of an update at each."""
    import tensorflow as tf

    seconds: dict[int, float] = {}
    for size in sizes:
        model = rig.model
        batches = replace(rig, source=replace(rig.source, batch=size)).batches(seed)
        try:
            taken = []
            for _ in range(TIMED + 1):
                x, y, weight = next(batches)
                begun = time.perf_counter()
                model.train_on_batch(x, y, sample_weight=weight)
                taken.append(time.perf_counter() - begun)
        except (tf.errors.ResourceExhaustedError, MemoryError):
            return float(max(seconds, default=1)), seconds
        # The first one was spent on tracing.
        seconds[size] = float(np.median(taken[1:]))
    return math.inf, seconds


def _memory_bound(model: Any, free: float | None) -> float:
    """Examples whose activations and their gradients fit into memory; infinity if not known."""
    entries = 0
    for layer in model._flatten_layers():  # noqa: SLF001
        try:
            shape = getattr(layer.output, "shape", None)
        except (AttributeError, ValueError):
            continue  # a layer that is called several times, or a subclassed model
        if shape is not None and None not in shape[1:]:
            entries += math.prod(shape[1:])
    free = free if free is not None else _free_memory()
    if not entries or free is None:
        return math.inf
    return MEMORY_SHARE * free / (2 * 4 * entries)


def _free_memory() -> float | None:
    """Free bytes of the machine; None where the system does not say, or a GPU is used.

    A GPU that is too small shows while updates are timed.
    """
    import tensorflow as tf

    if tf.config.list_logical_devices("GPU"):
        return None
    try:
        return float(os.sysconf("SC_AVPHYS_PAGES") * os.sysconf("SC_PAGE_SIZE"))
    except (AttributeError, OSError, ValueError):
        return None


def _why(  # noqa: PLR0913, PLR0917 - the figures of one sentence
    size: int, noise: float, seconds: dict[int, float], bound: float, count: int, now: int
) -> str:
    scale = "above all sizes tried" if noise == math.inf else f"about {noise:.3g} examples"
    said = [f"{size}: reaches a loss in the least time; the gradient noise scale is {scale}"]
    if noise > count / UPDATES and bound > count / UPDATES:
        said.append(f"{count} examples leave {UPDATES} updates an epoch only up to that size")
    elif bound < noise:
        said.append(f"memory holds about {bound:.0f} examples")
    if seconds:
        rates = ", ".join(f"{s / t:.3g} at {s}" for s, t in seconds.items())
        said.append(f"examples a second: {rates}")
    if size != now:
        said.append(
            f"against {now} now: scale the rate with it, in proportion for SGD, by the root for "
            "Adam"
        )
    return "; ".join(said)
