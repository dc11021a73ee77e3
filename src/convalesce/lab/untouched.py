"""A model, its optimizer and all random state, put back as they were after an experiment."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Any

import numpy as np

from convalesce import core
from convalesce.lab import compilation
from convalesce.lab.randomness import kept_random_state
from convalesce.observe.guard import unheard
from convalesce.observe.kept import State, compiled, state_of


@contextlib.contextmanager
def untouched(model: Any) -> Iterator[State]:
    """While this lasts, the model may be trained; gives the state that it had.

    An optimizer that was never applied is replaced by a copy meanwhile and stays unbuilt.

    Raises:
        core.CannotChange: It is not built, or not compiled with an optimizer.
    """
    if not getattr(model, "compiled", False) or model.optimizer is None:
        raise core.CannotChange("the model is not compiled with an optimizer")
    if not model.built:
        raise core.CannotChange("the model has no weights yet: call it on a batch first")
    with kept_random_state(), unheard():
        parts = compilation.put_aside(model)
        metrics = [(v, np.array(v.value)) for m in _metrics(parts) for v in m.variables]
        built = model.optimizer.built
        if not built:
            compilation.compile_anew(model, compiled(model))
        before = state_of(model)
        try:
            yield before
        finally:
            compilation.put_back(model, parts)
            compilation.restore(model, before)
            if built:
                compilation.restore_optimizer(model, before)
            for metric in _metrics(parts):
                metric.reset_state()
            for variable, value in metrics:
                variable.assign(value)


def restart(model: Any, state: State, seed: int | None = None, factor: float = 1.0) -> None:
    """Begin again from a state; with a seed, what layers draw depends on it alone."""
    compilation.restore(model, state, seed)
    compilation.restore_optimizer(model, state, factor)


def _metrics(parts: dict[str, Any]) -> list[Any]:
    """Metrics that the user's own compile made."""
    found = [parts.get("_loss_tracker"), parts.get("_compile_metrics")]
    found += list(getattr(parts.get("_compile_loss"), "metrics", ()))
    return [m for m in found if m is not None]
