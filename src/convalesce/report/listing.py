"""Kept runs on the terminal: a table of many, and one with its findings."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from convalesce.report import words

STYLES = {
    "healthy": "green",
    "unhealthy": "red",
    "undecided": "yellow",
    "crashed": "red",
    "running": "cyan",
    "interrupted": "yellow",
    "error": "red",
    "warning": "yellow",
    "note": "cyan",
}
NAMED = 3  # causes in a row of the table
REMEDIES = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One run in a table of many; `metric` is nan where it has none."""

    id: str
    status: str
    verdict: str
    causes: tuple[str, ...]
    epochs: int
    metric: float


def show_many(rows: Sequence[Row], metric: str, console: Console) -> None:
    """The runs in the order given."""
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0))
    table.add_column("run", no_wrap=True)
    table.add_column("status")
    table.add_column("verdict")
    table.add_column("epochs", justify="right")
    table.add_column(Text(words.plain(metric, 24)), justify="right", no_wrap=True)
    table.add_column("causes", overflow="fold")
    for row in rows:
        more = len(row.causes) - NAMED
        causes = ", ".join(row.causes[:NAMED]) + (f" +{more}" if more > 0 else "")
        table.add_row(
            Text(row.id),
            _styled(row.status),
            _styled(row.verdict or "–"),
            str(row.epochs),
            "–" if math.isnan(row.metric) else words.number(row.metric),
            Text(causes),
        )
    console.print(table)


def show_one(
    facts: Iterable[tuple[str, str]], document: Mapping[str, Any] | None, console: Console
) -> None:
    """A run: its facts, then the findings of its report.

    Args:
        facts: Name and value.
        document: The report as JSON has it; None where there is none.
        console: Where to print.
    """
    table = Table(box=None, show_header=False, pad_edge=False, padding=(0, 2, 0, 0))
    table.add_column(style="dim")
    table.add_column(overflow="fold")
    for name, value in facts:
        if value:
            table.add_row(name, Text(words.plain(value, 400)))
    console.print(table)
    if document is None:
        return
    console.print()
    said = Text.assemble(_styled(str(document["verdict"])), ": ", str(document["headline"]))
    console.print(said, soft_wrap=True)
    for finding in document["findings"]:
        _finding(finding, console)


def _finding(finding: Mapping[str, Any], console: Console) -> None:
    doubt = " (suspected, not proven)" if finding["verdict"] == "undecided" else ""
    severity = _styled(str(finding["severity"]))
    console.print(Text.assemble(f"{finding['rank']}  ", severity, f"  {finding['cause']}{doubt}"))
    lines = [words.plain(str(finding.get("says") or finding["title"]))]
    where = finding.get("where") or {}
    if where.get("file"):
        lines.append(f"at {where['file']}:{where['line']}")
    lines += [f"try: {r['change']}" for r in (finding.get("remedies") or ())[:REMEDIES]]
    for line in lines:
        for part in Text(line).wrap(console, max(20, console.width - 3)):
            console.print(Text("   ") + part)


def _styled(word: str) -> Text:
    return Text(word, style=STYLES.get(word, ""))
