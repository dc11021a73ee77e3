"""A script with changes written into it."""

from __future__ import annotations

import difflib
from dataclasses import dataclass

from convalesce.core import Change


@dataclass(frozen=True, slots=True)
class Left:
    """A change that was not written.

    Attributes:
        reason: Why, in a sentence.
        snippet: What to write by hand; empty where there is nothing to paste.
        line: Where, 1-based, in the script as it was; None where it has no place.
    """

    change: Change
    reason: str
    snippet: str = ""
    line: int | None = None


@dataclass(frozen=True, slots=True)
class Patched:
    """The script before and after.

    Attributes:
        made: Changes that were written.
        left: Changes that were not.
    """

    original: str
    source: str
    made: tuple[Change, ...] = ()
    left: tuple[Left, ...] = ()

    def diff(self, path: str) -> str:
        """A unified diff that `patch` and `git apply` take; empty where nothing changed."""
        before, after = _lines(self.original), _lines(self.source)
        out = []
        for line in difflib.unified_diff(before, after, f"a/{path}", f"b/{path}"):
            ended = line.endswith("\n")
            out.append(line if ended else f"{line}\n\\ No newline at end of file\n")
        return "".join(out)


def _lines(text: str) -> list[str]:
    """Lines with their ends; only line feeds end one, as in `diff`."""
    return [f"{line}\n" for line in text.split("\n")[:-1]] + (
        [last] if (last := text.rpartition("\n")[2]) else []
    )
