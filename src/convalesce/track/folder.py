"""One folder a run under the store: its records, its report."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from convalesce import core
from convalesce.core.codec import encode


@dataclass(frozen=True, slots=True)
class RunFolder:
    """The folder of one run and what lies in it."""

    path: Path

    @property
    def html(self) -> Path:
        """The report as a page."""
        return self.path / "report.html"

    @property
    def json(self) -> Path:
        """The report as JSON."""
        return self.path / "report.json"


def store_path(asked: Path | None = None) -> Path:
    """Where runs are kept: as asked, else `$CONVALESCE_STORE`, else `.convalesce` here."""
    return asked or Path(os.environ.get("CONVALESCE_STORE") or ".convalesce")


def keep(run: core.Run, store: Path, *, now: datetime) -> RunFolder:
    """A new folder with the record of the run.

    Raises:
        OSError: The store cannot be written to (no space, read-only).
    """
    runs = store / "runs"
    runs.mkdir(parents=True, exist_ok=True)
    ignore = store / ".gitignore"
    if not ignore.exists():
        ignore.write_text("*\n", encoding="utf-8")
    name = re.sub(r"\W+", "-", Path(run.script).stem).strip("-") or "script"
    folder = _fresh(runs / f"{now:%Y%m%d-%H%M%S}-{name}")
    part = folder / "run.msgpack.part"
    part.write_bytes(encode(run))
    part.rename(folder / "run.msgpack")
    return RunFolder(folder)


def _fresh(wanted: Path) -> Path:
    """The first of `wanted`, `wanted-2`, `wanted-3` that does not exist, made."""
    for number in range(1, 10_000):
        path = wanted if number == 1 else wanted.with_name(f"{wanted.name}-{number}")
        try:
            path.mkdir()
        except FileExistsError:
            continue
        return path
    raise FileExistsError(f"no free name for a run beside {wanted}: clear the store")
