"""The loss before any update against what it ought to be.

Far above: the answers are already sure of themselves, and wrong (weights or inputs too large, a
wrong number of classes, an output that does not suit the loss). Below: the answers know something
of the targets, e.g. of a bias that was set to the shares of the classes, or of weights that are not
new. Expected values: `convalesce.readings.initial`.

Source: A. Karpathy, 2019, "A recipe for training neural networks".
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from convalesce import core
from convalesce.lab.loss import each_answer, some
from convalesce.lab.untouched import untouched
from convalesce.observe.kept import Rows
from convalesce.readings.initial import expected_loss
from convalesce.readings.intervals import mean_interval

BATCHES = 8
FEW = 0.25  # share of the expected loss by which a start may be off


def initial_loss(
    model: Any, rows: Rows, *, batches: int = BATCHES, activation: str = ""
) -> core.InitialLoss:
    """Loss of a model that was not trained yet, in inference mode, penalties left out.

    For a model of one output. Cost: 0.1–0.3 steps a batch and 6 for tracing.

    Args:
        model: Compiled and built, with its first weights.
        rows: Examples, in their order; `batch` at a time.
        batches: That are asked.
        activation: Of the output, where it is not that of the last layer.

    Raises:
        core.CannotChange: The loss of an example can't be asked for.
    """
    count = min(rows.count, batches * rows.batch)
    parts = np.array_split(np.arange(count), max(1, math.ceil(count / rows.batch)))
    with untouched(model):
        answered = each_answer(model)
        found, units = [], 0
        for index in parts:
            x, y, _ = some(rows, index)
            losses, answers = answered(x, y)
            found.append(float(losses.mean()))
            units = int(answers[0].shape[-1]) if answers[0].ndim > 1 else 1
        name, settings = _loss(model)
    targets = np.asarray(some(rows, np.arange(count))[1], np.float64)
    expected = expected_loss(
        name, targets, classes=units, activation=activation or _output(model), settings=settings
    )
    mean, low, high = mean_interval(np.array(found))
    return core.InitialLoss(
        figure=core.Figure(mean, low, high, "loss"),
        expected=expected,
        excess=mean - expected,
        spread=float(np.std(found, ddof=1)) if len(found) > 1 else math.nan,
        batches=len(found),
        says=_says(mean, expected, name),
    )


def _loss(model: Any) -> tuple[str, dict[str, float]]:
    """Name of the first loss's function, and its settings that are numbers."""
    loss = model._compile_loss._flat_losses[0].loss  # noqa: SLF001
    name = getattr(getattr(loss, "fn", None), "__name__", type(loss).__name__)
    settings = {**getattr(loss, "_fn_kwargs", {}), **vars(loss)}
    return str(name), {k: float(v) for k, v in settings.items() if isinstance(v, int | float)}


def _output(model: Any) -> str:
    layers = getattr(model, "layers", None) or [model]
    given = getattr(layers[-1], "activation", None)
    return str(getattr(given, "__name__", "linear"))


def _says(mean: float, expected: float, name: str) -> str:
    if not math.isfinite(mean):
        return f"the loss is {mean:g} before any update"
    if math.isnan(expected):
        return f"the loss starts at {mean:.3g}; what {name} ought to start at is not known"
    off = mean - expected
    if abs(off) <= FEW * abs(expected):
        return f"the loss starts at {mean:.3g}, as it should ({expected:.3g})"
    side = "above" if off > 0 else "below"
    return f"the loss starts at {mean:.3g}, {side} the {expected:.3g} of answers that know nothing"
