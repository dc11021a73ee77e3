"""Nothing to write before the rate is found."""

from __future__ import annotations

from convalesce.core.changes.hp import FindLearningRate
from convalesce.treat.patch.source.draft import Draft
from convalesce.treat.patch.source.edit import NoFaithfulEdit


def write(change: FindLearningRate, draft: Draft) -> None:  # noqa: ARG001 - as all writers
    """Say so: the range test ends in a `SetLearningRate`."""
    raise NoFaithfulEdit("the rate is known only after the range test")
