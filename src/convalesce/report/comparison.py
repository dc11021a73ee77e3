"""Runs side by side: on the terminal, and as a page with their curves over one another."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from string import ascii_uppercase

import numpy as np
from markupsafe import Markup
from rich.console import Console
from rich.table import Table
from rich.text import Text

import convalesce
from convalesce.report import charts, words
from convalesce.report.page import environment
from convalesce.report.svg import Floats

MOST = 8  # runs that colours can tell apart
METRICS = 12  # charts of one fit
FITS = 4
LONGEST = 300  # characters of a value in a table
Curves = Mapping[str, Sequence[float]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Compared:
    """One of the runs.

    Attributes:
        health: Its verdict, or its status where it has none.
        curves: By fit, then by metric, one value an epoch.
        diff: Its script against that of the first run; empty where both are the same.
    """

    id: str
    script: str
    started: str
    health: str
    headline: str
    curves: tuple[Curves, ...] = ()
    diff: str = ""


@dataclass(frozen=True, slots=True)
class Row:
    """One thing in which runs differ; `values` has a place for each run."""

    part: str
    name: str
    values: tuple[str, ...]


def letters(runs: Sequence[Compared]) -> tuple[str, ...]:
    """A short name for each."""
    return tuple(ascii_uppercase[: len(runs)])


def show(runs: Sequence[Compared], rows: Sequence[Row], console: Console) -> None:
    """A line a run, then a table of differences."""
    for letter, run in zip(letters(runs), runs, strict=True):
        said = f"{letter}  {run.id}  {run.health}: {words.plain(run.headline, 200)}"
        console.print(Text(said), soft_wrap=True)
    if not rows:
        console.print(Text("No difference was recorded."))
        return
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0))
    table.add_column("differs in", overflow="fold", ratio=1)
    for letter in letters(runs):
        table.add_column(letter, overflow="fold", ratio=1)
    before = ""
    for row in rows:
        if row.part != before:
            table.add_row(Text(row.part, style="bold"))
            before = row.part
        cells = (words.plain(v, LONGEST) or "–" for v in row.values)
        table.add_row(Text(f"  {words.plain(row.name, 80)}"), *map(Text, cells))
    console.print()
    console.print(table)


def page(runs: Sequence[Compared], rows: Sequence[Row]) -> str:
    """A page that stands alone: no script, nothing loaded from elsewhere."""
    parts = list(dict.fromkeys(row.part for row in rows))
    content = {
        "version": convalesce.__version__,
        "letters": letters(runs),
        "runs": runs,
        "charts": list(overlaid(runs)),
        "parts": [(part, [_cut(r) for r in rows if r.part == part]) for part in parts],
    }
    return environment().get_template("comparison.html.jinja").render(content)


def _cut(row: Row) -> Row:
    values = tuple(words.plain(v, LONGEST) or "–" for v in row.values)
    return Row(row.part, words.plain(row.name, 80), values)


def overlaid(runs: Sequence[Compared]) -> Iterable[Markup]:
    """A chart a metric, with the curve of each run that has it."""
    most = min(max((len(run.curves) for run in runs), default=0), FITS)
    for fit in range(most):
        found = [run.curves[fit] if fit < len(run.curves) else {} for run in runs]
        names = sorted({name for curves in found for name in curves}, key=_place)
        for name in names[:METRICS]:
            lines = [
                charts.Line(letter, *_counted(curves.get(name, ())), tone)
                for tone, (letter, curves) in enumerate(zip(letters(runs), found, strict=True))
            ]
            title = f"{words.plain(name, 60)} per epoch"
            drawn = charts.lines(f"fit {fit + 1}: {title}" if most > 1 else title, lines)
            if drawn:
                yield drawn


def _place(name: str) -> tuple[bool, str, bool]:
    """Losses first, validation beside training."""
    bare = name.removeprefix("val_")
    return bare != "loss", bare, name.startswith("val_")


def _counted(values: Sequence[float]) -> tuple[Floats, Floats]:
    y = np.array([v if v is not None else math.nan for v in values], np.float64)
    return np.arange(1, len(values) + 1, dtype=np.float64), y
