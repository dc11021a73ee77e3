"""Going back and going on when a training breaks, for those who ask for it.

While all is well the weights and the optimizer's state are copied now and then. When the loss or a
weight is no number, or the loss stays above twice what training began at, the training goes back to
a copy from before the trouble, takes a tenth of the rate, and goes on. That is an experiment in
place: from the same weights, one thing changed. It has held once the training is 50 updates past
the point where it broke; where it breaks again, a tenth of that is taken. Where another rate can't
help (NaN in the data) or can't be set (a schedule that is part of the compiled step), the training
ends with its last good weights, and says so.
"""

from __future__ import annotations

import math
import sys
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np

from convalesce import core
from convalesce.observe.guard import plain_float

EVERY = 20  # updates between two copies
WINDOW = 10  # updates that the loss is averaged over
JUMP = 2.0  # times the loss that training began at, as in causes/hp/lr_high.py
BAD_WINDOWS = 3  # in a row
FACTOR = 0.1
MOST = 3  # times that it goes back
MARGIN = 50  # updates past the trouble


class Recovery:
    """Watches the loss of one fit, goes back and goes on.

    Args:
        model: Compiled; its train function is in use.
        nonfinite_data: Whether the data that are fed hold NaN or infinity.

    Attributes:
        done: What was done, in order.
    """

    def __init__(self, model: Any, nonfinite_data: Callable[[], bool]) -> None:
        self.done: list[core.Recovery] = []
        self.model, self._nonfinite_data = model, nonfinite_data
        self._copies: list[tuple[int, list[Any]]] = []
        self._step = 0
        self._mean = (0, 0.0)  # batches and mean loss since metrics were reset
        self._window = (0, 0.0)
        self._first: float | None = None
        self._bad = 0
        self._rate: float | None = None
        self._times = 1.0

    def begins(self) -> None:
        """From on_train_begin."""
        self._copies = [(0, self._copy())]

    def epoch_begins(self) -> None:
        """From on_epoch_begin: Keras has reset its means; a scheduler may have set the rate."""
        self._mean = self._window = (0, 0.0)
        rate = self._present_rate()
        if self._rate is not None and rate is not None and rate > self._rate:
            self._set_rate(rate * self._times)

    def batch_ends(self, loss: Any, updates: int = 1) -> None:
        """From on_train_batch_end, with Keras's mean loss of the epoch so far."""
        mean = plain_float(loss)
        self._step += updates
        count = self._mean[0] + updates
        self._mean = (count, mean)
        if not math.isfinite(mean):
            self._trouble("the loss is no number")
            return
        if self._first is None:
            self._first = abs(mean)  # of the first batch, before any update
        if count - self._window[0] < WINDOW:
            return
        before, old = self._window
        recent = (mean * count - old * before) / (count - before)
        self._window = self._mean
        self._bad = self._bad + 1 if recent > JUMP * max(self._first, 1e-12) else 0
        if self._bad >= BAD_WINDOWS:
            self._trouble(f"the loss rose to {recent:.3g}, from {self._first:.3g}")
        elif not self._bad:
            self._well()

    # ---- all is well -------------------------------------------------------------------------

    def _well(self) -> None:
        if self._step - self._copies[-1][0] >= EVERY:
            if not self._whole():  # a ReLU can swallow a NaN: the loss stays finite
                self._trouble("weights are no numbers")
                return
            self._copies = [self._copies[-1], (self._step, self._copy())]
        last = self.done[-1] if self.done else None
        if last is not None and last.held is None and self._step >= last.step + MARGIN:
            self.done[-1] = replace(last, held=True)

    def _copy(self) -> list[Any]:
        return [np.array(v.numpy()) for v in self._variables()]

    def _variables(self) -> list[Any]:
        optimizer = self.model.optimizer
        rate = getattr(_inner(optimizer), "_learning_rate", None)
        slots = [v for v in optimizer.variables if v is not rate]
        return [*self.model.weights, *slots]

    def _whole(self) -> bool:
        return all(np.isfinite(v.numpy()).all() for v in self.model.trainable_variables)

    # ---- trouble -----------------------------------------------------------------------------

    def _trouble(self, why: str) -> None:
        at, copied = self._copies[0]
        if self.done and self.done[-1].held is None:
            self.done[-1] = replace(self.done[-1], held=False)
        self._restore(copied)
        self._copies = [(at, copied)]
        self._bad = 0
        self._mean = self._window = (0, 0.0)
        self.model.reset_metrics()
        change, ends = self._change()
        if ends:
            self.model.stop_training = True
        self.done.append(
            core.Recovery(step=self._step, back_to=at, why=why, change=change, ended=ends)
        )
        self._step = at
        sys.stderr.write(f"convalesce: {self.done[-1]}\n")

    def _restore(self, copied: list[Any]) -> None:
        variables = self._variables()
        for variable, value in zip(variables, copied, strict=False):
            variable.assign(value)
        for variable in variables[len(copied) :]:  # slots that were made since
            variable.assign(np.zeros(variable.shape))

    def _change(self) -> tuple[str, str]:
        """What is changed, and why training ends instead; one of them is empty."""
        if self._nonfinite_data():
            return "", "the data hold NaN or infinite values: drop or repair those examples"
        if len(self.done) >= MOST:
            return "", f"it has gone back {MOST} times already"
        rate = self._present_rate()
        if rate is None:
            return "", "its learning-rate schedule is part of the compiled step: lower that by hand"
        self._times *= FACTOR
        self._set_rate(rate * FACTOR)
        return f"the learning rate is {rate * FACTOR:.3g} in place of {rate:.3g}", ""

    def _present_rate(self) -> float | None:
        """The rate, where it can be set."""
        inner = _inner(self.model.optimizer)
        rate = getattr(inner, "_learning_rate", None)
        return plain_float(rate) if hasattr(rate, "assign") else None

    def _set_rate(self, rate: float) -> None:
        _inner(self.model.optimizer).learning_rate = rate
        self._rate = plain_float(_inner(self.model.optimizer).learning_rate)


def _inner(optimizer: Any) -> Any:
    return getattr(optimizer, "inner_optimizer", optimizer)
