"""Reads a split once, from arrays or from batches as they come."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from typing import Any

from convalesce.core.data import Role, Source
from convalesce.observe.scan.hints import NO_HINTS, Hints
from convalesce.observe.scan.passing import Pass, Scan, nothing
from convalesce.observe.scan.structure import Array, Column, as_array, columns

CHUNK = 1 << 23  # bytes read at a time
SECONDS = 20.0  # that inputs are read; targets are read to their end
Seen = Callable[[int], object]
BATCH_BYTES = 1 << 29  # of batches that are looked at


def read_columns(  # noqa: PLR0913  # facts about the split, by name
    xs: list[Column],
    ys: list[Column],
    *,
    role: Role,
    source: Source,
    weighted: bool = False,
    hints: Hints = NO_HINTS,
    remarks: tuple[str, ...] = (),
    same_rows: bool = True,
    seen: Seen | None = None,
) -> Scan:
    """One pass over columns of equally many rows.

    Args:
        xs: The inputs.
        ys: The targets.
        role: Which split.
        source: What held them.
        weighted: Sample weights were given.
        hints: What is known beforehand.
        remarks: To be said to the user.
        same_rows: It is known which rows the split holds.
        seen: Told the number of rows of each chunk that was read.
    """
    notes = list(remarks)
    for side, parts in (("input", xs), ("target", ys)):
        notes += [f"The {side} `{c.name}` {c.ragged}; it was not read." for c in parts if c.ragged]
    if any(c.ragged for c in xs):
        lengths = {len(c) for c in xs}
        return nothing(role, source, " ".join(notes), examples=max(lengths), weighted=weighted)
    ys = [c for c in ys if not c.ragged]
    counts = {c.name: len(c) for c in (*xs, *ys)}
    if len(set(counts.values())) > 1:
        listed = ", ".join(f"`{name}` has {count}" for name, count in counts.items())
        notes.append(
            f"Inputs and targets have different numbers of rows: {listed}. "
            "Only the rows that all have were read."
        )
    total = min(counts.values(), default=0)
    if not total:
        notes.append("There is not one example: check where the data are read or filtered.")
        return nothing(role, source, " ".join(notes), examples=0, weighted=weighted)
    if total == 1:
        notes.append("There is one example only: what is learned from it holds for no other.")
    names = [c.name for c in xs], [c.name for c in ys]
    passing = Pass(role, *names, hints, total=total)
    read = _read(passing, xs, ys, total, seen or _nobody)
    if read < total:
        notes.append(
            f"The inputs were read for {SECONDS:.0f} seconds, up to row {read} of {total}; "
            "the targets were read to their end."
        )
    if any(c.read(0, 1).dtype.kind not in "biuf" for c in xs):
        notes.append("Inputs that are no numbers were only searched for copies.")

    def fetch(row: int) -> tuple[list[Array], list[Array]]:
        return [c.read(row, row + 1)[0] for c in xs], [c.read(row, row + 1)[0] for c in ys]

    return passing.finish(
        source=source,
        examples=total,
        whole=read == total,
        weighted=weighted,
        fetch=fetch,
        remarks=tuple(notes),
        same_rows=same_rows,
    )


def _nobody(_: int) -> None:
    """Nobody waits for it."""


def _read(passing: Pass, xs: list[Column], ys: list[Column], total: int, seen: Seen) -> int:
    """Reads on until the time is over, then only the targets; the rows of inputs read."""
    ends = time.monotonic() + SECONDS
    size = sum(c.row_bytes for c in xs or ys)
    step = max(1, min(total, CHUNK // size))
    start = 0
    while start < total and time.monotonic() < ends:
        stop = min(total, start + step)
        passing.add([c.read(start, stop) for c in xs], [c.read(start, stop) for c in ys])
        seen(stop - start)
        start = stop
    read = start
    step = max(1, CHUNK // max(1, sum(c.row_bytes for c in ys)))
    while start < total and time.monotonic() < ends + SECONDS:
        stop = min(total, start + step)
        passing.add_targets([c.read(start, stop) for c in ys])
        start = stop
    return read


class BatchReader:
    """Looks at batches as they pass by, within bounds of time and size."""

    def __init__(self, role: Role, hints: Hints = NO_HINTS) -> None:
        self._role = role
        self._hints = hints
        self._pass: Pass | None = None
        self._layout: tuple[int, int] = (0, 0)
        self._bytes = 0
        self._spent = 0.0
        self._weighted = False
        self.full = False
        self.remarks: list[str] = []

    @property
    def rows(self) -> int:
        """Examples seen."""
        return self._pass.rows if self._pass is not None else 0

    def add(self, batch: Any) -> None:
        """Takes in one batch; never raises, and says once what it could not read."""
        if self.full:
            return
        began = time.monotonic()
        try:
            self._add(batch)
        except Exception as error:  # noqa: BLE001  # the training must go on
            self.full = True
            self.remarks.append(f"The batches could not be scanned further: {error}.")
        self._spent += time.monotonic() - began
        if self._bytes >= BATCH_BYTES or self._spent >= SECONDS:
            self.full = True

    def finish(
        self, *, source: Source, examples: int | None, whole: bool, remarks: tuple[str, ...] = ()
    ) -> Scan:
        """What the batches showed."""
        said = (*self.remarks, *remarks)
        if self._pass is None:
            text = " ".join((*said, "No batch was seen."))
            return nothing(self._role, source, text, examples=examples)
        return self._pass.finish(
            source=source,
            examples=examples,
            whole=whole,
            weighted=self._weighted,
            remarks=said,
        )

    def _add(self, batch: Any) -> None:
        x, y, weight = unpack(batch)
        xs, ys = columns(x, "input"), columns(y, "target")
        torn = [c.name for c in (*xs, *ys) if c.ragged]
        if torn:
            raise ValueError(f"`{torn[0]}` is no regular array")
        self._weighted = self._weighted or weight is not None
        if self._pass is None:
            names = [c.name for c in xs], [c.name for c in ys]
            self._pass = Pass(self._role, *names, self._hints)
            self._layout = (len(xs), len(ys))
        if self._layout != (len(xs), len(ys)):
            raise ValueError("a batch has another number of inputs or targets than the first one")
        inputs, targets = ([as_array(c.data) for c in side] for side in (xs, ys))
        lengths = {len(a) for a in (*inputs, *targets)}
        if len(lengths) != 1:
            raise ValueError(f"inputs and targets of a batch differ in length ({sorted(lengths)})")
        if lengths == {0}:
            return
        self._pass.add(inputs, targets)
        self._bytes += sum(a.nbytes for a in (*inputs, *targets))


def read_batches(  # noqa: PLR0913  # facts about the batches, by name
    batches: Iterable[Any],
    *,
    role: Role,
    source: Source,
    examples: int | None = None,
    remark: str = "",
    hints: Hints = NO_HINTS,
) -> Scan:
    """Batches that someone else made, each `(x, y, sample_weight)`.

    Args:
        batches: Read to the end, or until enough was seen.
        role: Which split.
        source: What they came from.
        examples: Number of examples of the split, where it is known.
        remark: To be said to the user.
        hints: What is known beforehand.
    """
    reader = BatchReader(role, hints)
    for batch in batches:
        reader.add(batch)
        if reader.full:
            break
    whole = not reader.full and examples is not None and reader.rows == examples
    return reader.finish(
        source=source, examples=examples, whole=whole, remarks=(remark,) if remark else ()
    )


def unpack(batch: Any) -> tuple[Any, Any, Any]:
    """Inputs, targets and weights of a batch, as Keras takes them apart."""
    if isinstance(batch, list):
        batch = tuple(batch)
    if isinstance(batch, tuple) and 1 <= len(batch) <= 3:
        return (*batch, None, None)[:3]
    return batch, None, None
