"""Runs in MLflow's store. Only the importer's process loads this, as it loads MLflow."""

from __future__ import annotations

import importlib
import json
import logging
import re
import shutil
from collections.abc import Iterable, Iterator
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlparse

from mlflow.entities import Metric, Param, RunTag
from mlflow.exceptions import MlflowException
from mlflow.tracking import MlflowClient
from sqlalchemy import create_engine

from convalesce import core
from convalesce.track import disk
from convalesce.track.index import Entry
from convalesce.track.replay import read_run

EXPERIMENT = "convalesce"
STATUS = {"finished": "FINISHED", "crashed": "FAILED", "interrupted": "KILLED"}
BATCH = 900  # metrics a call; MLflow takes 1000
LONGEST = 480  # characters of a parameter or tag
KIND = {"mlflow.experimentKind": "custom_model_development"}  # so that MLflow opens on the runs
ARTIFACTS = ("report.html", "report.json", "script.py", "environment.json")


class Bridge:
    """One store of MLflow, open for writing."""

    def __init__(self, store: Path, uri: str, *, own: bool) -> None:
        logging.getLogger("mlflow").setLevel(logging.WARNING)
        logging.getLogger("alembic").setLevel(logging.WARNING)
        if own:
            _ready(store / "mlflow.db")
        self._client = MlflowClient(tracking_uri=uri)
        place = (store.absolute() / "mlflow-artifacts").as_uri() if own else None
        found = self._client.get_experiment_by_name(EXPERIMENT)
        self._experiment: str = (
            found.experiment_id
            if found is not None
            else self._client.create_experiment(EXPERIMENT, artifact_location=place, tags=KIND)
        )

    def bring(self, one: Entry, parent: str) -> str:
        """Write a run, or what is missing of it; its id there.

        All that is written a second time is the same as the first time, so nothing is doubled.
        """
        run = read_run(one.folder) if one.folder.record.exists() or one.folder.parts() else None
        started, ended = _milliseconds(one.text("started")), _milliseconds(one.text("ended"))
        run_id = self._known(one.folder.id) or str(
            self._client.create_run(
                self._experiment,
                start_time=started,
                run_name=one.folder.id,
                tags={"convalesce.id": one.folder.id},
            ).info.run_id
        )
        self._client.log_batch(run_id, params=list(_params(one)), tags=list(_tags(one, parent)))
        metrics = list(_metrics(run, started)) if run is not None else []
        for first in range(0, len(metrics), BATCH):
            self._client.log_batch(run_id, metrics=metrics[first : first + BATCH])
        for name in ARTIFACTS:
            if (one.folder.path / name).exists():
                self._client.log_artifact(run_id, str(one.folder.path / name))
        self._client.set_terminated(
            run_id, STATUS.get(one.status, "FINISHED"), end_time=ended or _last(one)
        )
        return run_id

    def _known(self, name: str) -> str:
        """A run that an import before this one began."""
        found = self._client.search_runs(
            [self._experiment], filter_string=f"tags.`convalesce.id` = '{name}'", max_results=1
        )
        return str(found[0].info.run_id) if found else ""


def _ready(database: Path) -> None:
    """Our own database, with the tables that this MLflow wants.

    It is made, or changed, under another name: a kill leaves the old one or the new one, whole.
    """
    utils: Any = importlib.import_module("mlflow.store.db.utils")  # for our own store alone
    part = database.with_name("mlflow.part.db")
    part.unlink(missing_ok=True)
    if database.exists():
        engine = create_engine(f"sqlite:///{database.absolute().as_posix()}")
        fits = utils._get_schema_version(engine) == utils._get_latest_schema_revision()  # noqa: SLF001 - there is no public way to ask
        engine.dispose()
        if fits:
            return
        shutil.copyfile(database, part)
    engine = create_engine(f"sqlite:///{part.absolute().as_posix()}")
    if database.exists():
        utils._upgrade_db(engine)  # noqa: SLF001 - what `mlflow db upgrade` calls
    else:
        utils._initialize_tables(engine)  # noqa: SLF001 - what opening an empty store calls
    engine.dispose()
    part.replace(database)


def _params(one: Entry) -> Iterator[Param]:
    setting = one.summary.get("setting")
    for name, value in (setting if isinstance(setting, dict) else {}).items():
        yield Param(_name(name), str(value)[:LONGEST])
    data = one.summary.get("data")
    for name, value in (data if isinstance(data, dict) else {}).items():
        yield Param(_name(f"data {name}"), json.dumps(value)[:LONGEST])
    seeds = one.summary.get("seeds")
    for name, value in (seeds if isinstance(seeds, dict) else {}).items():
        yield Param(_name(f"seed {name}"), str(value))


def _tags(one: Entry, parent: str) -> Iterator[RunTag]:
    git: Any = {}
    with suppress(OSError, ValueError):
        git = disk.read_json(one.folder.environment).get("git")
    said = {
        "mlflow.source.name": one.text("script"),
        "mlflow.source.type": "LOCAL",
        "mlflow.source.git.commit": str((git if isinstance(git, dict) else {}).get("commit") or ""),
        "mlflow.parentRunId": parent,
        "mlflow.note.content": one.text("headline"),
        "convalesce.kind": one.text("kind"),
        "convalesce.status": one.status,
        "convalesce.verdict": one.text("verdict"),
        "convalesce.causes": ", ".join(one.words("causes")),
        "convalesce.changes": "; ".join(one.words("changes")),
        "convalesce.script_sha256": one.text("script_sha256"),
    }
    findings = one.summary.get("findings")
    for finding in findings if isinstance(findings, list) else ():
        said[f"convalesce.finding.{finding['cause']}"] = (
            f"{finding['severity']}, {finding['verdict']}"
        )
    return (RunTag(name, value[:LONGEST]) for name, value in said.items() if value)


def _metrics(run: core.Run, started: int) -> Iterator[Metric]:
    """Curves, a value an epoch; their times are made up from the run's own, always alike."""
    for fit in run.fits:
        history = fit.signals.recorded.get(core.HISTORY)
        if history is None:
            continue
        front = f"fit {fit.index + 1}/" if len(run.fits) > 1 else ""
        curves = dict(history.metrics)
        if history.learning_rate and "learning_rate" not in curves:
            curves["learning_rate"] = history.learning_rate
        pace = 1000 * history.seconds / max(history.epochs, 1)
        for name, values in curves.items():
            for epoch, value in enumerate(values):
                at = started + int(pace * (epoch + 1))
                yield Metric(_name(front + name), float(value), at, epoch)


def _name(text: str) -> str:
    """A name that MLflow takes."""
    return re.sub(r"[^\w.\- :/]", "_", text).strip("/.")[:200] or "_"


def _milliseconds(said: str) -> int:
    try:
        return int(1000 * datetime.fromisoformat(said).timestamp())
    except ValueError:
        return 0


def _last(one: Entry) -> int:
    """When a run that never ended was last heard of."""
    lines = disk.read_lines(one.folder.live)
    at = lines[-1].get("at") if lines else None
    return int(1000 * at) if isinstance(at, int | float) else _milliseconds(one.text("started"))


def forget(store: Path, uri: str, ids: Iterable[str], *, own: bool) -> int:
    """Delete runs: from our own store with all their files, from another as MLflow does it."""
    if own and not (store / "mlflow.db").exists():
        return 0
    bridge = Bridge(store, uri, own=own)
    client = bridge._client  # noqa: SLF001 - this module's own
    for run_id in ids:
        try:
            place = client.get_run(run_id).info.artifact_uri or ""
            client.delete_run(run_id)
        except MlflowException:
            continue  # it is gone already
        if own:
            client._tracking_client.store._hard_delete_run(run_id)  # noqa: SLF001 - as `mlflow gc`
            files = Path(unquote(urlparse(place).path)).parent
            if files.is_relative_to(store.absolute()):
                shutil.rmtree(files, ignore_errors=True)
    return 0
