"""What speaks for a cause: readings against limits."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from convalesce.core.change import Change
from convalesce.core.signal import Signal
from convalesce.core.site import Site


@dataclass(frozen=True, slots=True)
class Limit:
    """A threshold, with its unit and where the number comes from."""

    value: float
    unit: str
    source: str


@dataclass(frozen=True, slots=True)
class Reading:
    """One measurement against its limit.

    Attributes:
        signal: What was measured.
        observed: The figure, in the limit's unit.
        limit: What it is held against.
        says: What was measured, in a few words, e.g. `largest input`.
    """

    signal: Signal[Any]
    observed: float
    limit: Limit
    says: str = ""


class Severity(StrEnum):
    """How much it matters."""

    ERROR = "error"  # the training cannot succeed so
    WARNING = "warning"  # it costs accuracy, time or trust
    NOTE = "note"  # worth knowing


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """Why a cause is suspected, or stated.

    Attributes:
        readings: At least one; the most telling first.
        says: One sentence for the person, with the figures.
        strength: 0 … 1, how far the record speaks for this cause against its look-alikes;
            a monotone score, to be calibrated, not a probability.
        stated: It follows from facts and needs no experiment.
        severity: How much it matters if it is true.
        layers: Names of the layers concerned.
        rows: Rows of the training data concerned.
        changes: What would mend it where the record tells, the one to try first in front;
            a cause's `remedies` may hand them on.
        site: The line to look at; None for the line of fit.
    """

    readings: tuple[Reading, ...]
    says: str
    strength: float
    stated: bool = False
    severity: Severity = Severity.WARNING
    layers: tuple[str, ...] = ()
    rows: tuple[int, ...] = ()
    changes: tuple[Change, ...] = ()
    site: Site | None = None
