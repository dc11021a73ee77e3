"""Edits of a text, and what is said where there is none."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, order=True)
class Splice:
    """Characters `start` up to `end` (excluded) become `text`."""

    start: int
    end: int
    text: str


class NoFaithfulEdit(Exception):
    """A change that can't be written without guessing at the user's meaning.

    Attributes:
        reason: Why, in a sentence.
        snippet: What to paste; empty where there is nothing to paste.
        line: Where, 1-based, in the text that the writer saw; None where the text has no place.
    """

    def __init__(self, reason: str, snippet: str = "", line: int | None = None) -> None:
        super().__init__(reason)
        self.reason = reason
        self.snippet = snippet
        self.line = line


def spliced(text: str, splices: Sequence[Splice]) -> str:
    """The text with all splices made; insertions at one place keep their order.

    Raises:
        NoFaithfulEdit: Two of them concern the same characters.
    """
    out, at = [], 0
    for splice in ordered(splices):
        if splice.start < at:
            raise NoFaithfulEdit("two edits concern the same code")
        out += [text[at : splice.start], splice.text]
        at = splice.end
    return "".join([*out, text[at:]])


def ordered(splices: Sequence[Splice]) -> list[Splice]:
    """By place; an insertion comes before a replacement that starts where it stands."""
    return sorted(splices, key=lambda s: (s.start, s.end))


def moved(offset: int, splices: Sequence[Splice]) -> int:
    """Where a character stands after the splices; of a replaced one, where its successor starts."""
    shift = 0
    for splice in ordered(splices):
        if splice.end <= offset:
            shift += len(splice.text) - (splice.end - splice.start)
        elif splice.start < offset:
            return splice.start + shift
    return offset + shift
