"""Changes to a run, as plain data: tried by experiment, made by treatment, printed by reports."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import ClassVar

from convalesce.core.signal import Series, Signal


@dataclass(frozen=True)
class Change:
    """One intervention. Subclasses are final and hold only numbers and names.

    Attributes:
        reads: Template of what is done, in the imperative: it reads after "try:".
        safe: It cannot make a sound training worse; others need their trial first.
    """

    reads: ClassVar[str] = ""
    safe: ClassVar[bool] = False

    def __str__(self) -> str:
        values = {f.name: _plain(getattr(self, f.name)) for f in fields(self)}
        return self.reads.format(**values)


def _plain(value: object) -> str:
    if isinstance(value, float):
        return f"{value:.3g}"
    if isinstance(value, tuple):
        return ", ".join(_plain(v) for v in value)
    return str(value)


@dataclass(frozen=True)
class Falls:
    """Prediction: `signal` ends lower with the change than without it."""

    signal: Signal[Series]

    def __str__(self) -> str:
        return f"{self.signal.name} falls"


@dataclass(frozen=True)
class Trial:
    """A paired experiment: same snapshot, same batches, same seed, one `change`.

    Attributes:
        change: What the treated arm does differently.
        predict: What must be seen if the suspected cause is the real one.
        steps: Optimiser steps of each arm.
    """

    change: Change
    predict: Falls
    steps: int = 100
