"""A change of the data as a mend of the files that hold them."""

from __future__ import annotations

from collections.abc import Sequence

from convalesce import core
from convalesce.treat.files.faults import LOOKS, faults
from convalesce.treat.files.held import LARGEST, READERS, Held, held
from convalesce.treat.files.places import Surroundings
from convalesce.treat.files.snippets import snippet

SHOWN = 8  # rows that are named
FEW = 4  # files that are named where none shows the fault by itself
# Changes of what lies in files, where a file may not show the fault by itself.
LOOKED_INTO = (
    core.RepairLabels,
    core.ShiftLabels,
    core.LeaveOut,
    core.DropFeature,
    core.Resplit,
    core.UnifyPreprocessing,
)


def repaired(
    changes: Sequence[core.Change], rows: tuple[int, ...], around: Surroundings
) -> tuple[core.FileMend, ...]:
    """Mends of data files; empty where no change concerns data that the script read from files.

    Args:
        changes: The course.
        rows: Training rows that the findings name, as fit was given them.
        around: What the script was started with.
    """
    concerned = [c for c in changes if _concerns_files(c)]
    if not concerned:
        return ()
    files = _files(around)
    mends: list[core.FileMend] = []
    for change in concerned:
        found = faults(change, files)
        mends += [
            core.FileMend(
                path=fault.held.path,
                says=fault.says,
                snippet=snippet(change, fault),
                rows=fault.rows[:SHOWN],
                count=len(fault.rows),
            )
            for fault in found
        ]
        if not found and isinstance(change, LOOKED_INTO):
            mends += _named(change, rows, around)
    return tuple(mends)


def _concerns_files(change: core.Change) -> bool:
    return type(change) in LOOKS or isinstance(change, LOOKED_INTO)


def _files(around: Surroundings) -> list[Held]:
    found = []
    for read in around.reads:
        if any(read.path.lower().endswith(suffix) for suffix in READERS):
            data = around.bytes_of(read, LARGEST)
            one = held(read.path, data) if data is not None else None
            if one is not None:
                found.append(one)
    return found


def _named(change: core.Change, rows: tuple[int, ...], around: Surroundings) -> list[core.FileMend]:
    """What to do, and in which files, where the file does not show it by itself."""
    paths = [r.path for r in around.reads if any(r.path.lower().endswith(s) for s in READERS)]
    if not 0 < len(paths) <= FEW:
        return []
    where = " (rows as fit was given them)" if rows else ""
    says = f"{change}{where}, and write the mended rows under another name"
    return [core.FileMend(path=", ".join(paths), says=says, rows=rows[:SHOWN], count=len(rows))]
