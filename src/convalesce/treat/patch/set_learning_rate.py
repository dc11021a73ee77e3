"""The learning rate, where the script writes it."""

from __future__ import annotations

from convalesce.core.changes.hp import SetLearningRate
from convalesce.treat.patch.source.draft import Draft
from convalesce.treat.patch.source.rates import change_rate
from convalesce.treat.patch.source.values import written


def write(change: SetLearningRate, draft: Draft) -> None:
    """Start from this rate; a schedule keeps its form."""
    snippet = f"learning_rate={written(change.rate)}"
    change_rate(draft, lambda _: change.rate, snippet)
