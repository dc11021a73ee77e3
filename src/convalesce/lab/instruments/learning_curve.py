"""Is more data worth it, and how much? Validation loss against the number of examples.

The same training is made on a quarter, on half and on all of the examples, with the same number of
updates, and a power law is fitted to the lowest validation loss of each
(`convalesce.readings.power_law`). Within the range that was measured this says whether the curve
still falls; beyond twice the data it is a guess.

Source: J. Hestness et al., 2017, "Deep learning scaling is predictable, empirically",
arXiv:1712.00409.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from itertools import islice
from typing import Any

import numpy as np

from convalesce import core
from convalesce.lab.loss import Floats, each_answer, full_batches, in_pieces, some, trained
from convalesce.lab.untouched import restart, untouched
from convalesce.observe.answers import first_targets
from convalesce.observe.kept import Rows
from convalesce.observe.score import score
from convalesce.readings.power_law import factor_for, power_law

SHARES = (0.25, 0.5, 1.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Course:
    """How each training of a learning curve is made.

    Attributes:
        steps: Updates of each training.
        shares: Of the examples, the smallest first.
        seeds: Trainings at each size; the smaller sets lie within the larger ones of a seed.
        looks: Times that a training is asked for its validation loss; the lowest counts, so that
            a small set is not judged by what it learnt by heart afterwards.
        gain: Share of the validation loss that is wished away.
        form: Of the targets, `core.Targets.form`, for the best constant answer.
    """

    steps: int = 200
    shares: Sequence[float] = SHARES
    seeds: int = 2
    looks: int = 5
    gain: float = 0.1
    form: str = ""


def learning_curve(
    model: Any, rows: Rows, validation: Rows, course: Course | None = None
) -> core.LearningCurve:
    """Train on growing shares of the examples and fit how the validation loss falls.

    Cost: shares · seeds · steps (1 200 steps as it stands), and `looks` validations each.

    Args:
        model: Compiled and built, with the weights to start from.
        rows: Training examples.
        validation: On which the loss is taken, in inference mode, penalties left out.
        course: How each training is made.

    Raises:
        core.CannotChange: There are fewer than two batches for the smallest share, no validation
            loss is finite, or the loss of an example can't be asked for.
    """
    course = course or Course()
    sizes = [max(1, round(share * rows.count)) for share in course.shares]
    if sizes[0] < 2 * rows.batch or len(set(sizes)) < 2:
        raise core.CannotChange(
            f"{rows.count} examples in batches of {rows.batch} are too few: the smallest share "
            f"must fill two batches, and there must be two shares"
        )
    x, y, _ = some(validation)
    losses = np.full((len(sizes), course.seeds), np.nan)
    answers: Any = None
    with untouched(model) as state:
        asked = partial(in_pieces, each_answer(model), x, y)
        for seed in range(course.seeds):
            order = np.random.default_rng([seed, 4]).permutation(rows.count)
            for number, size in enumerate(sizes):
                restart(model, state, seed)
                batches = islice(full_batches(size, rows.batch, seed), course.steps)
                within = [order[index] for index in batches]
                losses[number, seed], answers = _lowest(model, rows, within, asked, course.looks)
        name = _loss_name(model)
    if not np.isfinite(losses).any(1).all():
        raise core.CannotChange("the validation loss is not finite at every size")
    return _read(
        sizes, losses, _constant(course.form, first_targets(model, y), answers, name), course
    )


def _lowest(
    model: Any, rows: Rows, batches: list[Any], asked: Any, looks: int
) -> tuple[float, Floats]:
    """Lowest validation loss of one training, and the last answers."""
    every = max(1, len(batches) // looks)
    lowest, answers = math.inf, np.zeros(0)
    for step, index in enumerate(batches, 1):
        trained(model, *some(rows, index))
        if step % every == 0 or step == len(batches):
            each, answers = asked()
            mean = float(each.mean())
            lowest = min(lowest, mean if math.isfinite(mean) else math.inf)
    return (lowest if math.isfinite(lowest) else math.nan), answers


def _read(sizes: list[int], losses: Floats, baseline: float, course: Course) -> core.LearningCurve:
    repeated = np.repeat(sizes, losses.shape[1])
    try:
        law = power_law(repeated, losses.ravel())
    except ValueError as error:
        raise core.CannotChange(str(error)) from error
    means = np.nanmean(losses, 1)
    ends = [
        factor_for(course.gain, law, sizes[-1], power)
        for power in (law.exponent.high, law.exponent.low)
    ]
    needed = factor_for(course.gain, law, sizes[-1])
    return core.LearningCurve(
        figure=law.doubled,
        sizes=tuple(sizes),
        losses=tuple(tuple(float(v) for v in row) for row in losses),
        skills=tuple(float(1 - m / baseline) if baseline > 0 else math.nan for m in means),
        law=law,
        gain=course.gain,
        needed=core.Figure(needed, ends[0], ends[1], "times the data"),
        steps=course.steps,
        says=_says(law, course.gain, needed),
    )


def _constant(form: str, targets: Any, answers: Any, name: str) -> float:
    """Loss of the best constant answer; nan where it is not known."""
    if not form or answers is None or not answers.size:
        return math.nan
    return score(form, np.asarray(targets, np.float64), answers, name).baseline_loss


def _loss_name(model: Any) -> str:
    loss = model._compile_loss._flat_losses[0].loss  # noqa: SLF001
    return str(getattr(getattr(loss, "fn", None), "__name__", type(loss).__name__))


def _says(law: core.PowerLaw, gain: float, needed: float) -> str:
    drop = law.doubled
    if drop.low <= 0:
        return (
            f"it is not certain that more data help: twice as much would change the validation "
            f"loss by {-drop.value:.0%} ({-drop.high:.0%} … {-drop.low:.0%})"
        )
    much = f"{needed:.1f} times the data" if math.isfinite(needed) else "no amount that we can name"
    return (
        f"twice the data would take {drop.value:.0%} of the validation loss away "
        f"({drop.low:.0%} … {drop.high:.0%}); for {gain:.0%} less it takes {much}"
    )
