"""A process of the cluster that trains arms of one fit."""

from __future__ import annotations

import os
import pickle
from dataclasses import dataclass

from convalesce import core
from convalesce.lab.ray.runtime import Runtime, versions

MEMORY = ("ResourceExhaustedError", "MemoryError")


@dataclass(frozen=True, slots=True)
class Ready:
    """A worker that has what it needs.

    Attributes:
        pid: Of its process. `versions`: of what its figures depend on.
    """

    pid: int
    versions: dict[str, str]


class Worker:
    """Trains arms of the fit that it was sent, one after another.

    Args:
        runtime: What this process must be like.
        parcel: The fit.
    """

    def __init__(self, runtime: Runtime, parcel: object) -> None:
        runtime.begin()
        from convalesce.lab.ray.parcel import Parcel, opened

        assert isinstance(parcel, Parcel)  # noqa: S101 - Ray has put its content in place
        self._lab = opened(parcel)

    def ready(self) -> Ready:
        """It is."""
        return Ready(os.getpid(), versions())

    def train(self, fit: int, arm: core.Arm, seconds: float) -> core.Trained:
        """What one arm showed, or why not; see `core.Lab`."""
        try:
            return self._lab.train(fit, arm, seconds=seconds)
        except Exception as error:  # noqa: BLE001 - one arm's end is not the others'
            return portable(error)


def portable(error: Exception) -> Exception:
    """The same as an exception that another process can read."""
    if type(error).__name__ in MEMORY:
        return MemoryError(str(error))
    try:
        same = type(pickle.loads(pickle.dumps(error))) is type(error)  # noqa: S301 - our own
    except Exception:  # noqa: BLE001 - whatever a class of the user's raises
        same = False
    known = type(error).__module__.partition(".")[0] in {"builtins", "convalesce"}
    return error if same and known else RuntimeError(f"{type(error).__name__}: {error}")
