"""A value that a change replaces: how its key may be called, what it is before and after."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

Value = float | str | bool | tuple[float, ...]
CLOSE = 1e-5  # relative: Keras keeps numbers in single precision

# Words that make another thing of a setting: `val_batch_size` is not `batch_size`.
OTHERS = frozenset({"val", "valid", "validation", "eval", "evaluation", "test", "predict"}) | {
    "holdout",
    "warmup",
    "min",
    "end",
    "final",
    "restart",
}
WORDS = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+|[A-Z]+")


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """One value that a change replaces.

    Attributes:
        what: As it is called in a sentence.
        names: Keys that it may stand under.
        advice: What to do, where the change gives no value to put there; empty where it does.
    """

    what: str
    names: tuple[str, ...]
    old: Value
    new: Value
    advice: str = ""

    def named(self, key: str) -> bool:
        """Whether a key may mean this: one of the names, or ending or beginning with it."""
        words = _words(key)
        for name in self.names:
            mine = _words(name)
            rest = [*words]
            if words == mine:
                return True
            if words[-len(mine) :] == mine:
                rest = words[: -len(mine)]
            elif words[: len(mine)] == mine:
                rest = words[len(mine) :]
            else:
                continue
            if not OTHERS & set(rest):
                return True
        return False

    def holds(self, value: Any) -> bool:
        """Whether a value read from a file is the old one; a number may be written as text."""
        return same(value, self.old)


def same(value: Any, old: Value) -> bool:
    """Equal up to single precision, letters' case and the kind of sequence."""
    if isinstance(old, bool) or isinstance(value, bool):
        words = {"true": True, "yes": True, "on": True, "false": False, "no": False, "off": False}
        found = words.get(value.lower()) if isinstance(value, str) else value
        return isinstance(old, bool) and isinstance(found, bool) and found == old
    if isinstance(old, tuple):
        several = isinstance(value, list | tuple) and len(value) == len(old)
        return several and all(same(v, o) for v, o in zip(value, old, strict=True))
    if isinstance(old, str):
        return isinstance(value, str) and _plain(value) == _plain(old)
    number = number_in(value)
    return number is not None and abs(number - old) <= CLOSE * abs(old)


def round_off(number: float) -> float:
    """To the digits that single precision has."""
    return float(f"{number:.7g}")


def number_in(value: Any) -> float | None:
    """A number, or one written as text."""
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    try:
        return float(value)
    except ValueError:
        return None


def _words(key: str) -> list[str]:
    return [word.lower() for word in WORDS.findall(key)]


def _plain(text: str) -> str:
    return re.sub(r"[\W_]", "", text).lower()
