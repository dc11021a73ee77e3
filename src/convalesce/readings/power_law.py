"""A power law through a learning curve: what more data would bring.

loss(n) = floor + scale · n^−exponent. The floor is what no amount of data takes away; a short curve
cannot tell it from a slow fall, so every floor that the losses allow goes into the interval.

Source: J. Hestness et al., 2017, "Deep learning scaling is predictable, empirically",
arXiv:1712.00409, equation 1 and section 3.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from convalesce.core.instruments import Figure, PowerLaw
from convalesce.readings.intervals import quantile_t

FLOORS = 40  # tried between 0 and just below the lowest loss

Floats = NDArray[np.float64]


def power_law(sizes: Floats, losses: Floats, floor: float | None = None) -> PowerLaw:
    """Least squares in the logarithm; the floor is 0 unless the losses rule that out.

    Args:
        sizes: Examples of each training, at least two different ones.
        losses: Shape of `sizes`, above zero.
        floor: Where it is known, e.g. the noise of the targets.

    Raises:
        ValueError: Fewer than three losses, or a single size.
    """
    sizes, losses = np.asarray(sizes, np.float64), np.asarray(losses, np.float64)
    good = np.isfinite(losses) & (losses > 0) & (sizes > 0)
    sizes, losses = sizes[good], losses[good]
    if len(losses) < 3 or len(np.unique(sizes)) < 2:
        raise ValueError(
            f"a power law needs three losses at two sizes; got {len(losses)} at "
            f"{len(np.unique(sizes))}"
        )
    tried = [floor] if floor is not None else list(np.linspace(0, 0.98, FLOORS) * losses.min())
    fits = [_line(sizes, losses, c) for c in tried]
    freedom = len(losses) - (2 if floor is not None or len(np.unique(sizes)) < 3 else 3)
    errors = np.array([fit.error for fit in fits])
    best = int(errors.argmin())
    if floor is None and len(np.unique(sizes)) < 3:
        best, allowed = 0, np.ones(len(fits), bool)  # two sizes tell nothing about the floor
    else:
        reach = 1 + quantile_t(freedom) ** 2 / freedom if freedom > 0 else math.inf
        allowed = errors <= errors[best] * reach + 1e-24
        best = 0 if allowed[0] else best
    wide = quantile_t(len(losses) - 2)
    ends = [
        _doubled(c, fit, b)
        for c, fit, fine in zip(tried, fits, allowed, strict=True)
        if fine
        for b in (fit.slope - wide * fit.slope_error, fit.slope + wide * fit.slope_error)
    ]
    chosen = fits[best]
    half = wide * chosen.slope_error
    return PowerLaw(
        scale=math.exp(chosen.level),
        exponent=Figure(chosen.slope, chosen.slope - half, chosen.slope + half, "1"),
        floor=float(tried[best]),
        doubled=Figure(_doubled(tried[best], chosen, chosen.slope), min(ends), max(ends), "1"),
    )


@dataclass(frozen=True, slots=True)
class _Line:
    """ln(loss − floor) = level − slope · ln n, and the sum of squared rests."""

    slope: float
    level: float
    error: float
    slope_error: float
    last: float


def _line(sizes: Floats, losses: Floats, floor: float) -> _Line:
    x, y = np.log(sizes), np.log(losses - floor)
    centred = x - x.mean()
    square = float((centred**2).sum())
    slope = -float((centred * y).sum() / square)
    level = float(y.mean() + slope * x.mean())
    error = float(((y - level + slope * x) ** 2).sum())
    return _Line(slope, level, error, math.sqrt(error / (len(x) - 2) / square), float(x.max()))


def _doubled(floor: float, fit: _Line, exponent: float) -> float:
    """Share of the loss at the largest size that twice as much data takes away."""
    above = math.exp(min(fit.level - fit.slope * fit.last, 700.0))
    power = max(min(exponent, 50.0), -50.0)
    return float(above * (1 - math.pow(2.0, -power)) / (floor + above))


def factor_for(gain: float, law: PowerLaw, size: float, exponent: float | None = None) -> float:
    """Factor on the data that takes a share of the loss away; inf where none does."""
    power = law.exponent.value if exponent is None else exponent
    above = law.scale * size**-law.exponent.value
    left = above - gain * (law.floor + above)
    if power <= 0 or left <= 0 or above <= 0:
        return math.inf
    return float(min((above / left) ** (1 / power), 1e300)) if power > 1e-3 else math.inf
