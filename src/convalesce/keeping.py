"""Keeping a run: begun before the script, told while it trains, completed after the report.

`python -m convalesce.keeping STORE` is the process that goes on afterwards: it concludes from what
killed runs left, and brings all that has ended into MLflow's store.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from convalesce.track import folder as folders
from convalesce.track.folder import RunFolder
from convalesce.track.live import Live

if TYPE_CHECKING:
    from convalesce import core  # loads NumPy, which the script may want to set up first

QUIET = {"MLFLOW_DISABLE_TELEMETRY": "true", "DO_NOT_TRACK": "true"}
LOG_BYTES = 1 << 20


@dataclass(frozen=True, slots=True)
class Kept:
    """A run that is being kept, or why it can't be.

    Attributes:
        environment: As it was before the script could change it.
        tell: What the observation tells of the training; None where nothing is kept.
    """

    store: Path
    environment: Mapping[str, str]
    folder: RunFolder | None = None
    tell: Live | None = None
    why_not: str = ""


def begin(store: Path | None, start: folders.Start, mute: Iterable[str] = ()) -> Kept:
    """Begin a run's folder; a store that can't be written to is no reason not to run."""
    place = folders.store_path(store).absolute()  # the script may change its directory
    environment = dict(os.environ)
    try:
        folder = folders.begin(place, start, _now())
        return Kept(place, environment, folder, Live(folder, _judge(tuple(mute))))
    except OSError as error:
        return Kept(place, environment, why_not=error.strerror or str(error))


def discard(kept: Kept) -> None:
    """There was nothing to run after all."""
    if kept.folder is not None:
        folders.discard(kept.folder)


def complete(
    kept: Kept, examined: core.Examined, reports: Mapping[str, bytes], *, last: bool = True
) -> None:
    """Keep what is concluded; MLflow is told by a process of its own.

    Args:
        kept: What `begin` gave.
        examined: The run and what is concluded from it.
        reports: File name and content.
        last: No further run of this process follows at once, as the trials of a study do.

    Raises:
        OSError: The store can't be written to.
    """
    if kept.folder is None:
        raise OSError(kept.why_not)
    folders.finish(kept.folder, _end(examined, reports), _now())
    if last:
        start_after(kept.store, kept.environment)


def add(
    kept: Kept,
    reports: Mapping[str, bytes],
    trials: Iterable[core.StudyTrial] = (),
    what: str = "",
) -> None:
    """Keep reports of a study beside the run that it began from, each trial as a run of its own.

    Args:
        kept: What `begin` gave.
        reports: File name and content.
        trials: Of the study.
        what: Name of what they are measured by.

    Raises:
        OSError: The store can't be written to.
    """
    if kept.folder is None:
        raise OSError(kept.why_not)
    folders.add(kept.folder, reports)
    told = (
        folders.Trial(
            name=f"trial {trial.number + 1}",
            status="crashed" if trial.state == "failed" else "finished",
            headline=trial.why or f"{trial.state}, {trial.origin}",
            changes=tuple(map(str, trial.changes)),
            metrics={what: trial.value},
            seconds=trial.seconds,
        )
        for trial in trials
    )
    folders.keep_trials(kept.folder, told, _now())
    start_after(kept.store, kept.environment)


def _end(examined: core.Examined, reports: Mapping[str, bytes], status: str = "") -> folders.End:
    from convalesce.report.words import headline  # noqa: PLC0415 - loads NumPy

    said = headline(examined)
    return folders.End(examined=examined, headline=said, reports=reports, status=status)


def _now() -> datetime:
    """The person's own time: folders are named in it."""
    return datetime.now().astimezone()


def _judge(mute: tuple[str, ...]) -> Any:
    """Findings of a fit that still trains, as plain words."""

    def judge(fit: core.Fit) -> list[dict[str, Any]]:
        from convalesce.diagnose import diagnose  # noqa: PLC0415 - loads all causes

        return [
            {
                "fit": fit.index,
                "cause": one.cause,
                "severity": one.severity.value,
                "verdict": one.verdict.value,
                "title": one.title,
                "says": one.evidence.says,
            }
            for one in diagnose(fit.signals, fit=fit.index, mute=mute).findings
        ]

    return judge


def conclude(run: core.Run, mute: Iterable[str] = (), started: str = "") -> core.Examined:
    """What follows from a record."""
    from convalesce import core  # noqa: PLC0415
    from convalesce.diagnose import diagnose_run  # noqa: PLC0415

    return core.Examined(run=run, diagnosis=diagnose_run(run, mute=mute), started=started)


# ---- afterwards, in a process of its own ---------------------------------------------------------


def start_after(store: Path, environment: Mapping[str, str]) -> None:
    """Begin the process that goes on; nothing waits for it. `CONVALESCE_MLFLOW=0`: none."""
    if environment.get("CONVALESCE_MLFLOW", "") == "0":
        return
    with suppress(OSError):
        log = store / "mlflow.log"
        if log.exists() and log.stat().st_size > LOG_BYTES:
            log.unlink()
        with log.open("ab") as out:
            child = subprocess.Popen(  # noqa: S603 - ourselves
                command(store),
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=out,
                env=calm(environment),
                cwd=store,
                start_new_session=True,
            )
            child.returncode = 0  # nobody waits for it, and Python need not warn of that


def command(store: Path, *more: str) -> list[str]:
    """That process; `-P` keeps files of the working directory from being imported."""
    return [sys.executable, "-P", "-m", __name__, str(store.absolute()), *more]


def calm(environment: Mapping[str, str]) -> dict[str, str]:
    """An environment in which MLflow reports to nobody and this package is found."""
    here = str(Path(__file__).parents[1])
    paths = [here, *filter(None, [environment.get("PYTHONPATH")])]
    kept = {k: v for k, v in environment.items() if k not in {"PYTHONINSPECT", "PYTHONSTARTUP"}}
    if not kept.get("MLFLOW_TRACKING_URI"):  # then what else is set for MLflow is not meant for us
        kept = {k: v for k, v in kept.items() if not k.startswith("MLFLOW_")}
    return kept | QUIET | {"PYTHONPATH": os.pathsep.join(paths)}


def main(arguments: Sequence[str]) -> int:
    """`STORE`: recover and bring over all runs. `STORE --forget ID …`: delete them in MLflow."""
    from convalesce.track import importer  # noqa: PLC0415 - in this process alone

    os.environ.update(QUIET)
    with suppress(OSError, AttributeError):
        os.nice(10)
    store, *more = arguments
    if more[:1] == ["--forget"]:
        for name in more[1:]:
            importer.forget(Path(store), importer.brought(RunFolder(Path(store, "runs", name))))
        return 0
    complaints = [*recover(Path(store)), *importer.bring_all(Path(store))]
    for complaint in complaints:
        sys.stderr.write(f"{complaint}\n")
    return 1 if complaints else 0


def recover(store: Path) -> list[str]:
    """Conclude from what killed runs left; what went wrong, a sentence a run."""
    from convalesce.track import index  # noqa: PLC0415
    from convalesce.track.lock import alone  # noqa: PLC0415

    with alone(store / "recover.lock"):
        left = [e for e in index.entries(store).entries if _left(e)]
        return [said for one in left if (said := _recover(one))]


def _left(one: Any) -> bool:
    return bool(one.status == "interrupted" and one.summary.get("status") == "running")


def _recover(one: Any) -> str:
    from convalesce import report  # noqa: PLC0415
    from convalesce.track.replay import read_run  # noqa: PLC0415

    try:
        run = read_run(one.folder)
        examined = conclude(run, started=one.text("started"))
        status = folders.status_of(run) if one.folder.record.exists() else "interrupted"
        reports = {
            "report.json": report.to_json(examined),
            "report.html": report.to_html(examined).encode(),
        }
        folders.finish(one.folder, _end(examined, reports, status), _now())
    except (OSError, ValueError) as error:
        return f"{one.folder.id}: {error}"
    return ""


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
