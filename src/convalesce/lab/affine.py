"""The affine map that takes the values of one split to those of another, channel by channel."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from convalesce import core
from convalesce.lab.rows import Array

Floats = NDArray[np.float64]

# Shares of the values at which distributions are compared.
SHARES = np.array([0.01, *np.linspace(0.05, 0.95, 19), 0.99])
NEAR = 0.15  # training deviations that quantiles of fair splits may be apart
ERRORS = 2.0  # standard errors of a mean of so many examples, on top of it
EXAMPLES = 512  # of each split that are looked at
ALIKE = 0.9  # correlation of mean pictures at which they show the same
TURNED = 0.2  # by which another orientation must fit better
# Ranges that pictures are commonly scaled to, as (lowest, highest).
RANGES = ((0.0, 255.0), (0.0, 1.0), (-1.0, 1.0), (-0.5, 0.5))


@dataclass(frozen=True, slots=True, eq=False)
class Affine:
    """values[..., order] * scale + offset, and before that the turn of a picture.

    Attributes:
        scale: Shape `(channels,)`. `offset` likewise.
        order: Channel that each is taken from.
        turn: `transpose`, `up_down`, `left_right`, `half_turn`, or empty.
    """

    scale: Floats
    offset: Floats
    order: tuple[int, ...]
    turn: str = ""

    def __call__(self, values: Array) -> NDArray[np.float32]:
        """The values mapped, shape `(examples, ..., channels)` as given."""
        turned = turn(values, self.turn)
        columns = turned.reshape(-1, len(self.scale)).astype(np.float64)[:, list(self.order)]
        return np.asarray((columns * self.scale + self.offset).reshape(turned.shape), np.float32)


def affine_between(there: Array, here: Array, channels: int, *, picture: bool) -> Affine:
    """The map from `there` to `here`.

    Well-known maps (bytes to 0 … 1, to -1 … 1 and their like) are preferred to one fitted to mean
    and deviation, which follows the chance of the draw.

    Args:
        there: Values of the split to be mapped, shape `(examples, ..., channels)`.
        here: Values of the split that it shall be like.
        channels: Number of channels on the last axis; 1 for pictures that have no channel axis.
        picture: Orientation and the order of the channels are looked at.

    Raises:
        core.CannotChange: They are alike already, or no affine map makes them so.
    """
    theirs, ours = (_sample(values, channels) for values in (there, here))
    turned = _turn(there, here, channels) if picture else ""
    before = _apart(_quantiles(theirs), _quantiles(ours))
    near = NEAR + ERRORS / np.sqrt(min(len(there), len(here)))
    if before <= near and not turned:
        raise core.CannotChange("the inputs of both splits have the same scale already")
    orders: list[tuple[int, ...]] = [tuple(range(channels))]
    if picture and channels == 3:
        orders.append((2, 1, 0))
    best = min(
        (
            (apart > near, not known, apart + 0.02 * number, Affine(scale, offset, order, turned))
            for number, order in enumerate(orders)
            for known, scale, offset in _maps(theirs[:, list(order)], ours)
            for apart in [
                _apart(_quantiles(theirs[:, list(order)] * scale + offset), _quantiles(ours))
            ]
        ),
        key=lambda one: one[:3],
    )
    if best[0]:
        raise core.CannotChange(
            "no scale and offset makes the validation inputs like those of training: after the "
            f"best the values still lie {best[2]:.2f} deviations apart. What was done to one split "
            "(resizing, sampling, tokens, scaling each example by itself) is to be done to both"
        )
    return best[3]


def _maps(theirs: Floats, ours: Floats) -> Iterator[tuple[bool, Floats, Floats]]:
    """Known maps and those fitted to the first two moments, as (known, scale, offset)."""
    channels = ours.shape[1]
    one = np.ones(channels)
    yield True, one, 0 * one
    for (a, b), (c, d) in itertools.permutations(RANGES, 2):
        scale = (d - c) / (b - a)
        yield True, one * scale, one * (c - a * scale)
    spread = theirs.std(0)
    ratio = np.divide(ours.std(0), spread, out=np.ones(channels), where=spread > 0)
    for sign in (1.0, -1.0):
        scale = sign * ratio
        yield False, scale, ours.mean(0) - theirs.mean(0) * scale


def _sample(values: Array, channels: int) -> Floats:
    """Finite values of some examples, shape `(values, channels)`."""
    some = np.unique(np.linspace(0, len(values) - 1, min(len(values), EXAMPLES)).astype(np.int64))
    columns = values[some].reshape(-1, channels).astype(np.float64)
    columns = columns[np.isfinite(columns).all(1)]
    if not len(columns):
        raise core.CannotChange("an input holds no finite values to compare")
    return columns


def _quantiles(columns: Floats) -> Floats:
    return np.asarray(np.quantile(columns, SHARES, axis=0))


def _apart(theirs: Floats, ours: Floats) -> float:
    """Distance of quantiles over the spread of `ours`: the middle channel's root mean square."""
    spread = np.sqrt(((ours - ours.mean(0)) ** 2).mean(0))
    spread = np.where(spread > 0, spread, max(float(spread.max()), 1e-12))
    return float(np.median(np.sqrt(((theirs - ours) ** 2).mean(0)) / spread))


TURNS = ("", "transpose", "up_down", "left_right", "half_turn")


def turn(values: Array, name: str) -> Array:
    """Pictures in another orientation, shape `(examples, height, width, ...)`."""
    if name == "transpose":
        return values.swapaxes(1, 2)
    down = -1 if name in {"up_down", "half_turn"} else 1
    across = -1 if name in {"left_right", "half_turn"} else 1
    return values[:, ::down, ::across] if name else values


def _turn(there: Array, here: Array, channels: int) -> str:
    """The orientation in which the mean picture is that of training, where it is clearly so."""
    means = [_mean_picture(values, channels) for values in (there, here)]
    fits = {}
    for name in TURNS:
        turned = turn(means[0][None], name)[0]
        if turned.shape == means[1].shape:
            fits[name] = abs(_correlation(turned, means[1]))
    best = max(fits, key=lambda name: fits[name], default="")
    clear = best and fits[best] >= ALIKE and fits[best] - fits.get("", 0.0) >= TURNED
    return best if clear else ""


def _mean_picture(values: Array, channels: int) -> Floats:
    some = values[:: max(1, len(values) // EXAMPLES)].astype(np.float64)
    mean = np.nan_to_num(some).mean(0)
    return np.asarray(mean if mean.ndim == 2 and channels == 1 else mean.mean(-1))


def _correlation(left: Floats, right: Floats) -> float:
    if not (left.std() > 0 and right.std() > 0):
        return 0.0
    return float(np.corrcoef(left.reshape(-1), right.reshape(-1))[0, 1])
