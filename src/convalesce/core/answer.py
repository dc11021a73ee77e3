"""The answer to a ready question of a study."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Curve:
    """One line of an answer's plot: `y` over `x`, both of one length."""

    name: str
    x: tuple[float, ...]
    y: tuple[float, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What a question found.

    Attributes:
        question: Its name, as on the command line.
        says: The answer in one sentence or two.
        head: Titles of the table's columns. `rows`: its cells.
        curves: Of a plot; `axes`: what it shows from left to right, and upwards.
        not_asked: What could not be asked and why.
    """

    question: str
    says: str
    head: tuple[str, ...] = ()
    rows: tuple[tuple[str, ...], ...] = ()
    curves: tuple[Curve, ...] = ()
    axes: tuple[str, str] = ("", "")
    not_asked: tuple[tuple[str, str], ...] = ()
