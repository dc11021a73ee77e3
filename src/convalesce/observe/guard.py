"""Keeps the user's training out of our way: errors of ours become remarks, random state is kept."""

from __future__ import annotations

import contextlib
import io
import os
import sys
import time
import traceback
import warnings
from collections.abc import Iterator
from typing import Any


@contextlib.contextmanager
def guarded(remarks: list[str], what: str) -> Iterator[None]:
    """Run our own code: an error is written to `remarks`, the user's training goes on.

    With `CONVALESCE_DEBUG` set, the traceback is printed on stderr as well.
    """
    try:
        yield
    except Exception as error:  # noqa: BLE001 - whatever we do wrong must not stop the user
        remarks.append(f"{what} failed in convalesce itself: {type(error).__name__}: {error}")
        if os.environ.get("CONVALESCE_DEBUG"):
            traceback.print_exc(file=sys.stderr)


@contextlib.contextmanager
def unheard() -> Iterator[None]:
    """What the user's own layers print or warn while we call them is not shown a second time."""
    with warnings.catch_warnings(), contextlib.redirect_stdout(io.StringIO()):
        warnings.simplefilter("ignore")
        yield


@contextlib.contextmanager
def kept_random_state() -> Iterator[None]:
    """TensorFlow's counter of eager random operations is afterwards what it was before.

    The states of Python and NumPy are not put back: nothing of ours draws from them, while a
    thread that fetches the user's batches may be drawing just now, and would draw twice the same.
    """
    if "tensorflow" not in sys.modules:
        yield
        return
    from tensorflow.python.eager import context

    numbers = getattr(context.context(), "_rng", None)
    state = numbers.getstate() if numbers is not None else None
    try:
        yield
    finally:
        if numbers is not None and state is not None:
            numbers.setstate(state)


class Stopwatch:
    """Adds up the wall-clock seconds of named parts."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}

    @contextlib.contextmanager
    def on(self, part: str) -> Iterator[None]:
        """Time one stretch of `part`."""
        begun = time.perf_counter()
        try:
            yield
        finally:
            self.seconds[part] = self.seconds.get(part, 0.0) + time.perf_counter() - begun

    def __getitem__(self, part: str) -> float:
        return self.seconds.get(part, 0.0)


def plain_float(value: Any) -> float:
    """A number out of whatever Keras put into its logs; nan where there is none.

    Variables that a strategy keeps on several devices give theirs by `numpy` alone.
    """
    for read in (float, lambda v: float(v.numpy())):
        with contextlib.suppress(TypeError, ValueError, AttributeError):
            return read(value)
    return float("nan")
