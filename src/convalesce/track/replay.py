"""The record of a run, whole or as far as it was written when the script was killed."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from convalesce import core
from convalesce.core.codec import decode
from convalesce.track import disk
from convalesce.track.folder import RunFolder

BROKEN_OFF = (
    "The process was ended from outside: this is what had been written by then. The answers of the "
    "trained model and the comparison of the splits are not among it."
)


def read_run(folder: RunFolder) -> core.Run:
    """Everything recorded of a run; of one that never ended, what was written until then.

    Raises:
        OSError: The folder can't be read.
        ValueError: What lies there is no record, or one of another version.
    """
    if folder.record.exists():
        return decode(folder.record.read_bytes())
    summary = disk.read_json(folder.summary)
    fits = dict(enumerate_parts(folder))
    for index, lines in by_fit(disk.read_lines(folder.live)).items():
        known = fits.get(index) or core.Fit(index=index, signals=core.Signals({}))
        fits[index] = with_lines(known, lines)
    return core.Run(
        script=str(summary.get("script", "")),
        fits=tuple(fits[index] for index in sorted(fits)),
        interrupted=True,
        remarks=(BROKEN_OFF,),
    )


def enumerate_parts(folder: RunFolder) -> list[tuple[int, core.Fit]]:
    """The parts of a record that lie in a folder; one that can't be read is left out."""
    found = []
    for path in folder.parts():
        try:
            fits = decode(path.read_bytes()).fits
        except (OSError, ValueError):
            continue
        found += [(fit.index, fit) for fit in fits]
    return found


def by_fit(lines: Sequence[Mapping[str, Any]]) -> dict[int, list[Mapping[str, Any]]]:
    """The lines of each fit, in order."""
    found: dict[int, list[Mapping[str, Any]]] = {}
    for line in lines:
        if isinstance(line.get("fit"), int):
            found.setdefault(line["fit"], []).append(line)
    return found


def with_lines(fit: core.Fit, lines: Sequence[Mapping[str, Any]]) -> core.Fit:
    """A fit with its curves up to the last line; its record may be some epochs behind."""
    epochs = [line for line in lines if line.get("event") == "epoch"]
    before = fit.signals.recorded.get(core.HISTORY)
    if not epochs or (before is not None and before.epochs >= len(epochs)):
        return fit
    planned = next((line["epochs"] for line in lines if line.get("event") == "fit"), 0)
    history = core.History(
        metrics=curves(epochs),
        learning_rate=tuple(number(line.get("rate")) for line in epochs),
        planned=int(planned or 0),
        steps=before.steps if before is not None else 0,
        seconds=_seconds(lines),
        stopped=next((str(e["stopped"]) for e in lines if e.get("event") == "end"), "interrupted"),
        best_restored=before.best_restored if before is not None else False,
    )
    return replace(fit, signals=core.Signals({**fit.signals.recorded, core.HISTORY: history}))


def curves(epochs: Sequence[Mapping[str, Any]]) -> dict[str, tuple[float, ...]]:
    """Metrics by name, as long as they were measured."""
    found: dict[str, list[float]] = {}
    for line in epochs:
        metrics = line.get("metrics")
        for name, value in (metrics if isinstance(metrics, dict) else {}).items():
            found.setdefault(name, []).append(number(value))
    return {name: tuple(values) for name, values in found.items()}


def number(value: Any) -> float:
    """A figure as it was written; null stands for what is not finite."""
    return float(value) if isinstance(value, int | float) else math.nan


def _seconds(lines: Sequence[Mapping[str, Any]]) -> float:
    times = [number(line.get("at")) for line in lines]
    return times[-1] - times[0] if len(times) > 1 else 0.0
