"""A bar on stderr that leaves Keras's own alone."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeElapsedColumn

PATIENCE_S = 0.4  # shorter work is over before a bar could be read
EVERY_S = 0.1


@contextmanager
def bar(
    what: str, total: int | None = None, console: Console | None = None
) -> Iterator[Callable[[int], None]]:
    """Draw while the block runs, from the caller's own thread, and wipe it afterwards."""
    console = console or Console(stderr=True)
    if not console.is_terminal or console.is_jupyter:
        yield _nothing
        return
    drawn = Progress(
        TextColumn("{task.description}", markup=False),
        BarColumn(bar_width=24),
        TaskProgressColumn(),
        TimeElapsedColumn(),
        console=console,
        transient=True,
        auto_refresh=False,
        redirect_stdout=False,  # the script's output is its own
        redirect_stderr=False,
    )
    task = drawn.add_task(what, total=total)
    began = last = time.monotonic()
    started = False

    def step(count: int = 1) -> None:
        nonlocal last, started
        drawn.advance(task, count)
        now = time.monotonic()
        if now - began < PATIENCE_S or now - last < EVERY_S:
            return
        last = now
        if not started:
            started = True
            drawn.start()
        drawn.refresh()

    try:
        yield step
    finally:
        if started:
            drawn.stop()


def _nothing(count: int = 1) -> None:
    """Where nothing is drawn, a step draws nothing."""
    del count
