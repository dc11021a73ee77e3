"""Learning from validation examples: it tells where a fault lies, and no script should do it."""

from __future__ import annotations

from convalesce.core.changes.data import LearnFromValidation
from convalesce.treat.patch.source.draft import Draft
from convalesce.treat.patch.source.edit import NoFaithfulEdit


def write(change: LearnFromValidation, draft: Draft) -> None:  # noqa: ARG001 - as all writers
    """Say what the experiment did instead."""
    raise NoFaithfulEdit(
        "the experiment learned from validation examples, which no script should do: look at how "
        "the training examples get their labels and what is done to them on their way"
    )
