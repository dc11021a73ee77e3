"""Standing of a suspicion, and of a whole run."""

from __future__ import annotations

from enum import StrEnum


class Verdict(StrEnum):
    """Standing of a finding."""

    CONFIRMED = "confirmed"  # by facts or by experiment
    REFUTED = "refuted"
    UNDECIDED = "undecided"


class Health(StrEnum):
    """Verdict on a whole run."""

    HEALTHY = "healthy"
    UNHEALTHY = "unhealthy"
    UNDECIDED = "undecided"
    CRASHED = "crashed"
