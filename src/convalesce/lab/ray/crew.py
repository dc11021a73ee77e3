"""Many arms on a Ray cluster at the same time; a worker that is lost costs its arm a retry."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from convalesce import core
from convalesce.lab.bench import KerasLab
from convalesce.lab.ray.cluster import LOCAL, NoCluster
from convalesce.lab.ray.parcel import CannotTravel, parcel_of
from convalesce.lab.ray.runtime import here, versions
from convalesce.lab.ray.worker import Ready, Worker

BEGIN_S = 300.0  # for a worker to load TensorFlow and read what it was sent
MORE_S = 30.0  # beyond the time that the first took, for the others
TRIES = 3  # of an arm whose worker is lost
LOOK_S = 5.0  # between looks at arms that are overdue


@dataclass(slots=True)
class _Hired:
    """A worker and how it answered when it was ready; None before that."""

    actor: Any
    ready: Any
    said: Ready | None = None


@dataclass(slots=True)
class _Out:
    """An arm that is being trained: its place, the tries before this one, until when."""

    place: int
    tries: int
    worker: _Hired
    until: float


class RayCrew:
    """A crew of workers that were each sent one fit.

    Args:
        lab: Of the fit, opened by the caller.
        fit: Index of the fit.
        address: Of the cluster. `workers`: how many to have.

    Raises:
        CannotTravel: The fit can't be sent.
        NoCluster: No worker began.
    """

    def __init__(self, lab: KerasLab, fit: int, address: str, workers: int) -> None:
        import ray

        self._fit = fit
        self._runtime = here()
        self._parcel = ray.put(parcel_of(lab, fit))
        self._actor = ray.remote(Worker).options(**self._wanted(address))
        self._workers = [self._hired() for _ in range(workers)]
        try:
            self._begun()
        except BaseException:
            self.close()
            raise

    @property
    def width(self) -> int:
        """Arms that it trains at the same time."""
        return len(self._workers)

    @property
    def pids(self) -> tuple[int, ...]:
        """Processes of the workers that have answered, on whatever machine."""
        return tuple(w.said.pid for w in self._workers if w.said is not None)

    def close(self) -> None:
        """Let the workers go."""
        import ray

        for worker in self._workers:
            ray.kill(worker.actor)
        self._workers = []

    def train(
        self, fit: int, arms: Sequence[core.Arm], *, seconds: float
    ) -> Iterator[tuple[int, core.Trained]]:
        """Each arm's place and what it showed, or why not, as they end; see `core.Crew`.

        Raises:
            ValueError: The workers were sent another fit.
        """
        if fit != self._fit:
            raise ValueError(f"fit {fit} is asked for; the workers were sent fit {self._fit}")
        waiting = deque((place, 0) for place in range(len(arms)))
        idle = list(self._workers)
        out: dict[Any, _Out] = {}
        try:
            while waiting or out:
                while waiting and idle:
                    place, tries = waiting.popleft()
                    worker = idle.pop(0)
                    ref = worker.actor.train.remote(fit, arms[place], seconds)
                    out[ref] = _Out(place, tries, worker, time.monotonic() + 2 * seconds + BEGIN_S)
                for ref in self._ended(out):
                    one = out.pop(ref)
                    got, lost = self._got(ref, one)
                    idle.append(self._instead(one.worker) if lost else one.worker)
                    if lost and one.tries + 1 < TRIES:
                        waiting.appendleft((one.place, one.tries + 1))
                    else:
                        yield one.place, got
        finally:
            for one in out.values():  # nobody waits for them any more
                self._instead(one.worker)

    # ---- workers -----------------------------------------------------------------------------

    def _wanted(self, address: str) -> dict[str, Any]:
        """What Ray must know of a worker."""
        import tensorflow as tf

        import convalesce

        runtime: dict[str, Any] = {"env_vars": self._runtime.environment}
        if address != LOCAL:
            runtime["py_modules"] = list(convalesce.__path__)  # the same code on every machine
        return {
            "num_cpus": 1,
            "num_gpus": 1 if tf.config.list_physical_devices("GPU") else 0,
            "max_restarts": 0,
            "scheduling_strategy": "SPREAD",
            "runtime_env": runtime,
        }

    def _hired(self) -> _Hired:
        actor = self._actor.remote(self._runtime, self._parcel)
        return _Hired(actor, actor.ready.remote())

    def _begun(self) -> None:
        """Wait for the workers; go on with those that answer."""
        import ray

        refs, begun = [w.ready for w in self._workers], time.monotonic()
        ray.wait(refs, num_returns=1, timeout=BEGIN_S)
        others = time.monotonic() - begun + MORE_S
        there, _ = ray.wait(refs, num_returns=len(refs), timeout=others)
        why = f"no worker began within {BEGIN_S:.0f} s: the cluster has no processor free"
        kept = []
        for worker in self._workers:
            try:
                if worker.ready in there:
                    worker.said = ray.get(worker.ready)
                    kept.append(worker)
            except Exception as error:  # noqa: BLE001 - of whatever kind Ray or the parcel raises
                why = f"no worker could begin ({_last_line(error)})"
        theirs = {one for w in kept if w.said for one in w.said.versions.items()}
        if kept and theirs != (ours := set(versions().items())):
            raise NoCluster(
                f"the cluster has {_said(theirs - ours)} where this machine has "
                f"{_said(ours - theirs)}: install equal versions"
            )
        if not kept:
            raise (CannotTravel if there else NoCluster)(why)
        for worker in self._workers:
            if worker not in kept:
                ray.kill(worker.actor)
        self._workers = kept

    def _instead(self, lost: _Hired) -> _Hired:
        """Another worker in the place of one."""
        import ray

        ray.kill(lost.actor)
        new = self._hired()
        self._workers[self._workers.index(lost)] = new
        return new

    # ---- arms --------------------------------------------------------------------------------

    def _ended(self, out: dict[Any, _Out]) -> list[Any]:
        """Arms that have ended, or whose worker must be taken for lost."""
        import ray

        done, others = ray.wait(list(out), num_returns=1, timeout=LOOK_S)
        now = time.monotonic()
        return [*done, *(ref for ref in others if now > out[ref].until)]

    def _got(self, ref: Any, one: _Out) -> tuple[core.Trained, bool]:
        """What came of an arm, and whether its worker was lost."""
        import ray

        many = f"{one.tries + 1} times" if one.tries else "once"
        try:
            got: core.Trained = ray.get(ref, timeout=0)
        except ray.exceptions.OutOfMemoryError as error:
            return MemoryError(_last_line(error)), True
        except ray.exceptions.GetTimeoutError:
            return core.OutOfTime("its worker did not answer"), True
        except ray.exceptions.RayError as error:
            return RuntimeError(f"its worker was lost {many}: {_last_line(error)}"), True
        if one.worker.said is None:
            one.worker.said = ray.get(one.worker.ready)
        return got, False


def _said(found: set[tuple[str, str]]) -> str:
    return ", ".join(f"{name} {version}" for name, version in sorted(found)) or "the same"


def _last_line(error: Exception) -> str:
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return lines[-1] if lines else type(error).__name__
