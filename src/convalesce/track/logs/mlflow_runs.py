"""Runs of an MLflow store on this machine, read from its files: MLflow itself is not needed."""

from __future__ import annotations

import math
import sqlite3
from collections.abc import Iterable, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from convalesce.track.logs.log import Log, UnreadableLog, figure

SYSTEM = "system/"  # MLflow's own figures of the machine
EPOCHS = ("epochs", "num_epochs", "max_epochs")


@dataclass(frozen=True, slots=True)
class Choice:
    """A run of a store: its id, its name, when it began."""

    id: str
    name: str
    began: int


def from_database(path: Path, which: str = "") -> Log:
    """A run of an SQLite store: the one that is named, else the latest that has curves.

    Raises:
        UnreadableLog: It is no such store, or has no such run.
    """
    try:
        address = f"{path.absolute().as_uri()}?mode=ro"
        with closing(sqlite3.connect(address, uri=True)) as base:
            rows = base.execute(
                "SELECT run_uuid, name, start_time FROM runs WHERE lifecycle_stage = 'active' AND "
                "run_uuid IN (SELECT run_uuid FROM metrics)"
            )
            one = _chosen([Choice(r[0], r[1] or "", r[2] or 0) for r in rows], which, path)
            metrics = base.execute(
                "SELECT key, step, value, is_nan FROM metrics WHERE run_uuid = ? "
                "ORDER BY step, timestamp",
                (one.id,),
            )
            points = [(k, s, math.nan if bad else float(v)) for k, s, v, bad in metrics]
            params = dict(
                base.execute("SELECT key, value FROM params WHERE run_uuid = ?", (one.id,))
            )
    except sqlite3.Error as error:
        raise UnreadableLog(f"{path} is no MLflow store that can be read: {error}") from None
    return _log(path, one, points, params)


def is_store(folder: Path) -> bool:
    """An `mlruns` folder, one of its experiments, or one of its runs."""
    return any(folder.glob(p) for p in ("meta.yaml", "*/meta.yaml")) and bool(_runs(folder))


def from_files(folder: Path, which: str = "") -> Log:
    """A run of a store of plain files.

    Raises:
        UnreadableLog: It has no such run.
    """
    runs = {path.name: path for path in _runs(folder)}
    about = {name: _yaml(path / "meta.yaml") for name, path in runs.items()}
    choices = [
        Choice(n, a.get("run_name", ""), int(figure(a.get("start_time")) or 0))
        for n, a in about.items()
        if a.get("lifecycle_stage", "active") == "active"
    ]
    one = _chosen(choices, which, folder)
    points = []
    metrics = runs[one.id] / "metrics"
    for path in sorted(p for p in metrics.rglob("*") if p.is_file()):
        name = path.relative_to(metrics).as_posix()
        for line in path.read_text(encoding="utf-8").splitlines():
            _, value, step = (*line.split(), "0")[:3]
            points.append((name, int(step), float(value)))
    params = {p.name: p.read_text(encoding="utf-8") for p in (runs[one.id] / "params").glob("*")}
    return _log(folder, one, points, params)


def _runs(folder: Path) -> list[Path]:
    """Folders of runs: those with `metrics` in them."""
    found = [p for depth in ("metrics", "*/metrics", "*/*/metrics") for p in folder.glob(depth)]
    return [p.parent for p in found if any(p.iterdir())]


def _yaml(path: Path) -> dict[str, str]:
    """The flat file that MLflow writes of a run."""
    lines = path.read_text(encoding="utf-8").splitlines() if path.exists() else []
    pairs = (line.partition(":") for line in lines if ":" in line and not line.startswith(" "))
    return {name.strip(): value.strip().strip("'\"") for name, _, value in pairs}


def _chosen(choices: Sequence[Choice], which: str, place: Path) -> Choice:
    found = [c for c in choices if which in (c.name, "") or c.id.startswith(which)]
    if not found and which:
        names = ", ".join(c.name or c.id for c in sorted(choices, key=lambda c: -c.began)[:5])
        raise UnreadableLog(
            f"{place} has no run `{which}` with metrics. "
            + (f"The latest are {names}." if names else "It has none at all.")
        )
    if not found:
        raise UnreadableLog(f"{place} has no run with metrics.")
    return max(found, key=lambda c: c.began)


def _log(
    place: Path, one: Choice, points: Iterable[tuple[str, int, float]], params: Mapping[str, str]
) -> Log:
    fits: dict[int, dict[str, dict[int, float]]] = {}
    for key, step, value in points:
        if not key.startswith(SYSTEM):
            fit, name = _split(key)
            fits.setdefault(fit, {}).setdefault(name, {})[step] = value
    said = f"Read from MLflow's run {one.name or one.id}."
    planned = next((figure(params[n]) for n in EPOCHS if n in params), None)
    curves = [{n: list(v.values()) for n, v in fits[fit].items()} for fit in sorted(fits)]
    return Log(name=str(place), said=said, fits=tuple(curves), planned=int(planned or 0))


def _split(key: str) -> tuple[int, str]:
    """`fit 2/loss` is how convalesce names the curves of a script with several fits."""
    front, slash, name = key.partition("/")
    number = front.removeprefix("fit ")
    return (int(number) - 1, name) if slash and number.isdigit() else (0, key)
