"""Learning-rate range test, and short trainings that confirm what it proposes.

The rate rises by a constant factor each update from far too low until the loss leaves. What
`convalesce.readings.range_curve` reads off that curve are candidates, no answer: the curve depends
on its length, its smoothing and the noise of its batches. `confirm` trains a short arm at each of
several rates, from one state and on the same batches, and says which is best.

Source: L. Smith, 2017, "Cyclical learning rates for training neural networks", WACV, section 3.3.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import islice
from typing import Any

import numpy as np

from convalesce import core
from convalesce.lab import compilation
from convalesce.lab.loss import full_batches, mean_loss, quiet, some, trained
from convalesce.lab.setting import optimizer_like, rate_of
from convalesce.lab.untouched import restart, untouched
from convalesce.observe.kept import Rows, State, compiled, state_of
from convalesce.readings.intervals import mean_interval
from convalesce.readings.range_curve import before_divergence, candidates

UPDATES = 100
BETWEEN = (1e-6, 10.0)
SEEDS = 3
JUDGED = 4  # batches that an arm's end is judged on


def range_test(
    model: Any,
    rows: Rows,
    *,
    updates: int = UPDATES,
    between: tuple[float, float] = BETWEEN,
    seed: int = 0,
) -> core.RangeTest:
    """Losses at rising rates, and the rates that they propose; confirm one before use.

    Cost: 1.1 steps an update, `updates` at most; a trace more where a schedule ruled the rate.

    Args:
        model: Compiled and built, with the weights to start from.
        rows: Examples to train on.
        updates: Of the whole rise.
        between: Lowest and highest rate.
        seed: Of the order of examples and of all that layers draw.

    Raises:
        core.CannotChange: The optimizer takes no other rate.
    """
    rates = np.geomspace(*between, updates)
    losses: list[float] = []
    with untouched(model) as before:
        state = _free_rate(model, before)
        restart(model, state, seed)
        for rate, index in zip(rates, full_batches(rows.count, rows.batch, seed), strict=False):
            model.optimizer.learning_rate = float(rate)
            losses.append(trained(model, *some(rows, index)))
            if not math.isfinite(losses[-1]) or before_divergence(np.array(losses)) < len(losses):
                break
    made = np.array(losses)
    end = before_divergence(made)
    found = candidates(rates[: len(made)], made)
    diverged = float(rates[end]) if end < len(made) else None
    values = [c.rate for c in found]
    middle = float(np.exp(np.mean(np.log(values)))) if values else math.nan
    low, high = (min(values), max(values)) if values else between
    return core.RangeTest(
        figure=core.Figure(middle, low, high, "learning rate"),
        candidates=found,
        rates=tuple(float(r) for r in rates[: len(made)]),
        losses=tuple(losses),
        diverged=diverged,
        says=_says(low, high, diverged, found=bool(found)),
    )


def confirm(
    model: Any, rows: Rows, rates: Sequence[float], *, steps: int = 60, seeds: int = SEEDS
) -> core.ConfirmedRate:
    """Train a short arm at each rate and at the one in force; which ends lowest?

    Each seed gives all rates the same batches. The end of an arm is its loss in inference mode,
    with the batch's own statistics of BatchNormalization, on batches that all arms share. Cost:
    `steps` steps an arm, one arm a rate and seed.

    Args:
        model: Compiled and built, with the weights to start from.
        rows: Examples to train on.
        rates: To be tried; the rate in force is added.
        steps: Updates of each arm.
        seeds: Arms of each rate.

    Raises:
        core.CannotChange: The optimizer takes no other rate.
    """
    present = rate_of(model.optimizer)
    tried = np.array(sorted({float(r) for r in rates} | {present}))
    ends = np.full((len(tried), seeds), np.inf)
    judged = list(islice(full_batches(rows.count, rows.batch, -1 % 2**31), JUDGED))
    with untouched(model) as before, quiet(model, "batch"):
        state = _free_rate(model, before)
        loss = mean_loss(model)
        for seed in range(seeds):
            for number, rate in enumerate(tried):
                restart(model, state, seed)
                model.optimizer.learning_rate = float(rate)
                for index in islice(full_batches(rows.count, rows.batch, seed), steps):
                    if not math.isfinite(trained(model, *some(rows, index))):
                        break
                else:
                    end = float(np.mean([loss(*some(rows, index)) for index in judged]))
                    ends[number, seed] = end if math.isfinite(end) else np.inf
    return _confirmed(tried, ends, present)


def _confirmed(rates: Any, ends: Any, present: float) -> core.ConfirmedRate:
    means = ends.mean(1)
    best = int(means.argmin())
    if not math.isfinite(means[best]):
        figure = core.Figure(math.nan, 0.0, math.inf, "learning rate")
        says = "the loss diverged at every rate that was tried"
        better = False
    else:
        alike = rates[[_alike(ends[i], ends[best]) for i in range(len(rates))]]
        better = present not in alike
        figure = core.Figure(
            float(rates[best]), float(alike.min()), float(alike.max()), "learning rate"
        )
        now = means[list(rates).index(present)]
        than = "better than" if better else "not told from"
        says = (
            f"{rates[best]:.2g} ends at a loss of {means[best]:.3g}, {than} the rate in force, "
            f"{present:.2g}, which ends at {now:.3g}"
        )
    return core.ConfirmedRate(
        figure=figure,
        rates=tuple(float(r) for r in rates),
        losses=tuple(tuple(float(v) for v in row) for row in ends),
        better=better,
        says=says,
    )


def _alike(losses: Any, best: Any) -> bool:
    """Paired over the seeds, the difference could be chance."""
    if not np.isfinite(losses).all():
        return False
    return bool(mean_interval(losses - best)[1] <= 0)


def _free_rate(model: Any, state: State) -> State:
    """The state to start from, once the optimizer takes any rate: a schedule is taken off."""
    inner = getattr(model.optimizer, "inner_optimizer", model.optimizer)
    if hasattr(inner._learning_rate, "assign"):  # noqa: SLF001
        return state
    keywords = compiled(model)
    fixed = optimizer_like(keywords["optimizer"], learning_rate=rate_of(model.optimizer))
    compilation.compile_anew(model, {**keywords, "optimizer": fixed})
    fresh = state_of(model)
    rate = model.optimizer.variables.index(model.optimizer._learning_rate)  # noqa: SLF001
    slots = list(state.optimizer)
    if len(slots) == len(fresh.optimizer) - 1:
        slots.insert(rate, fresh.optimizer[rate])
    return State(model=fresh.model, optimizer=slots)


def _says(low: float, high: float, diverged: float | None, *, found: bool) -> str:
    if not found:
        return "the loss fell at no rate of the range: nothing can be read off it"
    left = f", the loss left at {diverged:.2g}" if diverged is not None else ""
    return f"rates between {low:.2g} and {high:.2g} are worth a trial{left}; none is confirmed yet"
