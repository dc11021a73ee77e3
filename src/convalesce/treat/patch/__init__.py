"""The user's own script, mended: a change of a run as a small edit of its source.

Each change has a writer of its name in this package (`set_dropout` for `SetDropout`): a function
`write(change, draft)` that asks a draft for edits, or raises `NoFaithfulEdit` with what to write
by hand. libcst is loaded by the functions that need it, not by this import.
"""

from __future__ import annotations

from collections.abc import Sequence

from convalesce.core import Change
from convalesce.treat.patch.source.edit import NoFaithfulEdit as NoFaithfulEdit
from convalesce.treat.patch.source.facts import Facts as Facts
from convalesce.treat.patch.source.file import Original as Original
from convalesce.treat.patch.source.file import apply as apply
from convalesce.treat.patch.source.file import decoded as decoded
from convalesce.treat.patch.source.file import load as load
from convalesce.treat.patch.source.patched import Left as Left
from convalesce.treat.patch.source.patched import Patched as Patched

__all__ = [
    "Facts",
    "Left",
    "NoFaithfulEdit",
    "Original",
    "Patched",
    "apply",
    "decoded",
    "load",
    "patch",
    "snippet_of",
]


def patch(source: str, changes: Sequence[Change], facts: Facts) -> Patched:
    """Write changes into a script, one after the other.

    Args:
        source: The script as it was when it ran: sites in `facts` name its lines.
        changes: Concrete ones; those without a faithful edit are handed back in `left`.
        facts: What was observed.
    """
    from convalesce.treat.patch.source.patching import patched  # noqa: PLC0415 - loads libcst

    return patched(source, changes, facts)


def snippet_of(change: Change) -> str:
    """What to write by hand in general; empty where that depends on the script."""
    from convalesce.treat.patch.source.patching import writer  # noqa: PLC0415 - loads libcst

    return str(getattr(writer(change), "SNIPPET", ""))
