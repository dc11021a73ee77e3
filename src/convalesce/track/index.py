"""The runs of a store: listed by their summaries alone, found by a part of their name, removed."""

from __future__ import annotations

import math
import shutil
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from convalesce.track import disk, process
from convalesce.track.folder import RunFolder

STATUSES = ("running", "finished", "interrupted", "crashed")
PLAIN = ("started", "script", "status", "verdict", "seconds")  # to sort by, beside metrics
SILENT_S = 24 * 3600.0  # a run on a machine that can't be asked, and that wrote nothing for so long


class UnknownRun(LookupError):
    """There is no such run, or there are several; the message says which there are."""

    def __str__(self) -> str:
        return str(self.args[0])


@dataclass(frozen=True, slots=True)
class Entry:
    """A run as a list shows it.

    Attributes:
        folder: Where it lies.
        summary: What its small file says.
        status: One of `STATUSES`; a run whose process is gone without a word is interrupted.
    """

    folder: RunFolder
    summary: Mapping[str, Any]
    status: str

    def text(self, name: str) -> str:
        """A word of the summary; empty where there is none."""
        value = self.summary.get(name)
        return value if isinstance(value, str) else ""

    def words(self, name: str) -> tuple[str, ...]:
        """A list of words of the summary."""
        value = self.summary.get(name)
        return tuple(map(str, value)) if isinstance(value, list) else ()

    def count(self, name: str) -> int:
        """A whole number of the summary; 0 where there is none."""
        value = self.summary.get(name)
        return value if isinstance(value, int) else 0

    def metric(self, name: str, of: str = "metrics") -> float:
        """A metric's last value (or of `best`, its best); nan where there is none."""
        values = self.summary.get(of)
        value = values.get(name) if isinstance(values, dict) else None
        return float(value) if isinstance(value, int | float) else math.nan


@dataclass(frozen=True, slots=True)
class Listing:
    """The runs of a store, the latest first, and what could not be read, in sentences."""

    entries: tuple[Entry, ...] = ()
    complaints: tuple[str, ...] = field(default=())


def entries(store: Path) -> Listing:
    """All runs of a store."""
    found, complaints = [], []
    runs = store / "runs"
    for path in sorted(runs.iterdir(), reverse=True) if runs.is_dir() else ():
        if path.name.startswith(".") or not path.is_dir():
            continue
        try:
            found.append(entry(RunFolder(path)))
        except FileNotFoundError:
            if all(p.name.startswith(".") for p in path.iterdir()):
                continue  # begun this moment, or killed in it
            complaints.append(f"{path} is left out: it has no run.json.")
        except (OSError, ValueError) as error:
            complaints.append(f"{path} is left out: its run.json cannot be read ({error}).")
    return Listing(tuple(found), tuple(complaints))


def entry(folder: RunFolder) -> Entry:
    """One run.

    Raises:
        OSError: Its summary can't be read.
        ValueError: It is no summary.
    """
    summary = disk.read_json(folder.summary)
    status = summary.get("status")
    if status not in STATUSES:
        raise ValueError(f"`status` is {status!r}, not one of {', '.join(STATUSES)}")
    if status != "running":
        return Entry(folder, summary, status)
    lines = disk.read_lines(folder.live)
    epochs = [line for line in lines if line.get("event") == "epoch"]
    known: dict[str, Any] = {
        "epochs": len(epochs),
        "metrics": epochs[-1].get("metrics") if epochs else {},
    }
    return Entry(folder, summary | known, _now(folder, summary, lines))


def _now(folder: RunFolder, summary: Mapping[str, Any], lines: Sequence[Mapping[str, Any]]) -> str:
    """Whether a run that was running still is."""
    writer = summary.get("process")
    gone = process.gone(writer if isinstance(writer, dict) else {})
    if gone is None:
        at = lines[-1].get("at") if lines else None
        at = at if isinstance(at, int | float) else folder.summary.stat().st_mtime
        gone = time.time() - at > SILENT_S
    return "interrupted" if gone else "running"


def find(store: Path, name: str) -> RunFolder:
    """The run with this id, or the only one that has this as a part of it; or a run's folder.

    Raises:
        UnknownRun: There is none, or there are several.
    """
    path = Path(name)
    if path.is_dir() and ((path / "run.json").exists() or (path / "live.jsonl").exists()):
        return RunFolder(path)
    runs = store / "runs"
    there = [p.name for p in runs.iterdir() if p.is_dir()] if runs.is_dir() else []
    ids = sorted((n for n in there if not n.startswith(".")), reverse=True)
    if not ids:
        raise UnknownRun(f"there is no run `{name}`: nothing is kept in {store} yet.")
    if name in ids:
        return RunFolder(runs / name)
    near = [i for i in ids if i.startswith(name)] or [i for i in ids if name in i]
    if len(near) == 1:
        return RunFolder(runs / near[0])
    if near:
        raise UnknownRun(f"`{name}` is a part of {len(near)} runs: {_some(near)}. Say more of it.")
    raise UnknownRun(
        f"there is no run `{name}` in {store}. The latest are {_some(ids)}; "
        "`convalesce runs` lists all."
    )


def _some(ids: Sequence[str], most: int = 5) -> str:
    more = f" and {len(ids) - most} more" if len(ids) > most else ""
    return ", ".join(ids[:most]) + more


def latest(store: Path) -> RunFolder:
    """The run that is running, else the last one.

    Raises:
        UnknownRun: There is none.
    """
    found = entries(store).entries
    if not found:
        raise UnknownRun(f"nothing is kept in {store} yet: `convalesce run SCRIPT` begins a run.")
    running = [e for e in found if e.status == "running"]
    return (running or found)[0].folder


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """Which runs to list, and in which order.

    Attributes:
        causes: Any of these was found; `hp` stands for its whole family.
        script: A part of the script's name.
        children: Trials and treatments stand in the list too.
        sort: One of `PLAIN`, or the name of a metric.
        reverse: The other way round.
    """

    causes: tuple[str, ...] = ()
    verdict: str = ""
    status: str = ""
    script: str = ""
    children: bool = False
    sort: str = "started"
    reverse: bool = False


def chosen(found: Iterable[Entry], wanted: Wanted) -> list[Entry]:
    """The runs that are wanted, in order; runs without the metric sorted by stand last."""
    kept = [e for e in found if _fits(e, wanted)]
    key = wanted.sort
    if key in PLAIN and key != "seconds":
        kept.sort(key=lambda e: e.text("started"), reverse=True)
        if key != "started":
            kept.sort(key=lambda e: e.status if key == "status" else e.text(key))
        return kept[::-1] if wanted.reverse else kept
    having = [e for e in kept if math.isfinite(_number(e, key))]
    without = [e for e in kept if not math.isfinite(_number(e, key))]
    falling = key == "seconds" or _falls(key)
    having.sort(key=lambda e: _number(e, key), reverse=falling == wanted.reverse)
    return having + without


def _number(e: Entry, key: str) -> float:
    if key == "seconds":
        value = e.summary.get("seconds")
        return float(value) if isinstance(value, int | float) else math.nan
    return e.metric(key)


def _falls(name: str) -> bool:
    from convalesce.track.digest import falls  # noqa: PLC0415 - loads NumPy

    return falls(name)


def _fits(e: Entry, wanted: Wanted) -> bool:
    causes = e.words("causes")
    return (
        (not wanted.verdict or e.text("verdict") == wanted.verdict)
        and (not wanted.status or e.status == wanted.status)
        and wanted.script in e.text("script")
        and (wanted.children or not e.text("parent"))
        and (
            not wanted.causes
            or any(c == w or c.startswith(f"{w}.") for c in causes for w in wanted.causes)
        )
    )


def children(store: Path, ids: Iterable[str]) -> list[RunFolder]:
    """Trials and treatments of these runs, and theirs."""
    found: list[RunFolder] = []
    parents = set(ids)
    everything = entries(store).entries
    while parents:
        below = [e.folder for e in everything if e.text("parent") in parents]
        parents = {f.id for f in below} - {f.id for f in found}
        found += [f for f in below if f.id in parents]
    return found


def remove(folder: RunFolder) -> None:
    """Delete a run's folder; one that is half deleted is no run any more.

    Raises:
        OSError: It can't be deleted.
    """
    for left in folder.path.parent.glob(".*.gone"):
        shutil.rmtree(left, ignore_errors=True)
    shutil.rmtree(folder.path.rename(folder.path.with_name(f".{folder.id}.gone")))
