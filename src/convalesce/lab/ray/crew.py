"""Many arms on a Ray cluster at the same time; a worker that is lost costs its arm a retry."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from convalesce import core
from convalesce.lab.ray.staff import BEGIN_S, Hired, Staff, last_line

TRIES = 3  # of an arm whose worker is lost
LOOK_S = 5.0  # between looks at arms that are overdue


@dataclass(slots=True)
class _Out:
    """An arm that is being trained: its place, the tries before this one, until when."""

    place: int
    tries: int
    worker: Hired
    until: float


class RayCrew:
    """A crew of workers that were each sent one fit.

    Args:
        staff: The workers; one at least has begun.
        fit: Index of the fit that they were sent.
        otherwise: Trains what is left to do when no worker is left.
        tell: Told that it does.
        waited: Told of seconds that were waited for the workers.
    """

    def __init__(
        self,
        staff: Staff,
        fit: int,
        otherwise: core.Crew,
        tell: Callable[[str], object],
        waited: Callable[[float], object],
    ) -> None:
        self._staff = staff
        self._fit = fit
        self._otherwise = otherwise
        self._tell = tell
        self._waited = waited

    @property
    def width(self) -> int:
        """Arms that it trains at the same time."""
        return self._staff.size

    def close(self) -> None:
        """Let the workers go."""
        self._staff.close()

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
        out: dict[Any, _Out] = {}
        busy: list[Hired] = []
        try:
            while waiting or out:
                busy = [one.worker for one in out.values()]
                for worker in self._staff.free(busy)[: len(waiting)]:
                    place, tries = waiting.popleft()
                    ref = worker.actor.train.remote(fit, arms[place], seconds)
                    out[ref] = _Out(place, tries, worker, time.monotonic() + 2 * seconds + BEGIN_S)
                if not out and not self._staff.comes(BEGIN_S):
                    self._tell("no worker of the cluster is left; the rest is trained here")
                    places = [place for place, _ in waiting]
                    left = [arms[place] for place in places]
                    for i, shown in self._otherwise.train(fit, left, seconds=seconds):
                        yield places[i], shown
                    return
                for ref in self._ended(out):
                    one = out.pop(ref)
                    got, lost = self._got(ref, one)
                    if lost:
                        self._staff.replace(one.worker)
                    if lost and one.tries + 1 < TRIES:
                        waiting.appendleft((one.place, one.tries + 1))
                    else:
                        yield one.place, got
        finally:
            for one in out.values():  # nobody waits for them any more
                self._staff.replace(one.worker)

    def _ended(self, out: dict[Any, _Out]) -> list[Any]:
        """Arms that have ended, or whose worker must be taken for lost."""
        if not out:
            return []
        import ray

        begun = time.monotonic()
        done, others = ray.wait(list(out), num_returns=1, timeout=LOOK_S)
        now = time.monotonic()
        self._waited(now - begun)
        return [*done, *(ref for ref in others if now > out[ref].until)]

    @staticmethod
    def _got(ref: Any, one: _Out) -> tuple[core.Trained, bool]:
        """What came of an arm, and whether its worker was lost."""
        import ray

        many = f"{one.tries + 1} times" if one.tries else "once"
        try:
            got: core.Trained = ray.get(ref, timeout=0)
        except ray.exceptions.OutOfMemoryError as error:
            return MemoryError(last_line(error)), True
        except ray.exceptions.GetTimeoutError:
            return core.OutOfTime("its worker did not answer"), True
        except ray.exceptions.RayError as error:
            return RuntimeError(f"its worker was lost {many}: {last_line(error)}"), True
        return got, False
