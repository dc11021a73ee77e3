"""The learning rate times a factor, as a number."""

from __future__ import annotations

from convalesce.core.changes.hp import ScaleLearningRate
from convalesce.treat.patch.source.draft import Draft
from convalesce.treat.patch.source.rates import change_rate
from convalesce.treat.patch.source.values import written


def write(change: ScaleLearningRate, draft: Draft) -> None:
    """Multiply the rate that the script writes, or the default that it leaves in force."""
    snippet = f"# multiply the learning rate by {written(change.factor)}"
    change_rate(draft, lambda now: now * change.factor, snippet)
