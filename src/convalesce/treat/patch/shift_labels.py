"""Labels of training that slipped, back to the rows that they belong to."""

from __future__ import annotations

from convalesce.core.changes.data import ShiftLabels
from convalesce.treat.patch.source.data import without_rows
from convalesce.treat.patch.source.draft import Draft


def write(change: ShiftLabels, draft: Draft) -> None:
    """Inputs without the rows that have lost their label, labels without those that have none."""
    start, stop, by = change.start, change.stop, change.by
    first, last = f"{start}:{start + abs(by)}", f"{stop - abs(by)}:{stop}"
    without_rows(draft, *((last, first) if by > 0 else (first, last)))
