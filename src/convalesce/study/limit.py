"""How long one training of a study may take."""

from __future__ import annotations

from convalesce import core

PATIENCE = 6.0  # times its expected time
SLACK_S = 60.0


def longest(reach: core.Reach) -> float:
    """Seconds after which a training is broken off."""
    return PATIENCE * reach.seconds(None) + SLACK_S
