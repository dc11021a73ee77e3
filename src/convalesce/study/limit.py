"""How long one training of a study may take, and how it shows that it was too large."""

from __future__ import annotations

from collections.abc import Iterable

from convalesce import core

PATIENCE = 6.0  # times its expected time
SLACK_S = 60.0
OUT_OF_MEMORY = ("ResourceExhaustedError", "MemoryError")  # classes of errors


def longest(reach: core.Reach, arms: Iterable[core.Arm] = ()) -> float:
    """Seconds after which a training is broken off; more where one of the arms trains longer."""
    asked = [c.epochs for a in arms for c in a.changes if isinstance(c, core.SetEpochs)]
    times = max([1.0, *(epochs / max(1, reach.epochs) for epochs in asked)])
    return PATIENCE * reach.seconds(round(times * reach.steps)) + SLACK_S
