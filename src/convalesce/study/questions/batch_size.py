"""Which batch size: quality, time an epoch, memory, and how much of an update is noise?

Rates are scaled with the batch: in proportion for SGD (Goyal et al. 2017), by its root for adaptive
optimizers (Malladi et al. 2022). The gradient noise scale is that of McCandlish et al. 2018.
"""

from __future__ import annotations

import math
from collections.abc import Callable

from convalesce import core
from convalesce.readings.structure import count, layers_of
from convalesce.study.questions.bench import Bench, Trained, gain, percent

FACTORS = (0.25, 0.5, 1.0, 2.0, 4.0)
SMALLEST = 2
FEWEST_BATCHES = 2  # an epoch
BYTES = 4  # of one float32

Noise = Callable[[], core.NoiseScale]


def batch_size(bench: Bench, signals: core.Signals, noise: Noise) -> core.Answer:
    """A ladder of sizes around the present one, at scaled rates and at the present rate.

    Args:
        bench: Trains.
        signals: The record of the fit.
        noise: Measures the gradient noise scale.
    """
    setup = signals.recorded.get(core.SETUP)
    if not isinstance(setup, core.Setup) or not setup.batch_size:
        return core.Answer(question="batch-size", says="The size of a batch is not known here.")
    present = setup.batch_size
    rate = setup.optimizer.learning_rate if setup.optimizer is not None else math.nan
    most = present * bench.reach.steps / max(1, bench.reach.epochs) / FEWEST_BATCHES
    sizes = sorted(
        {round(present * f) for f in FACTORS if f == 1 or SMALLEST <= present * f <= most}
    )
    sets = [() if s == present else (core.SetBatchSize(s),) for s in sizes]
    shown = dict(zip(sizes, bench.train(sets), strict=True))
    fixed: dict[int, Trained] = {}
    if math.isfinite(rate):
        others = [s for s in sizes if s != present]
        same = [(core.SetBatchSize(s), core.SetLearningRate(rate)) for s in others]
        fixed = dict(zip(others, bench.train(same), strict=True))
    control = shown[present]
    not_asked = [(str(s), t.why_not) for s, t in shown.items() if t.why_not]
    scale: core.NoiseScale | None = None
    try:
        scale = noise()
    except core.CannotChange as error:
        not_asked.append(("gradient noise scale", str(error)))
    rows = [
        (
            f"{size}{' (as it is)' if size == present else ''}",
            percent(one.mean),
            "" if size == present else gain(bench.compared(control, one)),
            percent(fixed[size].mean) if size in fixed else "",
            f"{one.seconds / bench.reach.epochs:.2f}" if math.isfinite(one.seconds) else "–",
            f"{memory_mb(signals, size):.1f}",
        )
        for size, one in shown.items()
    ]
    return core.Answer(
        question="batch-size",
        says=_says(bench, shown, present) + (f" {_sentence(scale.says)}" if scale else ""),
        head=("batch", "mean", "gain (95 %)", "at the same rate", "s an epoch", "memory, MB"),
        rows=tuple(rows),
        curves=(
            core.Curve(
                name="rate scaled",
                x=tuple(map(float, shown)),
                y=tuple(t.mean for t in shown.values()),
            ),
            core.Curve(
                name="same rate",
                x=tuple(map(float, fixed)),
                y=tuple(t.mean for t in fixed.values()),
            ),
        ),
        axes=("examples a batch", str(bench.what)),
        not_asked=tuple(not_asked),
    )


def memory_mb(signals: core.Signals, batch: int) -> float:
    """About what a training step holds: activations twice, weights, gradients, two slots."""
    layers = layers_of(signals)
    outputs = sum(count(layer.output_shape) for layer in layers)
    weights = sum(layer.parameters for layer in layers)
    return BYTES * (2 * batch * outputs + 4 * weights) / 2**20


def _sentence(said: str) -> str:
    return said[:1].upper() + said[1:] + ("" if said.endswith(".") else ".")


def _says(bench: Bench, shown: dict[int, Trained], present: int) -> str:
    control = shown[present]
    better = [
        (size, one, found)
        for size, one in shown.items()
        if size != present and (found := bench.compared(control, one)).low > 0
    ]
    if better:
        size, one, found = max(better, key=lambda b: b[1].mean)
        return (
            f"Batches of {size} do better than {present}: {percent(one.mean)} against "
            f"{percent(control.mean)}, {gain(found)} points."
        )
    alike = [
        size
        for size, one in shown.items()
        if size > present and bench.compared(control, one).high > 0 and math.isfinite(one.mean)
        and bench.compared(control, one).low > -bench.compared(control, one).relevant
    ]  # fmt: skip
    if alike:
        return f"No size is better than {present} beyond noise; up to {max(alike)} none is worse."
    return f"No size is better than {present} beyond noise: keep it."
