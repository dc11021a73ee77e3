"""Looks at batches on their way to Keras and hands them on unchanged."""

from __future__ import annotations

import threading
import types
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from convalesce.core.data import Duplicates, Role, Source
from convalesce.observe.scan.hints import NO_HINTS, Hints
from convalesce.observe.scan.passing import Scan
from convalesce.observe.scan.reading import BatchReader, unpack
from convalesce.observe.scan.structure import copied, size

RESTARTS = 2
KEPT = 1 << 26  # bytes of batches that are kept
AGAIN = "A generator may give an example again, so copies within it were not counted."


class Tee:
    """What to hand to Keras in place of the user's data, and what was seen of it.

    A Keras PyDataset is handed on as an object of a subclass that shares the state of the
    user's own, a Python generator as a generator that pulls one batch for each one asked for.
    The batches of the first epoch are looked at, nothing is asked for twice. Everything else
    is handed on as it is.

    Attributes:
        handed: For Keras.
        active: Batches are looked at on their way.
        kept: Copies of the first batches, each `(x, y, sample_weight)`, 64 MB in all.

    Args:
        x: The user's data.
        role: Which split.
        hints: What is known beforehand.
    """

    def __init__(self, x: Any, role: Role, hints: Hints = NO_HINTS) -> None:
        self._role: Role = role
        self._hints = hints
        self._reader = BatchReader(role, hints)
        self._restarts = 0
        self._found: Scan | None = None
        self._kept_bytes = 0
        self.kept: list[tuple[Any, Any, Any]] = []
        self._lock = threading.Lock()
        self._seen: set[int] = set()
        self._planned: int | None = None
        self._source: Source = "other"
        self.handed: Any = x
        self.active = True
        if isinstance(x, types.GeneratorType):
            self._source = "generator"
            self.handed = self._through(x)
        elif is_py_dataset(x):
            self._source = "PyDataset"
            self.handed = self._beside(x)
        else:
            self.active = False

    def stop(self) -> None:
        """Looks at no further batch; to be called at the end of the first epoch."""
        self._reader.full = True

    def epoch_ended(self) -> None:
        """Keras ended an epoch of a PyDataset.

        It also does so after a first peek, and the user's `on_epoch_end` may deal the rows anew:
        batches from before and after must not be taken for one epoch.
        """
        with self._lock:
            if self._planned == len(self._seen) or self._restarts >= RESTARTS or self._found:
                self._reader.full = True
                return
            self._restarts += 1
            self._reader = BatchReader(self._role, self._hints)
            self._seen.clear()
            self.kept.clear()
            self._kept_bytes = 0

    def scan(self) -> Scan:
        """What the batches showed that have passed by so far; then no more are looked at."""
        with self._lock:
            if self._found is None and self._reader.rows:
                self._found = self._finish()
            return self._found or self._finish()

    def _finish(self) -> Scan:
        complete = self._planned is not None and len(self._seen) >= self._planned
        rows = self._reader.rows
        self._reader.full = self._reader.full or rows > 0
        scan = self._reader.finish(
            source=self._source,
            examples=rows if complete else None,
            whole=complete,
            remarks=(_part(rows),) if rows and not complete else (),
        )
        if self._source != "generator" or not scan.split.duplicates.compared:
            return scan
        return _without_copies(scan)

    def _see(self, batch: Any) -> None:
        if self._reader.full:
            return
        self._reader.add(batch)
        if self._kept_bytes >= KEPT:
            return
        try:
            copy = tuple(copied(part) for part in unpack(batch))
            self._kept_bytes += max(1, sum(size(part) for part in copy))
        except Exception as error:  # noqa: BLE001  # the training must go on
            self._kept_bytes = KEPT
            self._reader.remarks.append(f"No batch could be kept for later: {error}.")
            return
        self.kept.append((copy[0], copy[1], copy[2]))

    def _through(self, batches: Any) -> Iterator[Any]:
        for batch in batches:
            with self._lock:
                self._see(batch)
            yield batch

    def _beside(self, dataset: Any) -> Any:
        if getattr(dataset, "use_multiprocessing", False) and getattr(dataset, "workers", 1) > 0:
            self.active = False
            self._reader.remarks.append(
                "The batches are made in other processes (use_multiprocessing) and were not "
                "looked at on their way."
            )
            return dataset
        try:
            return _sharing(dataset, self)
        except (TypeError, AttributeError) as error:
            self.active = False
            self._reader.remarks.append(f"The batches could not be looked at: {error}.")
            return dataset

    def saw(self, dataset: Any, index: Any, batch: Any) -> None:
        """One batch of a PyDataset, at its index; the second time it is left out."""
        with self._lock:
            if self._reader.full or index in self._seen:
                return
            try:
                self._planned = dataset.num_batches
            except Exception:  # noqa: BLE001  # the user's own code; Keras will meet it too
                self._planned = None
            self._see(batch)
            self._seen.add(index)


def is_py_dataset(value: Any) -> bool:
    """It is a `keras.utils.PyDataset` (or `Sequence`, its older name)."""
    return any(
        c.__name__ == "PyDataset" and c.__module__.startswith("keras.") for c in type(value).__mro__
    )


def _sharing(dataset: Any, tee: Tee) -> Any:
    """An object of a subclass of the user's, with the very same state."""
    kind = type(dataset)

    def get_item(self: Any, index: Any) -> Any:
        batch = kind.__getitem__(self, index)
        tee.saw(self, index, batch)
        return batch

    def on_epoch_end(self: Any) -> Any:
        tee.epoch_ended()
        return kind.on_epoch_end(self)

    body: dict[str, Any] = {"__getitem__": get_item, "on_epoch_end": on_epoch_end}
    body |= {"__module__": kind.__module__, "__qualname__": kind.__qualname__}
    if hasattr(kind, "__del__"):
        body["__del__"] = _leave_alone  # the user's own object tidies up
    twin: Any = object.__new__(type(kind.__name__, (kind,), body))
    twin.__dict__ = dataset.__dict__
    return twin


def _leave_alone(self: Any) -> None:
    """Ends without the user's own clean-up."""


def _part(rows: int) -> str:
    return f"What is said here rests on the first {rows} examples that came."


def _without_copies(scan: Scan) -> Scan:
    split = replace(scan.split, duplicates=Duplicates(), remarks=(*scan.split.remarks, AGAIN))
    return Scan(split, scan.sketch)
