"""Charts as inline SVG: lines over time, a heat map, a bar against its limit. No script needed."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from markupsafe import Markup
from numpy.typing import NDArray

from convalesce.report import svg, words
from convalesce.report.svg import Floats

Levels = NDArray[np.int64]
WIDTH = 360.0  # a phone's width: drawn 1:1 there, side by side on wider screens
HEIGHT = 150.0
LEFT, RIGHT, BOTTOM = 44.0, 8.0, 20.0
MARK_ROW = 12.0
LETTER = 5.6  # width of a letter of a label, about
HUGE = 1e300
HITS = 40
LEVELS = 9
COLUMNS, ROWS = 48, 24
GUTTER, ROW = 112.0, 13.0


@dataclass(frozen=True, slots=True)
class Line:
    """One curve.

    Attributes:
        name: Its name in the legend.
        x: Epochs or steps, shape `(time,)`. `y`: the values, the same shape.
        tone: Number of its colour: 0 training, 1 validation, 2 and up others.
    """

    name: str
    x: Floats
    y: Floats
    tone: int = 0


@dataclass(frozen=True, slots=True)
class Mark:
    """A decisive moment: a dashed line with a label."""

    x: float
    label: str


def figure(title: str, chart: Markup, legend: Sequence[tuple[str, str]] = ()) -> Markup:
    """A chart under its caption; the legend is pairs of a style and a name."""
    keys = Markup("").join(
        Markup(' <span class="key {}">{}</span>').format(kind, name) for kind, name in legend
    )
    return Markup("<figure><figcaption>{}{}</figcaption>{}</figure>").format(title, keys, chart)


def lines(
    title: str, curves: Sequence[Line], marks: Sequence[Mark] = (), over: str = "epoch"
) -> Markup:
    """Curves over epochs or steps, decisive moments marked; empty where nothing was recorded."""
    curves = [Line(c.name, *svg.thinned(c.x, c.y), c.tone) for c in curves if len(c.x)]
    if not curves:
        return Markup("")
    if not any(np.isfinite(c.y).any() for c in curves):
        return figure(f"{title}: never finite", Markup(""))
    everything = np.concatenate([c.x for c in curves])
    top = 8 + MARK_ROW * len(marks)
    bottom = top + HEIGHT
    x = svg.Scale(float(everything.min()), float(everything.max()), LEFT, WIDTH - RIGHT)
    y = svg.value_scale(np.concatenate([c.y for c in curves]), bottom, top)
    parts = [*_grid(x, y, over), *_marks(marks, x, bottom)]
    parts += [
        Markup('<path d="{}" class="line tone{}"/>').format(
            svg.path(c.x.tolist(), c.y.tolist(), x, y), c.tone
        )
        for c in curves
    ]
    parts += _hits(curves, x, top, bottom, over)
    about = "; ".join(f"{c.name}: {_course(c.y)}" for c in curves)
    if y.log:
        title = f"{title} (log scale)"
    chart = svg.drawing((WIDTH, bottom + BOTTOM), title, about, parts)
    return figure(title, chart, [(f"tone{c.tone}", c.name) for c in curves])


def _course(values: Floats) -> str:
    finite = values[np.isfinite(values)]
    if not finite.size:
        return "never finite"
    said = f"from {words.number(finite[0])} to {words.number(finite[-1])}"
    lost = len(values) - len(finite)
    return f"{said}, {lost} values not finite" if lost else said


def _grid(x: svg.Scale, y: svg.Scale, over: str) -> list[Markup]:
    parts = []
    for value in svg.ticks(y):
        at = y(value)
        parts.append(svg.rule(LEFT, at, WIDTH - RIGHT, at, "grid"))
        parts.append(svg.text(LEFT - 5, at + 3.5, words.number(value), "end"))
    for n in svg.ticks(x, 5, whole=True) or [x.low]:
        anchor = "end" if x(n) > WIDTH - 30 else "middle"
        parts.append(svg.text(x(n), y.start + 13, words.number(n), anchor))
    parts.append(svg.text(LEFT - 5, y.start + 13, over, "end"))
    return parts


def _marks(marks: Sequence[Mark], x: svg.Scale, bottom: float) -> list[Markup]:
    """The earliest on top, each label on the side that has room for it."""
    parts = []
    for row, mark in enumerate(sorted(marks, key=lambda m: m.x)):
        at = x(mark.x)
        height = 8 + MARK_ROW * row
        right = at + 4 + LETTER * len(mark.label) <= WIDTH or at < WIDTH / 2
        room = WIDTH - at if right else at
        label = svg.shortened(mark.label, int((room - 4) / LETTER), end=False)
        place, anchor = (at + 4, "start") if right else (at - 4, "end")
        parts.append(svg.rule(at, height - 2, at, bottom, "mark"))
        parts.append(svg.text(place, height + 5, label, anchor, "said"))
    return parts


def _hits(
    curves: Sequence[Line], x: svg.Scale, top: float, bottom: float, over: str
) -> list[Markup]:
    """Strips that tell the values at a time when pointed at."""
    times = np.unique(np.concatenate([c.x for c in curves]))
    if len(times) > HITS:
        times = times[np.linspace(0, len(times) - 1, HITS).astype(int)]
    at = np.array([x(t) for t in times])
    edges = np.concatenate([[LEFT], (at[1:] + at[:-1]) / 2, [WIDTH - RIGHT]])
    parts = []
    for i, time in enumerate(times):
        said = "; ".join(
            f"{c.name} {words.number(float(c.y[np.abs(c.x - time).argmin()]))}" for c in curves
        )
        said = f"{over} {words.number(float(time))}: {said}"
        parts.append(svg.hit(edges[i], top, edges[i + 1] - edges[i], bottom - top, said))
    return parts


def heat(title: str, steps: Floats, values: Floats, labels: Sequence[str], *, log: bool) -> Markup:
    """Layers (rows, the input on top) over steps (columns).

    Args:
        title: What is shown.
        steps: Shape `(time,)`.
        values: Shape `(time, layers)`.
        labels: Name of each layer.
        log: Colours go by the logarithm; zeros are shown apart. Else they go from 0 to 1.
    """
    if not values.size or values.ndim != 2 or len(labels) != values.shape[1]:
        return Markup("")
    chosen = np.unique(np.linspace(0, len(labels) - 1, min(len(labels), ROWS)).astype(int))
    shown = _buckets(values[:, chosen])
    low, high = _range(values, log=log)
    levels = _levels(shown, low, high, log=log)
    cell = (WIDTH - GUTTER - RIGHT) / len(shown)
    bottom = ROW * len(chosen) + 4
    parts = [_cells(levels, cell)]
    for row, i in enumerate(chosen):
        name = words.plain(labels[i], 200)
        said = f"{name}: {_course(values[:, i])} (steps {steps[0]:.0f} to {steps[-1]:.0f})"
        parts.append(svg.text(GUTTER - 5, 4 + ROW * row + 9.5, svg.shortened(name, 18), "end"))
        parts.append(svg.hit(0, 4 + ROW * row, WIDTH, ROW, said))
    parts.append(svg.text(GUTTER, bottom + 12, f"step {words.number(float(steps[0]))}"))
    parts.append(svg.text(WIDTH - RIGHT, bottom + 12, words.number(float(steps[-1])), "end"))
    about = (
        f"{len(labels)} rows from {labels[0]} to {labels[-1]}; values {_span(low, high, log=log)}"
    )
    if len(chosen) < len(labels):
        title = f"{title} ({len(chosen)} of {len(labels)} rows)"
    chart = svg.drawing((WIDTH, bottom + 18), title, words.plain(about), parts)
    return figure(title, chart, _ramp(levels, low, high, log=log))


def _buckets(values: Floats) -> Floats:
    """At most `COLUMNS` columns of time: the median of each bucket, NaN where any is lost."""
    parts = np.array_split(values, min(len(values), COLUMNS))
    with np.errstate(invalid="ignore", over="ignore"):  # what has no finite middle is lost too
        return np.stack([np.median(p, axis=0) for p in parts])


def _range(values: Floats, *, log: bool) -> tuple[float, float]:
    if not log:
        return 0.0, 1.0
    finite = values[np.isfinite(values) & (values > 0)]
    if not finite.size:
        return 1.0, 1.0
    return float(finite.min()), float(finite.max())


def _levels(values: Floats, low: float, high: float, *, log: bool) -> Levels:
    """Number of the colour: 0 … 8, 9 for exact zeros of a logarithm, 10 for lost values."""
    lost = ~np.isfinite(values)
    zero = log & (values <= 0) & ~lost
    safe = np.where(lost | zero, low, values)
    if log:
        safe, low, high = np.log10(safe), math.log10(low), math.log10(high)
    share = (safe - low) / (high - low) if high > low else np.full(safe.shape, 0.5)
    levels: Levels = (np.clip(share, 0, 1 - 1e-9) * LEVELS).astype(np.int64)
    levels[zero], levels[lost] = LEVELS, LEVELS + 1
    return levels


def _cells(levels: Levels, cell: float) -> Markup:
    """One path a colour: a page of many heat maps stays small."""
    parts = []
    wide = cell + 0.1  # no hairline between neighbours
    box = f"h{wide:.1f}v{ROW - 1:.0f}h-{wide:.1f}z"
    for level in np.unique(levels):
        spots = "".join(
            f"M{GUTTER + t * cell:.1f} {4 + ROW * row:.0f}{box}"
            for t, row in np.argwhere(levels == level)
        )
        parts.append(Markup('<path d="{}" class="heat{}"/>').format(spots, level))
    return Markup("").join(parts)


def _ramp(levels: Levels, low: float, high: float, *, log: bool) -> list[tuple[str, str]]:
    keys = [("heat0", words.number(low)), (f"heat{LEVELS - 1}", words.number(high))]
    if log and high <= low:
        keys = keys[:1] if (levels < LEVELS).any() else []
    if (levels == LEVELS).any():
        keys.append((f"heat{LEVELS}", "exactly 0"))
    if (levels == LEVELS + 1).any():
        keys.append((f"heat{LEVELS + 1}", "NaN or infinite"))
    return keys


def _span(low: float, high: float, *, log: bool) -> str:
    return f"{words.number(low)} to {words.number(high)}" + (" on a log scale" if log else "")


def against(observed: float, limit: float) -> Markup:
    """A bar of what was observed, with a tick where the limit is."""
    width, height = 200.0, 14.0
    said = f"observed {words.number(observed)}, limit {words.number(limit)}"
    scale = _common_scale(observed, limit, width)
    bar = scale(observed) if math.isfinite(observed) else width
    kind = "bar" if math.isfinite(observed) else "bar lost"
    parts = [
        Markup('<rect y="4" width="{:.0f}" height="6" rx="3" class="track"/>').format(width),
        Markup('<rect y="4" width="{:.1f}" height="6" rx="3" class="{}"/>').format(
            max(bar, 3), kind
        ),
    ]
    if math.isfinite(limit):
        at = min(max(scale(limit), 1.0), width - 1)
        parts.append(svg.rule(at, 0, at, height, "limit"))
    return svg.drawing((width, height), said, said, parts, "against")


def _common_scale(observed: float, limit: float, width: float) -> svg.Scale:
    """Room for both; by logarithm where one is more than twenty times the other."""
    finite = [v for v in (observed, limit) if math.isfinite(v) and abs(v) < HUGE]
    low, high = min(finite, default=0.0), max(finite, default=1.0)
    if low > 1 / HUGE and high > 20 * low:
        return svg.Scale(low / 10, high * 2, 0, width, log=True)
    reach = max(abs(low), abs(high)) * 1.25 or 1.0
    return svg.Scale(-reach if low < 0 else 0.0, reach, 0, width)
