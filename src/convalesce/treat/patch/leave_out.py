"""Training rows whose labels are those of other rows, left out."""

from __future__ import annotations

from convalesce.core.changes.data import LeaveOut
from convalesce.treat.patch.source.data import without_rows
from convalesce.treat.patch.source.draft import Draft


def write(change: LeaveOut, draft: Draft) -> None:
    """Both arrays of training without the stretch."""
    part = slice(change.start, change.stop)
    without_rows(draft, part, part)
