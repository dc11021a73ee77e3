"""Which batch size: quality, time an epoch, memory, and how much of an update is noise?

Each size is trained at two rates, and judged by the better one: at a rate scaled with the batch, in
proportion for SGD (Goyal et al. 2017), by its root for adaptive optimizers (Malladi et al. 2022),
and at the rate of the script; neither rule holds for every net. The gradient noise scale is that of
McCandlish et al. 2018.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from itertools import takewhile

from convalesce import core
from convalesce.readings.pairs import Effect
from convalesce.readings.rates import scaled_within
from convalesce.readings.structure import count, layers_of
from convalesce.study.questions.bench import GAIN, Bench, gain, percent, together
from convalesce.study.questions.trained import Trained

FACTORS = (0.25, 0.5, 1.0, 2.0, 4.0)
SMALLEST = 2
FEWEST_BATCHES = 2  # an epoch
BYTES = 4  # of one float32
RATES = {"scaled": "scaled", "kept": "present"}
SAME = 1e-9  # factors on a rate that differ by less are one

Noise = Callable[[], core.NoiseScale]


@dataclass(frozen=True, slots=True)
class Sized:
    """Trainings with batches of one size.

    Attributes:
        rate: Where the better of the two was trained: `scaled`, or `kept`.
        trained: At that rate.
        found: Against the script as it is; None for its own size.
        other: The mean at the other rate; nan where there was none.
    """

    size: int
    rate: str
    trained: Trained
    found: Effect | None = None
    other: float = math.nan

    @property
    def worse(self) -> bool:
        """It fails, or lies below the present size beyond noise or by what counts."""
        if self.trained.failed or self.trained.why_not or self.found is None:
            return True
        return self.found.high < 0 or self.found.mean <= -self.found.relevant

    @property
    def better(self) -> bool:
        """Beyond noise, and it never fails."""
        return self.found is not None and self.found.low > 0 and not self.trained.failed


def batch_size(bench: Bench, signals: core.Signals, noise: Noise) -> core.Answer:
    """A ladder of sizes around the present one, each at the better of two rates.

    Args:
        bench: Trains.
        signals: The record of the fit.
        noise: Measures the gradient noise scale.
    """
    setup = signals.recorded.get(core.SETUP)
    if not isinstance(setup, core.Setup) or not setup.batch_size:
        return core.Answer(question="batch-size", says="The size of a batch is not known here.")
    present = setup.batch_size
    name = setup.optimizer.name if setup.optimizer is not None else ""
    most = present * bench.reach.steps / max(1, bench.reach.epochs) / FEWEST_BATCHES
    wanted = {f: round(present * f) for f in FACTORS}
    sizes = sorted({s for f, s in wanted.items() if f == 1 or SMALLEST <= s <= most})
    sized, comparisons = _sized(bench, sizes, present, name)
    not_asked = [(str(s.size), s.trained.why_not) for s in sized if s.trained.why_not]
    not_asked += [
        (str(s), f"an epoch would have fewer than {FEWEST_BATCHES} batches")
        for s in sorted(set(wanted.values()) - set(sizes))
        if s > most
    ]
    scale: core.NoiseScale | None = None
    try:
        scale = noise()
    except core.CannotChange as error:
        not_asked.append(("gradient noise scale", str(error)))
    told = f" {_sentence(scale.says)}" if scale else ""
    return core.Answer(
        question="batch-size",
        says=_says(sized, present) + told + _by_updates(setup) + together(comparisons),
        head=(
            "batch", "rate", "mean", "failed", GAIN, "at other", "s/epoch", "MB",
        ),
        rows=tuple(_row(one, bench, signals) for one in sized),
        curves=(
            core.Curve(
                name="at the better rate",
                x=tuple(float(s.size) for s in sized),
                y=tuple(s.trained.mean for s in sized),
            ),
        ),
        axes=("examples a batch", str(bench.what)),
        not_asked=tuple(not_asked),
    )  # fmt: skip


def _sized(bench: Bench, sizes: list[int], present: int, name: str) -> tuple[list[Sized], int]:
    """Each size at the better of its rates, and how many comparisons that took."""
    factors = {s: scaled_within(name, s / present) for s in sizes}
    arms: list[tuple[int, str, tuple[core.Change, ...]]] = []
    for size, factor in factors.items():
        if size == present:
            continue
        arms.append((size, "scaled", (core.SetBatchSize(size),)))
        if abs(factor - 1) > SAME:
            undone = core.ScaleLearningRate(1 / factor)
            arms.append((size, "kept", (core.SetBatchSize(size), undone)))
    control, *shown = bench.train([(), *(changes for *_, changes in arms)])
    effects = bench.compared(control, shown)
    found = {present: Sized(present, "kept", control)}
    for size in sizes:
        own = [
            Sized(size, rate, trained, effect)
            for (s, rate, _), trained, effect in zip(arms, shown, effects, strict=True)
            if s == size
        ]
        if own:
            best, *others = sorted(own, key=_rank)
            other = others[0].trained.mean if others else math.nan
            found[size] = Sized(size, best.rate, best.trained, best.found, other)
    return [found[size] for size in sizes], len(arms)


def _rank(one: Sized) -> tuple[int, float]:
    mean = one.trained.mean
    return one.trained.failed, -mean if math.isfinite(mean) else math.inf


def _row(one: Sized, bench: Bench, signals: core.Signals) -> tuple[str, ...]:
    seconds = one.trained.seconds / bench.reach.epochs
    return (
        f"{one.size}{', now' if one.found is None else ''}",
        one.rate,
        percent(one.trained.mean),
        one.trained.failures,
        "" if one.found is None else gain(one.found),
        "" if one.found is None else percent(one.other),
        f"{seconds:.2f}" if math.isfinite(seconds) else "–",
        f"{memory_mb(signals, one.size):.1f}",
    )


def memory_mb(signals: core.Signals, batch: int) -> float:
    """About what a training step holds: activations twice, weights, gradients, two slots."""
    layers = layers_of(signals)
    outputs = sum(count(layer.output_shape) for layer in layers)
    weights = sum(layer.parameters for layer in layers)
    return BYTES * (2 * batch * outputs + 4 * weights) / 2**20


def _by_updates(setup: core.Setup) -> str:
    """That a schedule of the optimizer does not follow the batch."""
    schedule = setup.optimizer.schedule if setup.optimizer is not None else None
    if schedule is None:
        return ""
    return (
        f" {schedule.name} counts updates: with larger batches it is left before its end, with "
        "smaller ones it ends sooner."
    )


def _sentence(said: str) -> str:
    return said[:1].upper() + said[1:] + ("" if said.endswith(".") else ".")


def _says(sized: list[Sized], present: int) -> str:
    control = next(s for s in sized if s.size == present).trained
    if control.failed:
        return (
            f"Batches of {present}, as they are, fail at {control.failures}: nothing can be held "
            "against them."
        )
    better = [s for s in sized if s.better]
    if better:
        best = max(better, key=lambda s: s.trained.mean)
        return (
            f"Batches of {best.size} at the {RATES[best.rate]} rate do better than {present}: "
            f"{percent(best.trained.mean)} against {percent(control.mean)}, "
            f"{gain(best.found) if best.found is not None else ''} points."
        )
    larger = list(takewhile(lambda s: not s.worse, (s for s in sized if s.size > present)))
    if not larger:
        return f"No size is better than {present} beyond noise: keep it."
    least = min(s.found.low for s in larger if s.found is not None)
    lost = max(0, math.ceil(-100 * least))
    return (
        f"No size is better than {present} beyond noise; up to {larger[-1].size} none is worse "
        f"by more than {lost} points."
    )
