"""Traces the two step functions so that the second leaves no mark on the first."""

from __future__ import annotations

import contextlib
import random
import sys
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, TextIO, cast

import numpy as np

STREAMS: frozenset[str] = frozenset({"seed", "seed2"})


def traceable(function: Any) -> Any:
    """The graph function inside what Keras's `_make_function` returns; None where there is none."""
    code = getattr(function, "__code__", None)
    cells = getattr(function, "__closure__", None) or ()
    named = dict(zip(code.co_freevars, cells, strict=True)) if code is not None else {}
    cell = named.get("multi_step_on_iterator")
    inner = None if cell is None else cell.cell_contents
    return inner if hasattr(inner, "get_concrete_function") else None


def draws_in_graph(graph: Any) -> bool:
    """Whether operations of a graph draw seeded random numbers and remember how many.

    Each copy of such an operation has a stream of its own, so that two step functions would not
    draw what one does. Keras's own layers draw statelessly and are not concerned.
    """
    todo, seen = [graph], set()
    while todo:
        one = todo.pop()
        for operation in one.get_operations():
            if operation.type in ("PartitionedCall", "StatefulPartitionedCall"):
                names = [operation.get_attr("f").name]
            elif operation.type in ("While", "StatelessWhile"):
                names = [operation.get_attr("body").name]
            elif operation.type in ("If", "StatelessIf"):
                names = [operation.get_attr(b).name for b in ("then_branch", "else_branch")]
            else:
                names = []
                if _is_stream(operation):
                    return True
            for name in names:
                inner = one._get_function(name)  # noqa: SLF001 - no public way to a nested graph
                if name not in seen and inner is not None:
                    seen.add(name)
                    todo.append(inner.graph)
    return False


_kinds: dict[str, bool] = {}


def _is_stream(operation: Any) -> bool:
    kind = operation.type
    if kind not in _kinds:
        definition = operation.op_def
        _kinds[kind] = definition.is_stateful and {a.name for a in definition.attr} >= STREAMS
    return _kinds[kind] and any(operation.get_attr(name) for name in STREAMS)


@dataclass(frozen=True, slots=True)
class Drawn:
    """The random states that Python code may draw from while a step is traced."""

    python: Any
    numpy: Any
    tensorflow: Any

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Drawn) and self._key() == other._key()

    def __hash__(self) -> int:
        return hash(self._key())

    def _key(self) -> tuple[Any, ...]:
        kind, keys, *rest = self.numpy
        return self.python, kind, keys.tobytes(), tuple(rest), self.tensorflow


def drawn() -> Drawn:
    """The states now."""
    eager = _eager()
    return Drawn(
        random.getstate(),
        np.random.get_state(),  # noqa: NPY002 - the user's own state, not ours
        eager.getstate() if eager is not None else None,
    )


def draw_from(states: Drawn) -> None:
    """Put the states back."""
    random.setstate(states.python)
    np.random.set_state(states.numpy)  # noqa: NPY002
    eager = _eager()
    if eager is not None and states.tensorflow is not None:
        eager.setstate(states.tensorflow)


def _eager() -> Any:
    from tensorflow.python.eager import context

    return getattr(context.context(), "_rng", None)


@contextlib.contextmanager
def unmarked() -> Iterator[None]:
    """Tracing in here draws no random number, takes no name and prints nothing."""
    from keras.src.backend.common import global_state

    names = global_state.get_global_attribute("object_name_uids")
    kept = dict(names) if names is not None else None
    states = drawn()
    real = sys.stdout
    sys.stdout = muted = cast("TextIO", _Muted(real))
    try:
        yield
    finally:
        if sys.stdout is muted:
            sys.stdout = real
        draw_from(states)
        if names is not None and kept is not None:
            names.clear()
            names.update(kept)


class _Muted:
    """Standard output that this thread's writes do not reach; other threads write as ever."""

    def __init__(self, real: TextIO) -> None:
        self._real = real
        self._thread = threading.get_ident()

    def write(self, text: str) -> int:
        if threading.get_ident() == self._thread:
            return len(text)
        return self._real.write(text)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._real, name)
