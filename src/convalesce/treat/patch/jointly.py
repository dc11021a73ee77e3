"""Several changes that mend only together, each by its own writer."""

from __future__ import annotations

from convalesce.core.changes.jointly import Jointly
from convalesce.treat.patch.source.draft import Draft
from convalesce.treat.patch.source.patching import writer


def write(change: Jointly, draft: Draft) -> None:
    """Write each of them, or none where one has no faithful edit."""
    for one in change.changes:
        writer(one).write(one, draft)
