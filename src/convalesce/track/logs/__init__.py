"""What other tools left of a training, read as a record: curves and little else."""

from __future__ import annotations

from pathlib import Path

from convalesce import core
from convalesce.track.folder import RunFolder
from convalesce.track.logs import events, mlflow_runs, tables
from convalesce.track.logs.log import Log as Log
from convalesce.track.logs.log import UnreadableLog as UnreadableLog
from convalesce.track.replay import read_run

SQLITE = b"SQLite format 3\0"
KINDS = (
    "a CSVLogger file, a History as JSON, TensorBoard's event files, an MLflow store (mlflow.db or "
    "mlruns) or a run's folder of convalesce"
)


def read(place: str, which: str = "") -> core.Run:
    """The record of a log.

    Args:
        place: Path of a file or folder, or `sqlite:///` and a path.
        which: Id or name of the run to read, where the place holds several.

    Raises:
        UnreadableLog: There is nothing that can be read as a log.
    """
    if "://" in place and not place.startswith("sqlite:///"):
        raise UnreadableLog(f"{place} is not on this machine. Only local logs are read: {KINDS}.")
    path = Path(place.removeprefix("sqlite:///"))
    if not path.exists():
        raise UnreadableLog(f"there is no {path}. Name {KINDS}.")
    try:
        return _read(path, which)
    except (OSError, UnicodeDecodeError) as error:
        raise UnreadableLog(f"{path} cannot be read: {error}") from None


def _read(path: Path, which: str) -> core.Run:
    if path.is_dir():
        return _folder(path, which)
    if "tfevents" in path.name:
        return events.from_folder(path.parent, which, only=path).as_run()
    with path.open("rb") as file:
        head = file.read(4096)
    if head.startswith(SQLITE):
        return mlflow_runs.from_database(path, which).as_run()
    json = head.lstrip()[:1] in {b"{", b"["}
    return (tables.from_json(path) if json else tables.from_csv(path)).as_run()


def _folder(path: Path, which: str) -> core.Run:
    if any((path / name).exists() for name in ("run.json", "live.jsonl", "run.msgpack")):
        return _own(path)
    if mlflow_runs.is_store(path):
        return mlflow_runs.from_files(path, which).as_run()
    if (path / "mlflow.db").is_file():
        return mlflow_runs.from_database(path / "mlflow.db", which).as_run()
    if events.files(path):
        return events.from_folder(path, which).as_run()
    raise UnreadableLog(f"{path} holds no log. Name {KINDS}.")


def _own(path: Path) -> core.Run:
    try:
        return read_run(RunFolder(path))
    except ValueError as error:
        raise UnreadableLog(f"{path} holds no readable record: {error}") from None
