"""What `show` and `compare` print, gathered from the folders of runs."""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Sequence
from contextlib import suppress
from typing import Any

from convalesce import core, keeping
from convalesce.report.comparison import Compared, Row
from convalesce.report.contract import report
from convalesce.track import disk
from convalesce.track.facts import differences, of_run, of_summary
from convalesce.track.folder import RunFolder
from convalesce.track.index import Entry
from convalesce.track.replay import read_run


def document(entry: Entry) -> dict[str, Any] | None:
    """The report of a run; of one that was killed, what follows from what it left."""
    try:
        return disk.read_json(entry.folder.json)
    except (OSError, ValueError):
        run = _record(entry.folder)
    if run is None or not run.fits:
        return None
    found: dict[str, Any] = disk.plain(report(keeping.conclude(run, started=entry.text("started"))))
    return found


def _record(folder: RunFolder) -> core.Run | None:
    with suppress(OSError, ValueError):
        return read_run(folder)
    return None


def facts(entry: Entry) -> Iterator[tuple[str, str]]:
    """Name and value of what is told of a run; empty values are left out by who prints."""
    summary = entry.summary
    status = entry.status
    if summary.get("exit"):
        status += f" (exit status {summary['exit']})"
    yield "run", entry.folder.id
    yield "script", " ".join([entry.text("script"), *entry.words("arguments")])
    yield "status", status
    yield "parent", entry.text("parent")
    yield "changes", "; ".join(entry.words("changes"))
    yield "started", entry.text("started")
    yield "ended", entry.text("ended")
    yield "commit", _commit(_environment(entry.folder).get("git"))
    for name in ("setting", "metrics", "best", "seeds"):
        yield name, _pairs(summary.get(name))
    data = summary.get("data")
    if isinstance(data, dict):
        yield "data", _pairs({k: v.get("hash") for k, v in data.items() if isinstance(v, dict)})
    if entry.folder.html.exists():
        yield "report", str(entry.folder.html)


def _environment(folder: RunFolder) -> dict[str, Any]:
    with suppress(OSError, ValueError):
        return disk.read_json(folder.environment)
    return {}


def _commit(git: Any) -> str:
    if not isinstance(git, dict) or not git.get("commit"):
        return ""
    return f"{git['commit']}{', script changed since' if git.get('changed') else ''}"


def _pairs(values: Any) -> str:
    if not isinstance(values, dict):
        return ""
    return ", ".join(f"{k} {f'{v:.5g}' if isinstance(v, float) else v}" for k, v in values.items())


def compared(entries: Sequence[Entry]) -> tuple[list[Compared], list[Row]]:
    """Runs as a comparison shows them, and where they differ."""
    runs, told = [], []
    first = _lines(entries[0].folder)
    for entry in entries:
        record = _record(entry.folder)
        environment = _environment(entry.folder)
        told.append(of_summary(entry.summary, environment) | (of_run(record) if record else {}))
        runs.append(
            Compared(
                id=entry.folder.id,
                script=" ".join([entry.text("script"), *entry.words("arguments")]),
                started=entry.text("started"),
                health=entry.text("verdict") or entry.status,
                headline=entry.text("headline"),
                curves=_curves(record),
                diff=_diff(first, _lines(entry.folder)),
            )
        )
    return runs, [Row(d.part, d.name, d.values) for d in differences(told)]


def _curves(run: core.Run | None) -> tuple[dict[str, Sequence[float]], ...]:
    if run is None:
        return ()
    histories = (fit.signals.recorded.get(core.HISTORY) for fit in run.fits)
    return tuple(dict(h.metrics) if h is not None else {} for h in histories)


def _lines(folder: RunFolder) -> list[str]:
    try:
        return folder.script.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return []


def _diff(first: list[str], other: list[str]) -> str:
    if not first or not other:
        return ""
    return "\n".join(difflib.unified_diff(first, other, "A", "this", lineterm=""))


def as_json(
    summaries: list[dict[str, Any]], runs: Sequence[Compared], rows: Sequence[Row]
) -> dict[str, Any]:
    """A comparison as JSON."""
    return {
        "schema": 1,
        "runs": summaries,
        "differences": [{"part": r.part, "name": r.name, "values": list(r.values)} for r in rows],
        "curves": {run.id: [dict(c) for c in run.curves] for run in runs},
    }
