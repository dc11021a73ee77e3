"""Brings folders into MLflow's store, in a process of its own.

MLflow takes seconds to load and to make its store, and sets itself up for the whole process: none
of that may happen where a script of the user runs. What is in the folders is the truth. This can be
killed at any moment and run again: a run that was brought over in part is completed, not doubled.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from convalesce.track import disk, index, surroundings
from convalesce.track.folder import RunFolder
from convalesce.track.lock import alone

OWN = "own"  # the store beside the folders, wherever both are moved


def own_uri(store: Path) -> str:
    """The store beside the folders."""
    return f"sqlite:///{(store.absolute() / 'mlflow.db').as_posix()}"


def target(store: Path, environment: Mapping[str, str] = os.environ) -> tuple[str, str]:
    """Where runs are brought, and the name under which a folder notes that it is there."""
    asked = environment.get("MLFLOW_TRACKING_URI", "")
    if not asked:
        return own_uri(store), OWN
    return asked, surroundings.digest(asked.encode())[:16]  # it may hold a password


def brought(folder: RunFolder) -> dict[str, str]:
    """Ids of a folder's run in MLflow's stores, by the stores' names."""
    try:
        runs = disk.read_json(folder.path / "mlflow.json").get("runs")
    except (OSError, ValueError):
        return {}
    return {str(k): str(v) for k, v in runs.items()} if isinstance(runs, dict) else {}


def note(folder: RunFolder, name: str, run_id: str) -> None:
    """Note that a folder's run is whole in a store."""
    disk.write_json(folder.path / "mlflow.json", {"runs": brought(folder) | {name: run_id}})


def pending(store: Path, name: str) -> list[index.Entry]:
    """Runs that have ended and are not in the store yet, parents first."""
    found = index.entries(store).entries
    running = {e.folder.id for e in found if e.status == "running"}
    waiting = [
        e
        for e in found
        if e.folder.id not in running
        and e.text("parent") not in running
        and name not in brought(e.folder)
    ]
    return sorted(waiting, key=lambda e: (bool(e.text("parent")), e.folder.id))


def bring_all(store: Path) -> list[str]:
    """Bring what is missing, and wait for others that do; what went wrong, a sentence a run."""
    uri, name = target(store)
    complaints: list[str] = []
    with alone(store / "mlflow.lock"):
        tried: set[str] = set()
        bridge: Any = None
        while waiting := [e for e in pending(store, name) if e.folder.id not in tried]:
            if bridge is None:
                try:
                    bridge = _open(store, uri, name)
                except Exception as error:  # noqa: BLE001 - whatever a database or a server says
                    # Its address is not said: it may hold a password.
                    return [f"MLflow's store cannot be opened: {type(error).__name__}: {error}"]
            for one in waiting:
                tried.add(one.folder.id)
                complaints += _bring(bridge, one, name)
    return complaints


def _open(store: Path, uri: str, name: str) -> Any:
    from convalesce.track import mlflow_store  # noqa: PLC0415 - loads MLflow

    return mlflow_store.Bridge(store, uri, own=name == OWN)


def forget(store: Path, runs: Mapping[str, str]) -> None:
    """Delete runs from the store that is in use; `runs` as `brought` gives them."""
    uri, name = target(store)
    if name in runs:
        from convalesce.track import mlflow_store  # noqa: PLC0415 - loads MLflow

        with alone(store / "mlflow.lock"):
            mlflow_store.forget(store, uri, [runs[name]], own=name == OWN)


def _bring(bridge: Any, one: index.Entry, name: str) -> list[str]:
    try:
        note(one.folder, name, bridge.bring(one, _parent(one, name)))
    except Exception as error:  # noqa: BLE001 - one bad folder must not keep the others out
        if one.folder.path.exists():  # else it was removed meanwhile
            return [f"{one.folder.id}: {type(error).__name__}: {error}"]
    return []


def _parent(one: index.Entry, name: str) -> str:
    folder = one.folder.path.parent / one.text("parent")
    return brought(RunFolder(folder)).get(name, "") if one.text("parent") else ""
