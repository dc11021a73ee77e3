"""The workers of a crew: hired together, each replaced by another when it is lost."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from convalesce.lab.bench import KerasLab
from convalesce.lab.ray.cluster import NoCluster, code
from convalesce.lab.ray.parcel import parcel_of
from convalesce.lab.ray.runtime import here, versions
from convalesce.lab.ray.worker import Ready, Worker

BEGIN_S = 300.0  # for a worker to load TensorFlow and read what it was sent
MORE_S = 30.0  # beyond the time that the first took, for the others


@dataclass(eq=False, slots=True)
class Hired:
    """A worker.

    Attributes:
        actor: By which Ray knows it.
        ready: Its answer, to be waited for.
        said: The answer; None until it has come.
    """

    actor: Any
    ready: Any
    said: Ready | None = None


class Staff:
    """Workers that were each sent one fit.

    Args:
        lab: Of the fit, opened by the caller.
        fit: Index of the fit.
        address: Of the cluster. `size`: how many workers to have.

    Raises:
        CannotTravel: The fit can't be sent.
        NoCluster: No worker began.
    """

    def __init__(self, lab: KerasLab, fit: int, address: str, size: int) -> None:
        import ray

        self.size = size
        self._runtime = here()
        self._parcel = ray.put(parcel_of(lab, fit))
        self._actor = ray.remote(Worker).options(**self._wanted(address))
        self._workers = [self._hired() for _ in range(size)]
        self._why = f"it took over {BEGIN_S:.0f} s, or the cluster has no processor free"
        try:
            self._begin()
        except BaseException:
            self.close()
            raise

    @property
    def pids(self) -> tuple[int, ...]:
        """Processes of the workers that have begun, on whatever machine."""
        return tuple(w.said.pid for w in self._workers if w.said is not None)

    def free(self, busy: Sequence[Hired]) -> list[Hired]:
        """Workers that have begun and are not among the busy ones."""
        self._look()
        return [w for w in self._workers if w.said is not None and w not in busy]

    def comes(self, seconds: float) -> bool:
        """Wait until one has begun; whether one has."""
        import ray

        until = time.monotonic() + seconds
        while not any(w.said for w in self._workers):
            refs = [w.ready for w in self._workers if w.said is None]
            left = until - time.monotonic()
            if not refs or left <= 0:
                return False
            ray.wait(refs, num_returns=1, timeout=left)
            self._look()
        return True

    def replace(self, lost: Hired) -> None:
        """Hire another in the place of one; it begins when it can."""
        import ray

        ray.kill(lost.actor)
        self._workers[self._workers.index(lost)] = self._hired()

    def close(self) -> None:
        """Let all go."""
        import ray

        for worker in self._workers:
            ray.kill(worker.actor)
        self._workers = []

    # ---- how they begin ----------------------------------------------------------------------

    def _begin(self) -> None:
        """Wait for the first, and some more time for the others."""
        import ray

        begun = time.monotonic()
        if not self.comes(BEGIN_S):
            raise NoCluster(f"no worker of the cluster could begin ({self._why})")
        others = [w.ready for w in self._workers if w.said is None]
        if others:
            ray.wait(others, num_returns=len(others), timeout=time.monotonic() - begun + MORE_S)
            self._look()

    def _look(self) -> None:
        """Hear the answers that have come; who can't begin is no worker."""
        import ray

        awaited = {w.ready: w for w in self._workers if w.said is None}
        if not awaited:
            return
        there, _ = ray.wait(list(awaited), num_returns=len(awaited), timeout=0)
        for ref in there:
            try:
                said = ray.get(ref)
                why = differing(said.versions, versions())
            except Exception as error:  # noqa: BLE001 - of whatever kind Ray or the fit raises
                why = last_line(error)
            if why:
                self._why = why
                self._workers.remove(awaited[ref])
                ray.kill(awaited[ref].actor)
            else:
                awaited[ref].said = said

    def _wanted(self, address: str) -> dict[str, Any]:
        """What Ray must know of a worker."""
        import tensorflow as tf

        return {
            "num_cpus": 1,
            "num_gpus": 1 if tf.config.list_physical_devices("GPU") else 0,
            "max_restarts": 0,
            "scheduling_strategy": "SPREAD",
            "runtime_env": {"env_vars": {**self._runtime.environment, **code(address)}},
        }

    def _hired(self) -> Hired:
        actor = self._actor.remote(self._runtime, self._parcel)
        return Hired(actor, actor.ready.remote())


def last_line(error: Exception) -> str:
    """What an error of Ray's ends with: the rest is the way that it took."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return lines[-1] if lines else type(error).__name__


def differing(theirs: Mapping[str, str], ours: Mapping[str, str]) -> str:
    """In what a worker's figures may differ from ours; empty where in nothing."""
    other = [name for name in ours if theirs.get(name) != ours[name]]
    if not other:
        return ""
    has, had = (
        ", ".join(f"{name} {side.get(name, 'none')}" for name in other) for side in (theirs, ours)
    )
    return f"it has {has} where this machine has {had}: install equal versions"
