"""What is known of a split before it is read."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Hints:
    """Knowledge from elsewhere that settles what figures alone leave open.

    Attributes:
        layers: Class name of the layer that reads each input: `Embedding` makes whole numbers
            tokens.
        forms: Form of each target in training: a split of which only some classes are seen has
            class numbers still.
    """

    layers: tuple[str, ...] = ()
    forms: tuple[str, ...] = ()


NO_HINTS = Hints()
