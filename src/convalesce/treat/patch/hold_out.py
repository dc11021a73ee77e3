"""A validation split from the training examples: a stand-in that a script should not keep."""

from __future__ import annotations

from convalesce.core.changes.data import HoldOut
from convalesce.treat.patch.source.draft import Draft
from convalesce.treat.patch.source.edit import NoFaithfulEdit


def write(change: HoldOut, draft: Draft) -> None:  # noqa: ARG001 - as all writers
    """Say what the experiment did instead."""
    raise NoFaithfulEdit(
        "the experiment validated on training examples; the script's own validation data have to "
        "go through the preprocessing of training",
        snippet=f"model.fit(..., validation_split={change.share:g})",
    )
