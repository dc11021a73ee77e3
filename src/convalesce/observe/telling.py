"""What is told of a fit while it trains, to whoever asked to be told."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from convalesce import core
from convalesce.observe.guard import guarded, plain_float

Tell = Callable[[Mapping[str, Any]], None]
SoFar = Callable[[], core.Fit]


class Told:
    """Tells of one fit: plain numbers and words, and the way to ask for the record so far."""

    def __init__(self, tell: Tell | None, fit: int, remarks: list[str]) -> None:
        self._tell, self._fit, self._remarks = tell, fit, remarks

    def begins(self, planned: int, recorded: Mapping[Any, Any], so_far: SoFar) -> None:
        """The model is built, no weight has changed yet."""
        if self._tell is None:
            return
        about: dict[str, Any] = {"epochs": planned, "seeds": seeds()}
        model, setup = recorded.get(core.MODEL), recorded.get(core.SETUP)
        if model is not None:
            about |= {"model": model.name, "parameters": model.parameters}
        if setup is not None:
            about |= {
                "loss": [loss.name for loss in setup.losses],
                "optimizer": setup.optimizer.name if setup.optimizer else "",
                "batch_size": setup.batch_size,
                "steps_per_epoch": setup.steps_per_epoch,
            }
        self._say("fit", about, so_far)

    def epoch(
        self, epoch: int, logs: Mapping[str, Any], rate: Sequence[float], so_far: SoFar
    ) -> None:
        """An epoch is over."""
        if self._tell is None:
            return
        metrics = {name: plain_float(value) for name, value in logs.items()}
        about = {"epoch": epoch, "metrics": metrics, "rate": rate[0] if rate else None}
        self._say("epoch", about, so_far)

    def ends(self, fit: core.Fit, stopped: str) -> None:
        """The fit is over and its whole record there."""
        with guarded(self._remarks, "telling of the end of a fit"):
            self._say("end", {"stopped": stopped}, lambda: fit)

    def _say(self, event: str, about: Mapping[str, Any], so_far: SoFar) -> None:
        if self._tell is not None:
            self._tell({"event": event, "fit": self._fit, **about, "so_far": so_far})


def seeds() -> dict[str, int]:
    """Seeds that the script set and that can be asked for: Keras's and TensorFlow's own."""
    found: dict[str, Any] = {}
    rng = sys.modules.get("keras.src.utils.rng_utils")
    if rng is not None:
        found["keras"] = rng.get_random_seed()
    eager = sys.modules.get("tensorflow.python.eager.context")
    if eager is not None:
        found["tensorflow"] = eager.global_seed()
    return {name: int(seed) for name, seed in found.items() if seed is not None}
