"""What training can be asked to record, and what it recorded."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar, cast

import numpy as np
from numpy.typing import NDArray

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Signal(Generic[T]):
    """A quantity that training can be asked to record.

    Attributes:
        name: Key in reports and in stored records.
        unit: SI symbol, `nat`, or `1` for a pure number; empty for a compound fact.
        axes: Name of each axis of the recorded values, outermost first; empty for a fact.
        doc: One sentence: what it measures.
        kind: Type of the recorded value: `Series`, or one of the fact types of `core`.
    """

    name: str
    unit: str
    axes: tuple[str, ...]
    doc: str
    kind: type[T]


@dataclass(frozen=True, slots=True, eq=False)
class Series:
    """Values of one signal over training.

    Attributes:
        steps: Optimiser step of each value; int64, shape `(time,)`, increasing.
        values: float64, shape `(time, *axes)`.
        labels: Name of each column of the last axis (layers, variables, classes); empty
            for a series without a second axis.
    """

    steps: NDArray[np.int64]
    values: NDArray[np.float64]
    labels: tuple[str, ...] = ()

    def __len__(self) -> int:
        return len(self.steps)

    def recent(self, count: int) -> NDArray[np.float64]:
        """The last `count` values, or all of them where there are fewer."""
        return self.values[-count:]

    def typical(self, count: int) -> float:
        """Median of the finite values among the last `count`; infinity where none is finite."""
        recent = self.recent(count)
        finite = recent[np.isfinite(recent)]
        return float(np.median(finite)) if finite.size else np.inf

    def column(self, label: str) -> NDArray[np.float64]:
        """Values of one column over time, shape `(time,)`.

        Raises:
            KeyError: No column has this label.
        """
        if label not in self.labels:
            raise KeyError(f"no column `{label}`; there are {', '.join(self.labels) or 'none'}")
        return self.values[:, self.labels.index(label)]


@dataclass(frozen=True, slots=True)
class Signals:
    """Everything recorded so far, looked up by `Signal`.

    Attributes:
        recorded: Value of each recorded signal.
        wanted: Signals that may be asked for and be absent: `get` answers None for these.
    """

    recorded: Mapping[Signal[Any], Any]
    wanted: frozenset[Signal[Any]] = field(default_factory=frozenset)

    def __getitem__(self, signal: Signal[T]) -> T:
        if signal not in self.recorded:
            raise UnrecordedSignal(
                f"`{signal.name}` was read but is not among the recorded signals: "
                f"{', '.join(sorted(s.name for s in self.recorded)) or 'none'}. "
                "Add it to the cause's `needs`."
            )
        return cast("T", self.recorded[signal])

    def get(self, signal: Signal[T]) -> T | None:
        """The recorded value, or None where a signal listed in `wants` was not recorded.

        Raises:
            UnrecordedSignal: The signal is in neither `needs` nor `wants`.
        """
        if signal in self.recorded:
            return cast("T", self.recorded[signal])
        if signal in self.wanted:
            return None
        raise UnrecordedSignal(
            f"`{signal.name}` was asked for but is declared nowhere. "
            "Add it to the cause's `wants` (may be absent) or `needs`."
        )

    def __contains__(self, signal: Signal[Any]) -> bool:
        return signal in self.recorded

    def only(self, needs: Iterable[Signal[Any]], wants: Iterable[Signal[Any]] = ()) -> Signals:
        """The same record cut down to what a cause declared."""
        wanted = frozenset(wants)
        visible = wanted.union(needs)
        return Signals({s: v for s, v in self.recorded.items() if s in visible}, wanted)


class UnrecordedSignal(KeyError):
    """A cause read a signal that it does not declare or that was not recorded."""

    def __str__(self) -> str:
        return str(self.args[0])
