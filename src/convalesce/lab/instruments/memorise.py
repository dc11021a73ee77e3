"""Can the model learn one small batch by heart, and does it need the inputs for that?

A model, loss and optimizer that work drive the loss of a few examples to nearly nothing. The same
training on blanked inputs, each the mean of the batch, can at best reach the loss of one constant
answer. A model that does no better than this control does not use its inputs; where the control
learns the batch as well, its labels need no inputs: they are all alike, or reach the model some
other way.

Source: A. Karpathy, 2019, "A recipe for training neural networks" ("overfit one batch",
"input-independent baseline").
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from convalesce import core
from convalesce.lab.loss import Floats, each_answer, quiet, some, trained
from convalesce.lab.untouched import restart, untouched
from convalesce.observe.kept import Rows
from convalesce.readings.intervals import bootstrap

ROWS, STEPS = 32, 200
FIT = 0.1  # share of the first loss that counts as learnt
APART = 0.5  # share of the control's loss taken away that counts as using the inputs


def memorise(
    model: Any,
    rows: Rows,
    *,
    steps: int = STEPS,
    blank: Literal["mean", "zero"] = "mean",
    seed: int = 0,
) -> core.Memorised:
    """Train on one small batch from the present weights, and once more on blanked inputs.

    Losses are taken without dropout and with the batch's own statistics of BatchNormalization;
    penalties are left out. An arm ends early once its loss is a hundredth of the first. Cost: two
    steps of 32 examples an update and 17 for tracing and looking: 400 if no arm ends early.

    Args:
        model: Compiled and built, with the weights to start from.
        rows: Examples to draw from; at most 32 are used.
        steps: Updates of each arm at most.
        blank: What takes the place of the inputs in the control: their mean, or zero.
        seed: Of the draw and of all that layers draw.

    Raises:
        core.CannotChange: The loss of an example can't be asked for.
    """
    index = _drawn(rows, seed)
    x, y, weight = some(rows, index)
    blanked = _blanked(x, blank)
    with untouched(model) as state, quiet(model, "batch"):
        answered = each_answer(model)
        restart(model, state, seed)
        real = _arm(model, answered, (x, y, weight), steps)
        restart(model, state, seed)
        control = _arm(model, answered, (blanked, y, weight), steps)
    reached, blind = float(real.losses.mean()), float(control.losses.mean())

    def skill(at: Any) -> float:
        under = float(control.losses[at].mean())
        return 1 - float(real.losses[at].mean()) / under if under > 0 else math.nan

    low, high = bootstrap(skill, len(index), seed)
    fits, blind_fits = reached <= FIT * real.start, blind <= FIT * control.start
    share = skill(slice(None))
    return core.Memorised(
        figure=core.Figure(share, low, high, "1"),
        start=real.start,
        reached=reached,
        control=blind,
        fits=fits,
        control_fits=blind_fits,
        rows=len(index),
        steps=steps,
        needed=real.needed,
        says=_says(share, real, len(index), fits=fits, blind_fits=blind_fits),
    )


@dataclass(frozen=True, slots=True)
class _Arm:
    """Losses of the examples at its end, the first mean loss, and when a tenth was reached."""

    start: float
    losses: Floats
    needed: int | None
    made: int


def _arm(model: Any, answered: Any, batch: tuple[Any, Any, Any], steps: int) -> _Arm:
    every = max(1, steps // 20)
    losses, _ = answered(*batch[:2])
    start, needed, made = float(losses.mean()), None, 0
    while made < steps:
        trained(model, *batch)
        made += 1
        if made % every and made != steps:
            continue
        losses, _ = answered(*batch[:2])
        mean = float(losses.mean())
        if needed is None and mean <= FIT * start:
            needed = made
        if not math.isfinite(mean) or mean <= FIT * FIT * start:
            break
    return _Arm(start, losses, needed, made)


def _drawn(rows: Rows, seed: int) -> Any:
    """Examples drawn at random, at least two classes among them where there are labels."""
    rng = np.random.default_rng([seed, 32])
    index = rng.permutation(rows.count)
    y = np.asarray(some(rows)[1]) if not isinstance(rows.y, dict | list | tuple) else None
    if y is not None and len(y) > ROWS:
        flat = y.reshape(len(y), -1)
        other = np.flatnonzero((flat[index] != flat[index[0]]).any(-1))
        if len(other) and other[0] >= ROWS:
            index[[1, other[0]]] = index[[other[0], 1]]
    return index[:ROWS]


def _blanked(x: Any, blank: str) -> Any:
    """Every example the same: the mean of the batch, or zero; whole numbers stay whole."""
    import keras

    def one(a: Any) -> Any:
        if blank == "zero":
            return np.zeros_like(a)
        return np.broadcast_to(a.mean(0, dtype=np.float64).astype(a.dtype), a.shape).copy()

    return keras.tree.map_structure(one, x)


def _says(share: float, real: _Arm, count: int, *, fits: bool, blind_fits: bool) -> str:
    if not np.isfinite(real.losses).all():
        return f"the loss of {count} examples is not finite after {real.made} updates"
    if blind_fits:
        return f"the labels of {count} examples are learnt without their inputs as well"
    if fits:
        return f"{count} examples are learnt by heart, and only with their inputs"
    if share < APART:
        return f"{count} examples are hardly learnt better than with blanked inputs"
    return f"{count} examples are learnt in part within {real.made} updates"
