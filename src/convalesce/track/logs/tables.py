"""Keras's CSVLogger files, and a History written as JSON."""

from __future__ import annotations

import csv
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from convalesce.track.logs.log import Log, UnreadableLog, figure, worded

SEPARATORS = ",;\t|"
COUNTED = ("epoch", "epochs", "step")


def from_csv(path: Path) -> Log:
    """A table with a line an epoch; where `epoch` begins anew, another fit begins.

    Raises:
        UnreadableLog: It is no such table.
    """
    lines = path.read_text(encoding="utf-8-sig").splitlines()
    separator = max(SEPARATORS, key=lines[0].count) if lines else ","
    rows = list(csv.DictReader(lines, delimiter=separator))
    names = [n for n in (rows[0] if rows else ()) if isinstance(n, str)]
    numeric = [n for n in names if any(figure(row.get(n)) is not None for row in rows)]
    if not numeric:
        raise UnreadableLog(
            f"{path} is no CSVLogger file: expected a line of names such as `epoch,loss,val_loss` "
            "and then figures."
        )
    counter = next((n for n in numeric if n.strip().lower() in COUNTED), None)
    fits: list[list[Mapping[str, Any]]] = []
    before: float | None = None
    for row in rows:
        now = figure(row.get(counter)) if counter else None
        if not fits or (now is not None and before is not None and now <= before):
            fits.append([])
        fits[-1].append(row)
        before = now if now is not None else before
    curves = [_curves(part, [n for n in numeric if n != counter]) for part in fits]
    said = f"Read from a CSVLogger file with {worded(len(rows), 'epoch')}"
    return Log(name=str(path), said=f"{said}{_several(fits)}.", fits=tuple(curves))


def _several(fits: Sequence[Any]) -> str:
    return f" in {len(fits)} fits, as `epoch` begins anew" if len(fits) > 1 else ""


def _curves(rows: Sequence[Mapping[str, Any]], names: Sequence[str]) -> dict[str, list[float]]:
    found = {n.strip(): [figure(row.get(n)) for row in rows] for n in names}
    return {n: [v for v in values if v is not None] for n, values in found.items()}


def from_json(path: Path) -> Log:
    """`History.history`, bare or with `epoch` and `params` around it; or a list of epochs.

    Raises:
        UnreadableLog: It is neither.
    """
    try:
        value = json.loads(path.read_bytes())
    except ValueError as error:
        raise UnreadableLog(f"{path} is no JSON: {error}") from None
    params = value.get("params") if isinstance(value, dict) else None
    if isinstance(value, dict) and isinstance(value.get("history"), dict):
        value = value["history"]
    if isinstance(value, list) and all(isinstance(v, dict) for v in value):
        names = list(dict.fromkeys(n for row in value for n in row if n not in COUNTED))
        curves = _curves(value, names)
    elif isinstance(value, dict):
        curves = {str(n): _values(v) for n, v in value.items() if n not in COUNTED}
    else:
        curves = {}
    curves = {name: values for name, values in curves.items() if values}
    if not curves:
        raise UnreadableLog(
            f"{path} is no History: expected an object such as "
            '{"loss": [0.9, 0.5], "val_loss": [1.0, 0.8]}.'
        )
    epochs = max(map(len, curves.values()))
    planned = figure(params.get("epochs")) if isinstance(params, dict) else None
    return Log(
        name=str(path),
        said=f"Read from a History of {worded(epochs, 'epoch')}.",
        fits=(curves,),
        planned=int(planned or 0),
    )


def _values(column: Any) -> list[float]:
    """A list, or pandas's way of writing a column: an object by row."""
    if isinstance(column, dict):
        column = list(column.values())
    found = [figure(v) for v in column] if isinstance(column, list) else []
    return [v for v in found if v is not None]
