"""Prints an uncaught exception as Python would have, without the frames of convalesce."""

from __future__ import annotations

import sys
import traceback
from types import TracebackType

from convalesce.observe.sites import is_ours

HOOK = "convalesce.observe.importing"


def print_as_python_would(error: BaseException) -> None:
    """Hand an uncaught exception to `sys.excepthook`, the user's own where there is one."""
    clean(error)
    sys.last_type, sys.last_value, sys.last_traceback = type(error), error, error.__traceback__
    try:
        sys.excepthook(type(error), error, error.__traceback__)
    except Exception as inner:  # noqa: BLE001 - Python says so and goes on, too
        clean(inner)
        stream = sys.stderr
        stream.write("Error in sys.excepthook:\n")
        traceback.print_exception(inner)
        stream.write("\nOriginal exception was:\n")
        traceback.print_exception(error)


def clean(error: BaseException) -> None:
    """Take the frames of convalesce out of a traceback, causes and members of groups included."""
    seen: set[int] = set()
    todo: list[BaseException | None] = [error]
    while todo:
        current = todo.pop()
        if current is None or id(current) in seen:
            continue
        seen.add(id(current))
        current.__traceback__ = without_ours(current.__traceback__)
        todo += [current.__cause__, current.__context__]
        if isinstance(current, BaseExceptionGroup):
            todo += current.exceptions


def without_ours(trace: TracebackType | None) -> TracebackType | None:
    """The same traceback, frames of convalesce left out."""
    entries = []
    while trace is not None:
        entries.append(trace)
        trace = trace.tb_next
    loading = any(t.tb_frame.f_globals.get("__name__") == HOOK for t in entries)
    kept: TracebackType | None = None
    for entry in reversed(entries):
        if not is_ours(entry.tb_frame) and not (loading and _is_loading(entry)):
            kept = TracebackType(kept, entry.tb_frame, entry.tb_lasti, entry.tb_lineno)
    return kept


def _is_loading(trace: TracebackType) -> bool:
    """A frame of Python's import machinery, which Python itself would have left out."""
    return trace.tb_frame.f_code.co_filename.startswith("<frozen importlib")
