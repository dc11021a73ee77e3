"""Labels of training that slipped, back to the rows that they belong to."""

from __future__ import annotations

from convalesce.core.changes.data import ShiftLabels
from convalesce.treat.patch.source.data import without_rows
from convalesce.treat.patch.source.draft import Draft


def write(change: ShiftLabels, draft: Draft) -> None:
    """Inputs without the rows that have lost their label, labels without those that have none."""
    without_rows(draft, *change.ends)
