"""One folder a run under the store: begun before the script runs, written while it trains."""

from __future__ import annotations

import math
import os
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from convalesce.track import disk, process, surroundings

if TYPE_CHECKING:
    from convalesce import core  # loads NumPy, which the script may want to set up first

SCHEMA = 1


@dataclass(frozen=True, slots=True)
class RunFolder:
    """The folder of one run and what lies in it."""

    path: Path

    @property
    def id(self) -> str:
        """Its name, which is the run's."""
        return self.path.name

    @property
    def summary(self) -> Path:
        """What a list of runs shows, in one small file."""
        return self.path / "run.json"

    @property
    def live(self) -> Path:
        """Lines written while it trains: `fit`, `epoch`, `finding`, `end`."""
        return self.path / "live.jsonl"

    @property
    def record(self) -> Path:
        """Everything recorded, once the script has ended."""
        return self.path / "run.msgpack"

    @property
    def html(self) -> Path:
        """The report as a page."""
        return self.path / "report.html"

    @property
    def json(self) -> Path:
        """The report as JSON."""
        return self.path / "report.json"

    @property
    def environment(self) -> Path:
        """Versions, platform, settings."""
        return self.path / "environment.json"

    @property
    def script(self) -> Path:
        """The script as it was run."""
        return self.path / "script.py"

    def part(self, fit: int) -> Path:
        """What is known of one fit while the script still runs."""
        return self.path / f"fit-{fit}.msgpack"

    def parts(self) -> list[Path]:
        """All of them, in the order of the fits."""
        found = self.path.glob("fit-*.msgpack")
        return sorted(found, key=lambda p: int(re.sub(r"\D", "", p.stem) or 0))


def store_path(asked: Path | None = None) -> Path:
    """Where runs are kept: as asked, else `$CONVALESCE_STORE`, else `.convalesce` here."""
    return asked or Path(os.environ.get("CONVALESCE_STORE") or ".convalesce")


@dataclass(frozen=True, slots=True, kw_only=True)
class Start:
    """What is about to run.

    Attributes:
        script: As the person named it; the dotted name of a module with `module`.
        kind: `run`, `check`, `treatment` or `trial`.
        arguments: The script's own.
        parent: Id of the run that this one is a treatment or a trial of.
        changes: What it does differently from its parent, as text.
    """

    script: str
    kind: str = "run"
    arguments: tuple[str, ...] = ()
    module: bool = False
    parent: str = ""
    changes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class End:
    """How a run ended.

    Attributes:
        headline: The verdict in one sentence.
        reports: File name and content, e.g. `report.json`.
        status: Where another process found out that the run is over; empty for what the run
            itself says.
    """

    examined: core.Examined
    headline: str
    reports: Mapping[str, bytes]
    status: str = ""


def begin(store: Path, start: Start, now: datetime) -> RunFolder:
    """A new folder for a run that is about to start; `now` with a time zone.

    Raises:
        OSError: The store cannot be written to (no space, read-only).
    """
    folder = _fresh(prepared(store), now, start.script)
    file, source = surroundings.source(start.script, module=start.module)
    summary = {
        "schema": SCHEMA,
        "id": folder.id,
        "kind": start.kind,
        "parent": start.parent or None,
        "changes": start.changes,
        "script": f"-m {start.script}" if start.module else start.script,
        "arguments": start.arguments,
        "directory": str(Path.cwd()),
        "script_sha256": surroundings.digest(source) or None,
        "started": now.isoformat(timespec="seconds"),
        "ended": None,
        "status": "running",
        "process": process.this(),
        "verdict": None,
        "headline": "",
        "causes": [],
    }
    disk.write_json(folder.summary, summary)  # first of all: from here on it is a run
    if source:
        disk.write(folder.script, source)
    surrounding = surroundings.environment() | {"git": surroundings.commit(file)}
    disk.write_json(folder.environment, surrounding)
    return folder


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
    """One training of a study or of a treatment, after it ended.

    Attributes:
        name: Within its parent.
        changes: What it did differently, as text.
        metrics: Name and value.
    """

    name: str
    status: str
    headline: str
    changes: tuple[str, ...] = ()
    metrics: Mapping[str, float] = field(default_factory=dict)
    seconds: float = math.nan


def keep_trials(parent: RunFolder, trials: Iterable[Trial], now: datetime) -> None:
    """A folder for each trial beside its parent's: its summary alone; all else stands there.

    Raises:
        OSError: The store can't be written to.
    """
    above = disk.read_json(parent.summary)
    told = {k: above.get(k) for k in ("script", "arguments", "directory", "script_sha256")}
    for trial in trials:
        name = re.sub(r"\W+", "-", trial.name)
        folder = RunFolder(parent.path.with_name(f"{parent.id}.{name}"))
        folder.path.mkdir(exist_ok=True)
        disk.write_json(folder.summary, _summary_of(folder, parent, trial, now) | told)


def _summary_of(
    folder: RunFolder, parent: RunFolder, trial: Trial, now: datetime
) -> dict[str, object]:
    at = now.isoformat(timespec="seconds")
    return {
        "schema": SCHEMA,
        "id": folder.id,
        "kind": "trial",
        "parent": parent.id,
        "changes": trial.changes,
        "started": at,
        "ended": at,
        "status": trial.status,
        "process": process.this(),
        "verdict": None,
        "headline": trial.headline,
        "causes": [],
        "metrics": {k: v for k, v in trial.metrics.items() if math.isfinite(v)},
        "seconds": trial.seconds if math.isfinite(trial.seconds) else None,
    }


def add(folder: RunFolder, reports: Mapping[str, bytes]) -> None:
    """Put reports into the folder of a run.

    Raises:
        OSError: The store can't be written to.
    """
    for name, data in reports.items():
        disk.write(folder.path / name, data)


def prepared(store: Path) -> Path:
    """The store, made where it isn't there yet, and kept out of version control."""
    (store / "runs").mkdir(parents=True, exist_ok=True)
    ignore = store / ".gitignore"
    if not ignore.exists():
        disk.write(ignore, b"*\n")
    return store


def _fresh(store: Path, now: datetime, script: str) -> RunFolder:
    """A folder with the first name that is free, made."""
    name = re.sub(r"\W+", "-", Path(script).stem).strip("-") or "script"
    wanted = f"{now:%Y%m%d-%H%M%S}-{name}"
    for number in range(1, 10_000):
        path = store / "runs" / (wanted if number == 1 else f"{wanted}-{number}")
        try:
            path.mkdir()
        except FileExistsError:
            continue
        return RunFolder(path)
    raise FileExistsError(f"no free name for a run beside {wanted}: clear the store")


def finish(folder: RunFolder, end: End, now: datetime) -> None:
    """Keep the whole record and the reports; the summary is written last, when all is there.

    Raises:
        OSError: The store cannot be written to.
    """
    from convalesce.core.codec import encode  # noqa: PLC0415 - after the script has ended
    from convalesce.track.digest import figures  # noqa: PLC0415

    run = end.examined.run
    disk.write(folder.record, encode(run))
    add(folder, end.reports)
    if not end.status:
        known = disk.read_json(folder.environment) if folder.environment.exists() else {}
        disk.write_json(folder.environment, known | {"loaded": surroundings.loaded()})
    done = {
        "ended": None if end.status else now.isoformat(timespec="seconds"),
        "status": end.status or status_of(run),
        "exit": None if end.status else run.status,
        "verdict": end.examined.diagnosis.health.value,
        "headline": end.headline,
        **figures(end.examined, disk.read_lines(folder.live)),
    }
    disk.write_json(folder.summary, disk.read_json(folder.summary) | done)
    for part in folder.parts():
        part.unlink(missing_ok=True)


def status_of(run: core.Run) -> str:
    """How a script ended that did end."""
    if run.interrupted:
        return "interrupted"
    return "crashed" if run.crash is not None else "finished"


def discard(folder: RunFolder) -> None:
    """Take a folder away again, as there was nothing to run."""
    import shutil  # noqa: PLC0415 - hardly ever

    shutil.rmtree(folder.path, ignore_errors=True)
