"""The connection to a Ray cluster: one that exists, or one of this machine for the time being.

Nothing of NumPy is loaded here: the script to be watched may not have begun.
"""

from __future__ import annotations

import contextlib
import os
import socket
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any

LOCAL = "local"  # a cluster of this machine, which ends with us
MOST = 4  # workers where no number is given: the trainings of one round of a study
PACKAGE = Path(__file__).resolve().parents[2]
ANSWER_S = 10.0
START = "`ray start --head` starts one; without an address there is one of this machine"
MISSING = (
    "trainings on a Ray cluster need the package ray, which is not here. Install it with "
    "`pip install 'convalesce[ray]'`."
)


class NoCluster(Exception):
    """There is no cluster to train on; the message says what was tried."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Machines:
    """Where arms are to be trained.

    Attributes:
        address: Of a cluster as `ray.init` takes it; `local` for one of this machine.
        workers: Processes that train at the same time; None for as many as fit.
        tell: Told why it is trained here after all.
    """

    address: str = LOCAL
    workers: int | None = None
    tell: Callable[[str], object] = lambda _: None


def installed() -> bool:
    """Ray is here."""
    return find_spec("ray") is not None


def check(address: str) -> None:
    """See that something answers there; Ray itself would try for minutes.

    Raises:
        NoCluster: Ray is not installed, or nothing answers.
    """
    if not installed():
        raise NoCluster(MISSING)
    host, _, port = address.rpartition("//")[2].rpartition(":")
    if not host or not port.isdigit():
        return  # `local` or `auto`
    try:
        socket.create_connection((host.strip("[]"), int(port)), ANSWER_S).close()
    except OSError as error:
        raise NoCluster(f"no Ray cluster answers at {address} ({error}). {START}") from error


@contextlib.contextmanager
def connected(machines: Machines) -> Iterator[int]:
    """While this lasts, Ray is connected; gives the number of workers to have.

    Raises:
        NoCluster: Ray is not installed, or no cluster answers.
    """
    check(machines.address)
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")  # nothing leaves the machine
    os.environ.setdefault("RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO", "0")
    # Ray would have workers wait for whatever else runs; this process waits for them.
    os.environ.setdefault("RAY_worker_niceness", "0")
    import ray

    from convalesce.lab.ray.runtime import processors

    local = machines.address == LOCAL
    wanted = machines.workers or min(MOST, processors())
    ours = not ray.is_initialized()  # else the user's script has connected
    if ours:
        given: dict[str, Any] = {"num_cpus": wanted, "include_dashboard": False}
        if not local:  # the same code on every machine
            given = {"runtime_env": {"py_modules": [str(PACKAGE)]}}
        try:
            ray.init(machines.address, log_to_driver=False, logging_level="ERROR", **given)
        except Exception as error:
            said = str(error).strip().partition("\n")[0]
            raise NoCluster(
                f"no Ray cluster could be had at {machines.address} ({said}). {START}"
            ) from error
    try:
        yield wanted if local else machines.workers or _nodes(ray)
    finally:
        if ours:
            ray.shutdown()


def code(address: str) -> dict[str, str]:
    """Variables by which workers of this machine load the convalesce that runs here."""
    folder = PACKAGE.parent
    if address != LOCAL or folder.name in {"site-packages", "dist-packages"}:
        return {}
    said = os.environ.get("PYTHONPATH", "")
    return {"PYTHONPATH": os.pathsep.join(filter(None, (str(folder), said)))}


def _nodes(ray: Any) -> int:
    """Machines of the cluster that take work."""
    able = [n for n in ray.nodes() if n["Alive"] and n["Resources"].get("CPU", 0) >= 1]
    return max(1, len(able))
