"""An edited script is run before it is offered, in a copy: whole, or the first steps of each fit.

What fails in the edited script and not in the original speaks against the edit. The two run in
processes of their own, on the processor, where nothing outside of the copy can be written.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import convalesce
from convalesce import core
from convalesce.core.codec import decode
from convalesce.treat.stage import Stage, staged

STEPS = 3  # of each fit: shapes and names have been through forward, backward and update
FLOOR_S = 120.0  # imports, data and tracing take so long at the most
MORE = 10  # times as many: what batches hold by chance comes earlier or later
PATIENCE = 2.0  # trainings that a rehearsal may take besides
RUN = (
    "import sys; sys.path.append({place!r}); "
    "from convalesce.observe.rehearsal import main; main(sys.argv[1:])"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Rehearsed:
    """What came of running an edited script.

    Attributes:
        ran: It ran (True), failed where the original does not (False), or that is open (None).
        says: A sentence.
        run: What a whole run showed; None where it was cut or failed.
    """

    ran: bool | None
    says: str
    run: core.Run | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Piece:
    """What is rehearsed.

    Attributes:
        script: The user's, which is not touched.
        original: Its bytes. `edited`: those with the edit.
        arguments: Behind its name on the command line.
        here: The working directory.
        reads: Files that the script was seen to read.
        training_s: Seconds that the original trained.
        environment: That the script was started in.
        steps: To which each fit is cut; None runs the script whole.
        seed: Added to the seeds that the script sets.
        fit: Index of the fit whose trained model is kept.
        model: File for that model; None keeps none.
    """

    script: Path
    original: bytes
    edited: bytes
    arguments: Sequence[str]
    here: Path
    reads: Sequence[core.ReadFile]
    training_s: float = 0.0
    environment: Mapping[str, str] = field(default_factory=dict)
    steps: int | None = STEPS
    seed: int = 0
    fit: int = 0
    model: Path | None = None

    @property
    def limit_s(self) -> float:
        """Seconds after which a run of it is ended."""
        return FLOOR_S + PATIENCE * self.training_s


@dataclass(frozen=True, slots=True)
class _Ending:
    status: int
    fits: int = 0
    refused: tuple[str, ...] = ()
    error: str = ""
    line: int = 0
    phase: str = ""
    run: core.Run | None = None

    @property
    def good(self) -> bool:
        return self.status == 0 and not self.error

    @property
    def says(self) -> str:
        where = f" (line {self.line})" if self.line else ""
        return f"{self.error}{where}" if self.error else f"it ended with status {self.status}"


def rehearse(piece: Piece) -> Rehearsed:
    """Run the edited script, and where it fails the original, to tell whose fault it is."""
    try:
        tried = _run(piece.edited, piece)
        if tried is None:
            waited = f"it ran for {piece.limit_s:.0f} s without an error, and was ended then"
            return Rehearsed(ran=None, says=waited)
        if tried.good:
            how = f"it ran in a copy, {_extent(piece.steps)}"
            return Rehearsed(ran=True, says=how, run=tried.run)
        return _judged(tried, _run(piece.original, piece), piece.steps)
    except OSError as error:
        return Rehearsed(ran=None, says=f"it was not run: its folder could not be copied ({error})")


def run_whole(source: bytes, piece: Piece, seed: int) -> core.Run | None:
    """What a whole run of a source showed, from other seeds; None where it failed or took too long.

    Args:
        source: In the place of the script.
        piece: Where it runs.
        seed: Added to those that the script sets.
    """
    try:
        ended = _run(source, replace(piece, steps=None, seed=seed))
    except OSError:
        return None
    return ended.run if ended is not None and ended.good else None


def beyond(steps: int) -> int:
    """Steps after which an error that has shown after so many is taken to be gone."""
    return max(STEPS, MORE * (steps + 1))


def _extent(steps: int | None) -> str:
    return "from beginning to end" if steps is None else f"each fit cut to its first {steps} steps"


def _judged(tried: _Ending, first: _Ending | None, steps: int | None) -> Rehearsed:
    """Of an edited script that failed."""
    if first is not None and first.good:
        return Rehearsed(ran=False, says=tried.says)
    if tried.refused:
        return Rehearsed(
            ran=None, says=f"it was not run to its end: it writes to {tried.refused[0]}"
        )
    if first is None:
        return Rehearsed(
            ran=None, says="whether it runs is open: the original could not be run in a copy"
        )
    same = tried.error.partition(":")[0] == first.error.partition(":")[0]
    if same and tried.fits >= first.fits > 0 and tried.phase != "fit":
        cut = "what follows fails in a copy, as it does in the original"
        return Rehearsed(
            ran=True, says=f"it ran through {tried.fits} fits, {_extent(steps)}; {cut}"
        )
    return Rehearsed(
        ran=None, says=f"whether it runs is open: the original fails in a copy ({first.says})"
    )


def _run(source: bytes, piece: Piece) -> _Ending | None:
    """How a source ended in the place of the script; None where it took too long."""
    with tempfile.TemporaryDirectory(prefix="convalesce-trial-", ignore_cleanup_errors=True) as top:
        stage = staged(piece.script, piece.here, piece.reads, Path(top).resolve())
        stage.script.write_bytes(source)
        return _ended(stage, piece)


def _ended(stage: Stage, piece: Piece) -> _Ending | None:
    scratch = stage.top / "scratch"
    scratch.mkdir()
    report, record = scratch / "report.json", scratch / "record.msgpack"
    trained = scratch / "model.keras"
    asked: dict[str, Any] = {
        "script": str(stage.script),
        "arguments": list(piece.arguments),
        "steps": piece.steps,
        "seed": piece.seed,
        "inside": [str(stage.top)],
        "report": str(report),
        "record": str(record),
        "fit": piece.fit,
        "model": str(trained) if piece.model is not None else None,
    }
    place = str(Path(convalesce.__file__).resolve().parents[1])
    environment = {
        **(piece.environment or os.environ),
        "TMPDIR": str(scratch),
        "CUDA_VISIBLE_DEVICES": "-1",  # this process holds the memory of the graphics card
        "PYTHONDONTWRITEBYTECODE": "1",
    }
    process = subprocess.Popen(  # noqa: S603 - the user's own script
        [sys.executable, "-c", RUN.format(place=place), json.dumps(asked)],
        cwd=stage.here,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        status = process.wait(piece.limit_s)
    except subprocess.TimeoutExpired:
        return None
    finally:
        _end(process)
    try:
        told = json.loads(report.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return _Ending(status or 1, error=f"Python ended with status {status}")
    if piece.model is not None and trained.exists():
        shutil.move(trained, piece.model)
    shown = decode(record.read_bytes()) if record.exists() else None
    return _Ending(**{**told, "refused": tuple(told["refused"])}, run=shown)


def _end(process: subprocess.Popen[bytes]) -> None:
    """With what it started itself."""
    if os.name == "posix":
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, signal.SIGKILL)
    process.kill()
    process.wait()
