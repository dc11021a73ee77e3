"""Answers to ready questions: on the terminal, as a page that stands alone, as plain values."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

import numpy as np
from markupsafe import Markup
from rich.console import Console
from rich.table import Table
from rich.text import Text

import convalesce
from convalesce import core
from convalesce.report import charts, words
from convalesce.report.contract import heading, valid
from convalesce.report.page import environment

TITLES = {
    "optimizers": "Which optimizer, each at its own best rate?",
    "batch-size": "Which batch size?",
    "data": "What would more data bring?",
    "ablate": "Which parts of the script earn their keep?",
}


def show(answers: Sequence[core.Answer], console: Console) -> None:
    """Question, answer and table of each."""
    if not answers:
        console.print(Text("Nothing could be asked: no fit could be kept for trials."))
    for one in answers:
        console.print(Text(TITLES.get(one.question, one.question), style="bold"))
        console.print(Text(words.plain(one.says, 1000)))
        if one.rows:
            table = Table(box=None, pad_edge=False, padding=(0, 1), header_style="dim")
            for column, title in enumerate(one.head):
                table.add_column(title, overflow="fold", no_wrap=column > 0)
            for row in one.rows:
                table.add_row(*(Text(words.plain(cell, 200)) for cell in row))
            console.print(table)
        for name, why in one.not_asked:
            console.print(Text(f"  not asked: {words.plain(name)}: {words.plain(why, 300)}"))
        console.print()


def page(answers: Sequence[core.Answer], script: str) -> str:
    """A page that stands alone: no script, nothing loaded from elsewhere."""
    content = {
        "version": convalesce.__version__,
        "script": script,
        "answers": [(TITLES.get(a.question, a.question), a, plot(a)) for a in answers],
    }
    return environment().get_template("answers.html.jinja").render(content)


def plot(answer: core.Answer) -> Markup:
    """The curves of an answer; empty for none."""
    lines = [
        charts.Line(c.name, np.asarray(c.x, np.float64), np.asarray(c.y, np.float64), tone)
        for tone, c in enumerate(answer.curves)
        if len(c.x) > 1
    ]
    if not lines:
        return Markup("")
    return charts.lines(f"{answer.axes[1]}, by {answer.axes[0]}", lines, over="")


def document(answers: Sequence[core.Answer], script: str) -> dict[str, Any]:
    """As JSON writes it."""
    made: dict[str, Any] = valid(
        {
            **heading(script),
            "answers": [asdict(a) for a in answers],
        }
    )
    return made
