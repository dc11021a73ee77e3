"""A place in the user's own source."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Site:
    """File and line (1-based) of the user's code that built, compiled or trained something."""

    file: str
    line: int
