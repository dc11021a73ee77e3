"""Attributes of the user's own objects that are other while an arm is trained."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Iterator
from types import FunctionType
from typing import Any

# Object, attribute, value.
Edited = tuple[Any, str, Any]


@contextlib.contextmanager
def edited(edits: Iterable[Edited]) -> Iterator[None]:
    """While this lasts, the attributes have these values; afterwards those from before.

    A method is another one for its owner alone, and that of its class again afterwards.
    """
    before: list[Edited] = []
    try:
        for owner, name, value in edits:
            before.append((owner, name, _OWN if _is_method(owner, name) else getattr(owner, name)))
            _put(owner, name, value)
        yield
    finally:
        for owner, name, value in reversed(before):
            if value is _OWN:
                owner.__dict__.pop(name, None)
            else:
                _put(owner, name, value)


_OWN = object()  # the method that the class has


def _is_method(owner: Any, name: str) -> bool:
    return name not in vars(owner) and isinstance(getattr(type(owner), name, None), FunctionType)


def _put(owner: Any, name: str, value: Any) -> None:
    """Past the bookkeeping of a Keras layer, which takes no new sublayers once it is built."""
    if name in vars(owner) or _is_method(owner, name):
        vars(owner)[name] = value
    else:
        setattr(owner, name, value)
