"""More examples: nothing that a script can say."""

from __future__ import annotations

from convalesce.core.changes.data import CollectData
from convalesce.treat.patch.source.draft import Draft
from convalesce.treat.patch.source.edit import NoFaithfulEdit


def write(change: CollectData, draft: Draft) -> None:  # noqa: ARG001 - as all writers
    """Say so."""
    raise NoFaithfulEdit(f"about {change.times:.3g} times the examples have to be collected")
