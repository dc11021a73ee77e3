"""Changes to a run, as plain data: tried by experiment, made by treatment, printed by reports."""

from __future__ import annotations

from dataclasses import dataclass, fields
from enum import StrEnum
from typing import ClassVar


@dataclass(frozen=True)
class Change:
    """One intervention. Subclasses are final and hold only numbers and names.

    Attributes:
        reads: Template of what is done, in the imperative: it reads after "try:".
        safe: It cannot make a sound training worse; others need their trial first.
        everywhere: What it means where no layers are named.
        tells_only: It tells where a fault lies and mends none.
    """

    reads: ClassVar[str] = ""
    safe: ClassVar[bool] = False
    everywhere: ClassVar[str] = "every hidden layer"
    tells_only: ClassVar[bool] = False

    def __str__(self) -> str:
        values = {f.name: _plain(getattr(self, f.name)) or self.everywhere for f in fields(self)}
        return self.reads.format(**values)


def _plain(value: object) -> str:
    if isinstance(value, float):
        return f"{value:.3g}"
    if isinstance(value, tuple):
        return ", ".join(_plain(v) for v in value)
    return str(value)


class Yardstick(StrEnum):
    """What an experiment is measured by: 0 at the best constant answer, 1 where all is known."""

    LEARNED = "what is learned of the training examples"
    KNOWN = "what is known of the validation examples"
    SURE = "what is known of the validation examples, by their loss"
    EVEN = "the mean recall of the classes on validation examples"


@dataclass(frozen=True)
class Rises:
    """Prediction: with the change, the yardstick ends higher than without it."""

    what: Yardstick

    def __str__(self) -> str:
        return f"{self.what} rises"


LEARNS = Rises(Yardstick.LEARNED)
KNOWS = Rises(Yardstick.KNOWN)
IS_SURE = Rises(Yardstick.SURE)
IS_EVEN = Rises(Yardstick.EVEN)


@dataclass(frozen=True)
class Trial:
    """A paired experiment: same snapshot, same batches, same seed, one `change`.

    Attributes:
        change: What the treated arm does differently.
        predict: What must be seen if the suspected cause is the real one.
        steps: Optimiser steps of each arm that settle it at the least; None where it shows
            only over a whole training.
        after: It goes on from the trained weights, not from the initial ones.
        otherwise: Changes that would prove the same cause, tried where the first did not.
        decisive: Without the predicted difference, the cause is ruled out.
    """

    change: Change
    predict: Rises
    steps: int | None = 100
    after: bool = False
    otherwise: tuple[Change, ...] = ()
    decisive: bool = True
