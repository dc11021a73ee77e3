"""`class_weight` of fit taken out."""

from __future__ import annotations

from convalesce.core.changes.data import DropClassWeights
from convalesce.treat.patch.source.calls import drop_argument
from convalesce.treat.patch.source.draft import Draft
from convalesce.treat.patch.source.training import fit_call


def write(change: DropClassWeights, draft: Draft) -> None:  # noqa: ARG001 - as all writers
    """The argument goes; what worked the weights out stays, unread."""
    drop_argument(draft, fit_call(draft.script), "class_weight")
