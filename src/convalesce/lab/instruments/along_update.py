"""The loss along the direction of the next update: is the step past the valley?

Evaluates L(θ + f·Δ) for factors f of the update Δ that the optimizer makes next. On a parabola the
lowest factor f* tells how a rate stands: below 1 the step crosses the valley, below ½ it ends
higher than it began. 1/f* − 1 is the α of Cockpit.

Sources: F. Schneider, F. Dangel, P. Hennig, 2021, "Cockpit: A practical debugging tool for the
training of deep neural networks", NeurIPS (quantity α); M. Mutschler, A. Zell, 2020, "Parabolic
approximation line search for DNNs", NeurIPS.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from convalesce import core
from convalesce.lab.loss import Normalisation, mean_loss, quiet, some, tensors, trained
from convalesce.lab.untouched import restart, untouched
from convalesce.observe.kept import Rows

FACTORS = (-0.5, 0.0, 0.25, 0.5, 1.0, 1.5, 2.0, 3.0, 4.0)
FINER = (1 / 16, 1 / 64, 1 / 256)  # asked where no factor lowers the loss
AROUND = (-0.5, 1.5)  # factors that the parabola of slope and curvature is fitted to


def along_update(
    model: Any,
    rows: Rows,
    *,
    factors: Sequence[float] = FACTORS,
    normalisation: Normalisation = "batch",
) -> core.AlongUpdate:
    """Loss of one batch along the update that it causes.

    The update is the train step's own, momentum and dropout included; the losses are taken without
    dropout. Cost: one step, 0.3 a factor and about 4 for tracing: 8 in all.

    Args:
        model: Compiled and built.
        rows: One batch.
        factors: Of the update; 0 and 1 are always asked.
        normalisation: Statistics that BatchNormalization uses.

    Raises:
        core.CannotChange: The loss can't be asked for by itself.
    """
    batch = some(rows)
    held = tensors(*batch)
    with untouched(model) as state, quiet(model, normalisation):
        variables = model.trainable_variables
        start = [np.array(v.value) for v in variables]
        trained(model, *batch)
        update = [np.array(v.value) - s for v, s in zip(variables, start, strict=True)]
        restart(model, state)
        loss = mean_loss(model)

        def at(factor: float) -> float:
            for variable, origin, moved in zip(variables, start, update, strict=True):
                variable.assign(origin + np.asarray(factor * moved, origin.dtype))
            return loss(*held)

        known = {f: at(f) for f in sorted({*factors, 0.0, 1.0})}
        for factor in FINER:
            if min((v for f, v in known.items() if f > 0), key=_order) < known[0.0]:
                break
            known[factor] = at(factor)
    return _read(np.array(sorted(known)), np.array([known[f] for f in sorted(known)]))


def _read(factors: NDArray[np.float64], losses: NDArray[np.float64]) -> core.AlongUpdate:
    finite = np.isfinite(losses)
    near = finite & (factors >= AROUND[0]) & (factors <= AROUND[1])
    slope = curvature = math.nan
    if near.sum() >= 3:
        bend, slope, _ = (float(v) for v in np.polyfit(factors[near], losses[near], 2))
        curvature = 2 * bend
    best, low, high = _lowest(factors[finite], losses[finite])
    before, after = (losses[factors == f][0] for f in (0.0, 1.0))
    climbs = bool(not math.isfinite(after) or after > before)
    return core.AlongUpdate(
        figure=core.Figure(best, low, high, "updates"),
        factors=tuple(float(f) for f in factors),
        losses=tuple(float(v) for v in losses),
        slope=slope,
        curvature=curvature,
        past=bool(best < 1),
        climbs=climbs,
        says=_says(best, high, climbs=climbs),
    )


def _lowest(
    factors: NDArray[np.float64], losses: NDArray[np.float64]
) -> tuple[float, float, float]:
    """Vertex of the parabola through the lowest loss and its neighbours, and their bracket."""
    if not len(factors):
        return math.nan, -math.inf, math.inf
    i = int(losses.argmin())
    if i in {0, len(factors) - 1}:
        ends = (-math.inf, float(factors[min(1, len(factors) - 1)]))
        return float(factors[i]), *(ends if i == 0 else (float(factors[i - 1]), math.inf))
    (a, b, c), (u, v, w) = factors[i - 1 : i + 2], losses[i - 1 : i + 2]
    top = (b - a) ** 2 * (v - w) - (b - c) ** 2 * (v - u)
    under = (b - a) * (v - w) - (b - c) * (v - u)
    best = float(b - top / (2 * under)) if under else float(b)
    return best, float(a), float(c)


def _says(best: float, high: float, *, climbs: bool) -> str:
    if not math.isfinite(best):
        return "the loss is not finite along the update"
    if best <= 0:
        return "no part of the update lowers the loss of its own batch"
    if math.isinf(high):
        return f"the loss still falls at {best:.2g} times the update: the step is short"
    if climbs:
        return f"the update overshoots: the loss is lowest at {best:.2g} of it and higher after it"
    if best < 1:
        return f"the update ends past the valley, whose floor lies at {best:.2g} of it"
    return f"the update ends before the valley's floor, which lies at {best:.2g} times it"


def _order(value: float) -> float:
    return value if math.isfinite(value) else math.inf
