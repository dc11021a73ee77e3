"""Curves in a terminal's own characters: each has a raster of 2 by 4 dots."""

from __future__ import annotations

import math
from collections.abc import Sequence

from rich.text import Text

from convalesce.report import words

BLANK = 0x2800
DOTS = ((0x01, 0x08), (0x02, 0x10), (0x04, 0x20), (0x40, 0x80))  # by row, then column
STYLES = ("cyan", "magenta", "yellow", "green")
BARS = "▏▎▍▌▋▊▉█"
GUTTER = 9  # letters of an axis's figures


def plot(curves: Sequence[Sequence[float]], width: int, height: int) -> list[Text]:
    """Curves over one another, the lowest and the highest value at the left.

    Args:
        curves: Values at equal distances; a value that is not finite leaves a gap.
        width: Columns, figures included.
        height: Lines.
    """
    columns = max(width - GUTTER - 1, 8)
    finite = [v for curve in curves for v in curve if math.isfinite(v)]
    low, high = (min(finite), max(finite)) if finite else (0.0, 1.0)
    cells = [[0] * columns for _ in range(height)]
    styles = [[""] * columns for _ in range(height)]
    longest = max(map(len, curves), default=0)
    for number, curve in enumerate(curves):
        for x, y in _dots(curve, (low, high), (2 * columns, 4 * height), longest):
            cells[y // 4][x // 2] |= DOTS[y % 4][x % 2]
            styles[y // 4][x // 2] = STYLES[number % len(STYLES)]
    lines = []
    for row in range(height):
        figure = {0: words.number(high), height - 1: words.number(low)}.get(row, "")
        line = Text(f"{figure[:GUTTER]:>{GUTTER}} ", style="dim")
        for cell, style in zip(cells[row], styles[row], strict=True):
            line.append(chr(BLANK + cell), style)
        lines.append(line)
    return lines


def _dots(
    curve: Sequence[float], span: tuple[float, float], size: tuple[int, int], longest: int
) -> list[tuple[int, int]]:
    """Places of a curve's dots, neighbours joined by a line."""
    (low, high), (width, height) = span, size
    found: list[tuple[int, int]] = []
    before: tuple[int, int] | None = None
    for i, value in enumerate(curve):
        if not math.isfinite(value):
            before = None
            continue
        share = (value / 2 - low / 2) / (high / 2 - low / 2) if high > low else 0.5
        x = round(i * (width - 1) / max(longest - 1, 1))
        y = round((1 - share) * (height - 1))
        found += _joined(before, (x, y)) if before else [(x, y)]
        before = (x, y)
    return found


def _joined(a: tuple[int, int], b: tuple[int, int]) -> list[tuple[int, int]]:
    steps = max(abs(b[0] - a[0]), abs(b[1] - a[1]), 1)
    return [
        (round(a[0] + (b[0] - a[0]) * k / steps), round(a[1] + (b[1] - a[1]) * k / steps))
        for k in range(1, steps + 1)
    ]


def bar(share: float, width: int) -> str:
    """A bar over a share of some columns, to an eighth of a column."""
    eighths = round(min(max(share, 0.0), 1.0) * width * 8)
    rest = BARS[eighths % 8 - 1] if eighths % 8 else ""
    return BARS[-1] * (eighths // 8) + rest
