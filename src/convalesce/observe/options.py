"""How closely to look."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from typing import Any

from convalesce.observe.shelf import Shelf


def no_progress(what: str, total: int) -> AbstractContextManager[None]:  # noqa: ARG001
    """Shows nothing."""
    return nullcontext()


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """What the person asked of the observation.

    Attributes:
        every: Monitor every k-th step; None for the default schedule (dense at first, then
            one step in fifty); 0 monitors no step at all.
        cut: End each fit after this many steps; None lets it run to its end.
        hopeless: End a fit whose loss is no number, or has not fallen by half of its epochs.
        recover: Go back and on where a training breaks; the callback alone can.
        reads_data: Record what the data show, and what the model answers on them in the end.
        quiet: No progress bar.
        shelf: Where to keep what experiments need of each fit; None keeps nothing.
        progress: Shows what is being waited for while the context lasts, which gives a function
            that is told of each part done.
        tell: Told of the course of each fit while it trains, as plain values under `event`:
            `fit`, `epoch`, `end`. `so_far` gives the `core.Fit` as it is known by then; calling
            it costs time. It runs in the training's way, so it must be quick.
    """

    every: int | None = None
    cut: int | None = None
    hopeless: bool = False
    recover: bool = False
    reads_data: bool = True
    quiet: bool = False
    shelf: Shelf | None = None
    progress: Callable[[str, int], AbstractContextManager[Any]] = no_progress
    tell: Callable[[Mapping[str, Any]], None] | None = None
