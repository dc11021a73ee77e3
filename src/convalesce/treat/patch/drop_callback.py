"""A callback taken out."""

from __future__ import annotations

from convalesce.core.changes.hp import DropCallback
from convalesce.treat.patch.source.draft import Draft
from convalesce.treat.patch.source.training import drop_callback


def write(change: DropCallback, draft: Draft) -> None:
    """Out of the list that fit is given."""
    drop_callback(draft, change.name)
