"""Optimizers side by side, each at its own best rate, on the same budget of updates."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from convalesce.lab.rates import candidates, chosen, estimates, range_test, tried
from convalesce.lab.rig import Rig, level, rigged, source_of
from convalesce.readings.comparisons import simultaneous

NAMES = ("sgd", "rmsprop", "adam", "adamw", "lion")
MOMENTUM = 0.9  # for SGD by its name: plain SGD is seldom what is meant
RANGE_STEPS = 60
RATES = np.geomspace(1e-6, 10.0, RANGE_STEPS).tolist()
SHARE = 5  # a trial of a rate takes so small a part of the steps
SHORTEST = 10
UNSEEN = 1000  # seeds of the comparison are none that a rate was chosen by


@dataclass(frozen=True, slots=True, kw_only=True)
class OptimizerTried:
    """One optimizer at its own best rate.

    Attributes:
        rate: nan where it trained at none.
        losses: Training loss at the end (median of the last third), one for each seed.
        validation: Loss on the validation examples, one for each seed; empty without them.
    """

    name: str
    rate: float
    losses: tuple[float, ...]
    validation: tuple[float, ...] = ()

    @property
    def loss(self) -> float:
        """What it is ranked by: the mean on validation, or else on training."""
        return float(np.mean(self.validation or self.losses))


@dataclass(frozen=True, slots=True, kw_only=True)
class OptimizersCompared:
    """The comparison; `str()` is a table.

    Attributes:
        tried: Best first.
        steps: Updates of each training.
        equal: Names of those that did as well as the best within noise, the best first.
    """

    tried: tuple[OptimizerTried, ...]
    steps: int
    equal: tuple[str, ...]

    @property
    def best(self) -> OptimizerTried:
        """The first of the table."""
        return self.tried[0]

    def __str__(self) -> str:
        held = any(t.validation for t in self.tried)
        lines = [f"{'optimizer':<12} {'rate':>9} {'loss':>9}" + (f" {'val_loss':>9}" * held)]
        for one in self.tried:
            line = f"{one.name:<12} {one.rate:>9.2g} {float(np.mean(one.losses)):>9.4g}"
            lines.append(line + (f" {float(np.mean(one.validation)):>9.4g}" if held else ""))
        lines.append(
            f"{self.steps} updates each, at its own best rate, {len(self.best.losses)} seeds; "
            f"equal within noise: {', '.join(self.equal)}"
        )
        return "\n".join(lines)


def compare_optimizers(  # noqa: PLR0913 - each one is named where it is called
    model: Any,
    x: Any,
    y: Any = None,
    names: Sequence[Any] = NAMES,
    *,
    steps: int = 200,
    validation: tuple[Any, Any] | None = None,
    sample_weight: Any = None,
    class_weight: Any = None,
    batch_size: int = 32,
    seeds: Sequence[int] = (0, 1),
) -> OptimizersCompared:
    """Train each optimizer for `steps` updates from the same weights, at the rate that suits it.

    A comparison at default rates compares defaults. So a range test and short trainings of
    `steps` / 5 updates find each one's rate, on other seeds than those of the comparison. The model
    is left as it was.

    Args:
        model: Built and compiled; its loss is used.
        x: Inputs, arrays `(examples, ...)` or a structure of them; or a data set of batches.
        y: Targets; None for a data set, whose batches bring them.
        names: Names that Keras knows (`sgd` is taken with momentum 0.9), or optimizers, whose other
            settings are kept.
        steps: Updates of each training that is compared.
        validation: `(x, y)` that they are ranked by; never trained on. Without it, training loss.
        sample_weight: Weight of each example, shape `(examples,)`.
        class_weight: As fit takes it.
        batch_size: For arrays.
        seeds: One training an optimizer each, two at the least.

    Raises:
        ValueError: The model can't be trained so, or the arguments do not fit.
    """
    if steps < SHORTEST or len(seeds) < 2 or not names:
        raise ValueError(
            f"steps={steps}, {len(seeds)} seeds and {len(names)} optimizers; {SHORTEST}, 2 and 1 "
            "at the least are expected"
        )
    source = source_of(x, y, sample_weight, batch_size)
    found = []
    for name in names:
        optimizer = _made(name)
        title = name if isinstance(name, str) else _title(optimizer)
        with rigged(model, source, optimizer, class_weight) as rig:
            present = _default(optimizer)
            rate = _best_rate(rig, present, steps, seeds)
            found.append(_compared(rig, title, rate, steps, seeds, validation))
    found.sort(key=lambda t: (math.isnan(t.loss), t.loss))
    return OptimizersCompared(tried=tuple(found), steps=steps, equal=_equal(found))


def _made(name: Any) -> Any:
    import keras

    try:
        made = keras.optimizers.get(name)
    except ValueError as error:
        raise ValueError(f"Keras has no optimizer {name!r}") from error
    if isinstance(name, str) and type(made).__name__ == "SGD":
        return keras.optimizers.SGD(momentum=MOMENTUM)
    return made


def _title(optimizer: Any) -> str:
    """Its class, and of SGD what tells one from another."""
    momentum = getattr(optimizer, "momentum", 0.0) if type(optimizer).__name__ == "SGD" else 0.0
    nesterov = bool(momentum) and bool(getattr(optimizer, "nesterov", False))
    said = f", momentum {momentum:g}" if momentum else ""
    return f"{type(optimizer).__name__}{said}{', Nesterov' * nesterov}"


def _default(optimizer: Any) -> float:
    """Rate of the optimizer as it was given; where it has a schedule, its first."""
    return float(optimizer.learning_rate)


def _best_rate(rig: Rig, present: float, steps: int, seeds: Sequence[int]) -> float:
    suggested = estimates(range_test(rig, RATES, seeds[0]))
    short = max(SHORTEST, steps // SHARE)
    trials = tried(rig, candidates(suggested, present), steps=short, seeds=seeds)
    best, _, _ = chosen(trials)
    return best.rate if best.loss < math.inf else math.nan


def _compared(  # noqa: PLR0913, PLR0917 - inner part of the comparison
    rig: Rig,
    name: str,
    rate: float,
    steps: int,
    seeds: Sequence[int],
    validation: tuple[Any, Any] | None,
) -> OptimizerTried:
    losses, held = [], []
    for seed in seeds if rate > 0 else ():
        losses.append(level(rig.train([rate] * steps, seed + UNSEEN), steps))
        if validation is not None:
            reached = rig.model.evaluate(*validation, verbose=0, return_dict=True)["loss"]
            held.append(float(reached) if math.isfinite(float(reached)) else math.inf)
    nothing = (math.inf,) * len(seeds)
    return OptimizerTried(
        name=name,
        rate=rate,
        losses=tuple(losses) or nothing,
        validation=tuple(held) or (nothing if validation is not None else ()),
    )


def _equal(found: Sequence[OptimizerTried]) -> tuple[str, ...]:
    """The best, and those that are not worse beyond the noise between seeds.

    Paired by seed, since all saw the same batches; the intervals hold for all of them at once.
    """
    best, others = found[0], [t for t in found[1:] if math.isfinite(t.loss)]
    effects = simultaneous(
        best.validation or best.losses, [t.validation or t.losses for t in others], floor=0.0
    )
    alike = [t.name for t, e in zip(others, effects, strict=True) if not e.low > 0]
    return (best.name, *alike)
