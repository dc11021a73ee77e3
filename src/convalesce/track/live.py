"""Writes down what a training tells while it runs, in a small share of its time."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from convalesce.track import disk
from convalesce.track.folder import RunFolder

if TYPE_CHECKING:
    from convalesce import core

Judge = Callable[["core.Fit"], Sequence[Mapping[str, Any]]]
SHARE = 0.003  # of the time since the script began, for each of: records, findings, syncs
HEAD_START_S = 0.05


class Allowance:
    """A share of the time: work is due when its last cost still fits into what is allowed."""

    def __init__(self, share: float = SHARE, head_start: float = HEAD_START_S) -> None:
        self._share, self._head_start = share, head_start
        self._began = time.perf_counter()
        self._spent = self._last = 0.0

    @property
    def due(self) -> bool:
        """The work may be done now."""
        allowed = self._head_start + self._share * (time.perf_counter() - self._began)
        return self._spent + self._last <= allowed

    @contextmanager
    def spending(self) -> Iterator[None]:
        """Time the work."""
        begun = time.perf_counter()
        try:
            yield
        finally:
            self._last = time.perf_counter() - begun
            self._spent += self._last


class Live:
    """Told of each fit of a script; every line is on its way to the disk when a call returns.

    The record so far and the findings so far take longer, so they are written as often as a small
    share of the time allows: `fit-N.msgpack`, and lines `finding`.
    """

    def __init__(self, folder: RunFolder, judge: Judge | None = None) -> None:
        self._folder, self._judge = folder, judge
        self._lines: disk.Lines | None = disk.Lines(folder.live)
        self._process = os.getpid()
        self._lock = threading.Lock()
        self._records, self._syncs = Allowance(), Allowance(head_start=0.0)
        self._findings = Allowance(head_start=-0.5)  # loading the causes takes that long
        self._said: set[tuple[int, str]] = set()

    def __call__(self, told: Mapping[str, Any]) -> None:
        """Write one event down.

        Raises:
            OSError: It can't be written; nothing more will be tried.
        """
        if self._lines is None or os.getpid() != self._process:
            return  # a fork of the script is not the run
        with self._lock:
            try:
                self._write(told)
            except OSError:
                self._lines = None
                raise

    def _write(self, told: Mapping[str, Any]) -> None:
        if self._lines is None:
            return
        event = {k: v for k, v in told.items() if k != "so_far"}
        self._lines.add({"at": round(time.time(), 3), **event})
        if self._syncs.due:
            with self._syncs.spending():
                self._lines.sync()
        if not self._records.due:
            return
        with self._records.spending():
            from convalesce import core  # noqa: PLC0415 - Keras is there, and so is NumPy
            from convalesce.core.codec import encode  # noqa: PLC0415

            fit = told["so_far"]()
            run = core.Run(script="", fits=(fit,))
            disk.write(self._folder.part(fit.index), encode(run), sync=False)
        if told["event"] == "epoch":
            self._conclude(fit)

    def _conclude(self, fit: core.Fit) -> None:
        """What stands out so far, each finding once."""
        if self._judge is None or self._lines is None or not self._findings.due:
            return
        with self._findings.spending():
            for finding in self._judge(fit):
                key = (fit.index, str(finding["cause"]))
                if key not in self._said:
                    self._said.add(key)
                    self._lines.add({"at": round(time.time(), 3), "event": "finding", **finding})
