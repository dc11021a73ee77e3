"""The logged losses of a fit, epoch by epoch."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import accumulate
from typing import Any

import numpy as np

from convalesce import core
from convalesce.observe.monitor.layout import Row
from convalesce.observe.monitor.losses import batch_losses, running

LAG = 32  # values left on an accelerator, so that reading the older ones waits for nothing


@dataclass(slots=True)
class Epoch:
    """One pass: its first step, logged values (nan where none), and steps of each."""

    start: int
    number: int
    logged: list[float] = field(default_factory=list)
    counts: list[int] = field(default_factory=list)
    examples: float = math.nan


class Course:
    """Keeps what each step logged as its loss, without waiting for a device.

    Attributes:
        steps: Steps so far.
    """

    def __init__(self) -> None:
        self.steps = 0
        self._epochs: list[Epoch] = []
        self._open = Epoch(0, 0)
        self._waiting: list[Any] = []

    def note(self, loss: Any, count: int) -> tuple[float, float] | None:
        """Keep the loss that `count` steps logged.

        Returns:
            Its difference to a running mean, and the mean before; only where reading is free.
        """
        self.steps += count
        self._open.counts.append(count)
        if loss is not None and not isinstance(loss, float) and not _on_host(loss):
            self._waiting.append(loss)
            if len(self._waiting) < 2 * LAG:
                return None
            self._fetch(LAG)
        else:
            if self._waiting:
                self._fetch(len(self._waiting))
            self._open.logged.append(math.nan if loss is None else float(loss))
        return None if loss is None else self._latest()

    def _latest(self) -> tuple[float, float] | None:
        logged = self._open.logged
        if len(logged) < 2:
            return (logged[0], logged[0]) if logged else None
        before, now = logged[-2], logged[-1]
        if not math.isfinite(before):
            return None
        return before + (now - before) * len(logged), before

    def _fetch(self, count: int) -> None:
        import tensorflow as tf

        ready, self._waiting = self._waiting[:count], self._waiting[count:]
        self._open.logged.extend(tf.stack([tf.reshape(t, []) for t in ready]).numpy().tolist())

    def close(self, number: int, examples: float) -> None:
        """End an epoch.

        Args:
            number: Keras's, 0-based.
            examples: Examples that went into the last running mean, as far as known.
        """
        if self._waiting:
            self._fetch(len(self._waiting))
        self._open.number = number
        self._open.examples = examples
        self._epochs.append(self._open)
        self._open = Epoch(self.steps, number + 1)

    def starts(self) -> list[tuple[int, int]]:
        """First step and number of each epoch."""
        return [(epoch.start, epoch.number) for epoch in self._all()]

    def losses(self, rows: Sequence[tuple[int, Row]], *, trusted: bool) -> core.Series:
        """Loss of every step, as far as it can be told.

        Args:
            rows: Monitored steps; their exact losses tell what was logged, and are kept.
            trusted: The train step is Keras's own: it logs running means.
        """
        exact = {s: r.loss for s, r in rows if r.layout.exact}
        sizes = [r.examples for _, r in rows if np.isfinite(r.examples)]
        size = float(np.median(sizes)) if sizes else 1.0
        votes = [_vote(epoch, exact, size) for epoch in self._all()]
        told = [vote for vote in votes if vote is not None]
        means = sum(told) * 2 >= len(told) if told else trusted
        found: dict[int, float] = {}
        if told or trusted:
            for epoch in self._all():
                found.update(_values(epoch, size, means=means, exact=exact))
        found.update(exact)
        steps = sorted(found)
        return core.Series(
            np.array(steps, np.int64), np.array([found[s] for s in steps], np.float64)
        )

    def _all(self) -> list[Epoch]:
        if self._waiting:
            self._fetch(len(self._waiting))
        return [*self._epochs, self._open] if self._open.logged else list(self._epochs)


def _on_host(tensor: Any) -> bool:
    return "CPU" in str(getattr(tensor, "backing_device", "CPU"))


def _last_steps(epoch: Epoch) -> list[int]:
    return [epoch.start + done - 1 for done in accumulate(epoch.counts[: len(epoch.logged)])]


def _weights(epoch: Epoch, size: float) -> list[float]:
    """Examples behind each logged value; the last batch of an epoch may be smaller."""
    weights = [size * count for count in epoch.counts[: len(epoch.logged)]]
    if weights:
        rest = epoch.examples - sum(weights[:-1])
        if 0 < rest <= weights[-1]:
            weights[-1] = rest
    return weights


def _vote(epoch: Epoch, exact: dict[int, float], size: float) -> bool | None:
    if any(count != 1 for count in epoch.counts):
        return None
    places = [
        (step - epoch.start, loss)
        for step, loss in exact.items()
        if 0 <= step - epoch.start < len(epoch.logged)
    ]
    return running(places, epoch.logged, _weights(epoch, size))


def _values(epoch: Epoch, size: float, *, means: bool, exact: dict[int, float]) -> dict[int, float]:
    """Losses by step. After one that is not finite a running mean tells no more."""
    values = np.asarray(epoch.logged, np.float64)
    bad = np.flatnonzero(~np.isfinite(values))
    if means:
        values = batch_losses(values.tolist(), _weights(epoch, size))
        if bad.size:
            values[bad[0] :] = np.nan
            values = values[: bad[0] + 1]
    return {
        step: float(value)
        for step, value in zip(_last_steps(epoch), values, strict=False)
        if step not in exact
    }
