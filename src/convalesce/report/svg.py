"""Small parts of which charts are drawn: scales, ticks, paths. All text is escaped by Markup."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from markupsafe import Markup
from numpy.typing import ArrayLike, NDArray

from convalesce.report import words

Floats = NDArray[np.float64]
MOST_POINTS = 300
DOT = "m-1.5 0a1.5 1.5 0 1 0 3 0a1.5 1.5 0 1 0-3 0"


@dataclass(frozen=True, slots=True)
class Scale:
    """From values to positions along one axis.

    Attributes:
        low: Value at `start`. `high`: the value at `end`.
        start: Position in user units. `end`: the other end.
        log: Positions go by the logarithm; values are positive then.
    """

    low: float
    high: float
    start: float
    end: float
    log: bool = False

    def __call__(self, value: float) -> float:
        """Position of a value, held within the scale."""
        low, high = (math.log10(v) if self.log else v for v in (self.low, self.high))
        at = math.log10(value) if self.log else value
        unit = max(abs(low), abs(high), 1.0)  # differences of the largest floats overflow
        low, high, at = low / unit, high / unit, at / unit
        share = (at - low) / (high - low) if high > low else 0.5
        return self.start + min(max(share, 0.0), 1.0) * (self.end - self.start)


def value_scale(values: Floats, start: float, end: float) -> Scale:
    """A scale for the finite values, by logarithm where they span more than two decades."""
    finite = values[np.isfinite(values) & (np.abs(values) < 1e300)]
    if not finite.size:
        return Scale(0.0, 1.0, start, end)
    low, high = float(finite.min()), float(finite.max())
    if low > 0 and high / low > 100:
        return Scale(low, high, start, end, log=True)
    if high <= low:
        pad = abs(low) * 0.1 or 0.5
        return Scale(low - pad, high + pad, start, end)
    if 0 < low < 0.4 * high:
        low = 0.0
    return Scale(low, high, start, end)


def ticks(scale: Scale, most: int = 4, *, whole: bool = False) -> list[float]:
    """Round values that lie within a scale; `whole`: no fractions."""
    if scale.log:
        low, high = math.ceil(math.log10(scale.low)), math.floor(math.log10(scale.high))
        every = max(1, -(-(high - low + 1) // most))
        found = [10.0**e for e in range(low, high + 1, every)]
        return found if len(found) > 1 else [scale.low, scale.high]
    span = scale.high - scale.low
    if not 0 < span < math.inf:
        return [scale.low]
    raw = span / most
    unit = 10.0 ** math.floor(math.log10(raw))
    step = next(unit * m for m in (1, 2, 2.5, 5, 10) if unit * m >= raw * 0.999)
    if whole:
        step = next(m for m in (max(unit, 1) * n for n in (1, 2, 5, 10)) if m >= raw * 0.999)
    first = math.ceil(scale.low / step - 1e-9)
    return [
        k * step for k in range(first, first + 2 * most + 2) if k * step <= scale.high + 1e-9 * span
    ]


def thinned(steps: ArrayLike, values: ArrayLike, most: int = MOST_POINTS) -> tuple[Floats, Floats]:
    """At most `most` points: every bucket's extremes, and a gap where nothing is finite."""
    x, y = np.asarray(steps, np.float64), np.asarray(values, np.float64)
    if len(x) <= most:
        return x, y
    kept: set[int] = {0, len(x) - 1}
    for bucket in np.array_split(np.arange(len(x)), (most - 2) // 2):
        finite = bucket[np.isfinite(y[bucket])]
        chosen = (
            (finite[y[finite].argmin()], finite[y[finite].argmax()]) if finite.size else bucket[:1]
        )
        kept.update(int(i) for i in chosen)
    index = np.array(sorted(kept))
    return x[index], y[index]


def path(xs: Sequence[float], ys: Sequence[float], x: Scale, y: Scale) -> str:
    """A line with a gap at each value that is not finite; a lone point becomes a dot."""
    pieces: list[list[str]] = [[]]
    for a, b in zip(xs, ys, strict=True):
        if not (math.isfinite(a) and math.isfinite(b)) or (y.log and b <= 0):
            pieces.append([])
            continue
        pieces[-1].append(f"{x(a):.1f} {y(b):.1f}")
    return "".join(f"M{p[0]}" + ("L" + " ".join(p[1:]) if p[1:] else DOT) for p in pieces if p)


def text(x: float, y: float, said: str, anchor: str = "start", kind: str = "") -> Markup:
    """A label."""
    return Markup('<text x="{:.1f}" y="{:.1f}" text-anchor="{}" class="{}">{}</text>').format(
        x, y, anchor, kind, words.plain(said, 80)
    )


def rule(x1: float, y1: float, x2: float, y2: float, kind: str) -> Markup:
    """A straight line."""
    return Markup('<line x1="{:.1f}" y1="{:.1f}" x2="{:.1f}" y2="{:.1f}" class="{}"/>').format(
        x1, y1, x2, y2, kind
    )


def hit(x: float, y: float, width: float, height: float, said: str) -> Markup:
    """An invisible area that says something when pointed at."""
    return Markup(
        '<rect x="{:.1f}" y="{:.1f}" width="{:.1f}" height="{:.1f}" class="hit">'
        "<title>{}</title></rect>"
    ).format(x, y, max(width, 0), max(height, 0), words.plain(said, 300))


def drawing(
    size: tuple[float, float],
    title: str,
    about: str,
    parts: Sequence[Markup],
    kind: str = "chart",
) -> Markup:
    """A drawing that a screen reader can name and describe.

    Args:
        size: Width and height, in user units.
        title: Its name.
        about: What it shows, in words.
        parts: What is drawn, the lowest first.
        kind: Its class.
    """
    return Markup(
        '<svg viewBox="0 0 {:.0f} {:.0f}" role="img" class="{}">'
        "<title>{}</title><desc>{}</desc>{}</svg>"
    ).format(*size, kind, title, about, Markup("").join(parts))


def shortened(label: str, most: int, *, end: bool = True) -> str:
    """The end of a path tells most: `…block/conv2d_1/kernel`; of a sentence, its beginning."""
    flat = words.plain(label, 300)
    if len(flat) <= most:
        return flat
    return f"…{flat[-(most - 1) :]}" if end else f"{flat[: most - 1]}…"
