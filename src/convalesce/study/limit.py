"""How long one training of a study may take, and how it shows that it was too large."""

from __future__ import annotations

from convalesce import core

PATIENCE = 6.0  # times its expected time
SLACK_S = 60.0
OUT_OF_MEMORY = ("ResourceExhaustedError", "MemoryError")  # classes of errors


def longest(reach: core.Reach) -> float:
    """Seconds after which a training is broken off."""
    return PATIENCE * reach.seconds(None) + SLACK_S
