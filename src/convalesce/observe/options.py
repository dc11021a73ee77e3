"""How closely to look."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """What the person asked of the observation.

    Attributes:
        every: Monitor every k-th step; None for the default schedule (dense at first, then
            one step in fifty); 0 monitors no step at all.
        cut: End each fit after this many steps; None lets it run to its end.
        quiet: No progress bar.
    """

    every: int | None = None
    cut: int | None = None
    quiet: bool = False
