"""What any log comes down to: named curves."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from convalesce import core

RATES = ("learning_rate", "lr")
CANNOT = (
    "A log of curves holds no data, no model, no set-up, no gradients and no answers of the model: "
    "what needs them could not be asked, and a cause that leaves no trace in the curves is not "
    "seen. `convalesce run SCRIPT` sees all of it."
)


class UnreadableLog(ValueError):
    """What was named holds no log that can be read; the message says what was found."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Log:
    """The curves of one training or of several after one another.

    Attributes:
        name: Where it was read, for the report.
        said: What it is, in a sentence.
        fits: Metrics by Keras's names, one value an epoch.
        planned: Epochs asked for, where the log tells; 0 where not.
    """

    name: str
    said: str
    fits: tuple[Mapping[str, Sequence[float]], ...]
    planned: int = 0

    def as_run(self) -> core.Run:
        """The record.

        Raises:
            UnreadableLog: No curve has a value.
        """
        fits = [f for f in map(_measured, self.fits) if f]
        if not fits:
            raise UnreadableLog(f"{self.name} holds no curve with a value: {self.said}")
        return core.Run(
            script=self.name,
            fits=tuple(
                core.Fit(index=i, signals=core.Signals({core.HISTORY: self._history(curves)}))
                for i, curves in enumerate(fits)
            ),
            remarks=(self.said, CANNOT),
        )

    def _history(self, curves: Mapping[str, tuple[float, ...]]) -> core.History:
        rate = next((curves[name] for name in RATES if name in curves), ())
        epochs = max(map(len, curves.values()))
        return core.History(metrics=curves, learning_rate=rate, planned=max(self.planned, epochs))


def _measured(curves: Mapping[str, Sequence[float]]) -> dict[str, tuple[float, ...]]:
    return {name: tuple(values) for name, values in curves.items() if len(values)}


def figure(value: Any) -> float | None:
    """A number of whatever a log holds; None where it holds nothing (`NA`, empty, words)."""
    if value is None or isinstance(value, bool):
        return None
    if isinstance(value, str) and value.strip().lower() in {"", "na", "n/a", "none", "null"}:
        return None
    try:
        return float(value)
    except (TypeError, ValueError):
        return None


def worded(count: int, what: str) -> str:
    """`1 epoch`, `20 epochs`."""
    return f"{count} {what}" if count == 1 else f"{count} {what}s"
