"""The optimizer's bounds on gradients taken out."""

from __future__ import annotations

from convalesce.core.changes.hp import DropClipping
from convalesce.treat.patch.source.calls import drop_argument
from convalesce.treat.patch.source.draft import Draft
from convalesce.treat.patch.source.training import optimizer_of

BOUNDS = ("clipnorm", "global_clipnorm", "clipvalue")


def write(change: DropClipping, draft: Draft) -> None:  # noqa: ARG001 - as all writers
    """Whichever of the three it is given."""
    call = optimizer_of(draft.script).call
    if call is not None:
        for name in BOUNDS:
            drop_argument(draft, call, name)
