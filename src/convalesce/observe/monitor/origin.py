"""Where training first turned non-finite, from what was seen of it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import numpy as np

from convalesce import core
from convalesce.observe.monitor.layout import Row

Part = Literal["input", "target", "weight", "activation", "loss", "gradient", "update"]


def find(
    rows: Sequence[tuple[int, Row]],
    losses: core.Series,
    epochs: Sequence[tuple[int, int]],
    weight: tuple[int, str] | None = None,
) -> core.Origin | None:
    """The origin, or None where loss and weights stayed finite.

    A monitored step names the first bad part along its own flow. Where the first bad loss fell on
    a step that was not monitored, all that is known of it is the loss.

    Args:
        rows: Monitored steps.
        losses: Of every step, as far as known.
        epochs: First step and number of each epoch.
        weight: The step at whose end, and the variable in which, weights were seen to be bad.
    """
    bad = losses.steps[~np.isfinite(losses.values)]
    by_loss = int(bad[0]) if bad.size else None
    by_row = next((step for step, row in rows if _broken(row)), None)
    by_weight = weight[0] if weight is not None else None
    steps = [step for step in (by_loss, by_row, by_weight) if step is not None]
    if not steps:
        return None
    step = min(steps)
    row = dict(rows).get(step)
    first: Part
    first, name = flow(row) if row is not None else ("loss", "loss")
    if weight is not None and step == weight[0] and step not in (by_loss, by_row):
        first, name = "weight", weight[1]
    before = [r for s, r in rows if s < step]
    start, epoch = max((e for e in epochs if e[0] <= step), default=(0, 0))
    finite = [
        v for s, v in zip(losses.steps, losses.values, strict=True) if s < step and np.isfinite(v)
    ]
    return core.Origin(
        step=step,
        first=first,
        name=name,
        epoch=epoch,
        batch=step - start,
        weights_before=bool(np.isfinite(before[-1].variables[:, 4:]).all()) if before else True,
        loss_before=float(finite[-1]) if finite else float("nan"),
        gradient_norm_before=_norm(before[-1]) if before else float("nan"),
    )


def flow(row: Row) -> tuple[Part, str]:
    """The first part that is not finite along the flow of one step, and its name."""
    layout = row.layout
    stages: tuple[tuple[Part, tuple[str, ...], np.ndarray[tuple[int], np.dtype[np.bool_]]], ...] = (
        ("input", layout.inputs, row.inputs[:, 2] > 0),
        ("target", layout.targets, row.targets > 0),
        ("weight", layout.variables, ~np.isfinite(row.variables[:, 4])),
        ("activation", layout.layers, row.layers[:, 4] > 0),
        ("loss", ("loss",), np.array([_bad_loss(row)])),
        ("gradient", layout.variables, row.variables[:, 2] > 0),
        ("update", layout.variables, ~np.isfinite(row.variables[:, 5])),
    )
    for part, names, bad in stages:
        if bad.any():
            place = int(np.flatnonzero(bad)[-1 if part == "gradient" else 0])
            return part, names[place]
    return "loss", "loss"


def _bad_loss(row: Row) -> bool:
    return row.layout.exact and not np.isfinite(row.loss)


def _broken(row: Row) -> bool:
    """The loss is infinite or nan, or weights are or become so."""
    bad = _bad_loss(row) or not np.isfinite(row.variables[:, 4:]).all()
    return bool(bad) and not row.skipped


def _norm(row: Row) -> float:
    return float(np.sqrt(np.square(row.variables[:, 0]).sum()))
