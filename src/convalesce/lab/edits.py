"""Attributes of the user's own objects that are other while an arm is trained."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Iterator
from typing import Any

# Object, attribute, value.
Edited = tuple[Any, str, Any]


@contextlib.contextmanager
def edited(edits: Iterable[Edited]) -> Iterator[None]:
    """While this lasts, the attributes have these values; afterwards those from before."""
    before: list[Edited] = []
    try:
        for owner, name, value in edits:
            before.append((owner, name, getattr(owner, name)))
            _put(owner, name, value)
        yield
    finally:
        for owner, name, value in reversed(before):
            _put(owner, name, value)


def _put(owner: Any, name: str, value: Any) -> None:
    """Past the bookkeeping of a Keras layer, which takes no new sublayers once it is built."""
    if name in vars(owner):
        vars(owner)[name] = value
    else:
        setattr(owner, name, value)
