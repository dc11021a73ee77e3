"""Joins the parts: picks the step function of each step, keeps what it showed, reads it later."""

from __future__ import annotations

import contextlib
import math
import time
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from convalesce import core
from convalesce.observe.monitor import origin as origins
from convalesce.observe.monitor.course import Course
from convalesce.observe.monitor.layout import KEY, Row, series
from convalesce.observe.monitor.schedule import Schedule

if TYPE_CHECKING:
    from convalesce.observe.monitor.twin import Twin

JUMP = 10.0  # a batch's loss over the mean so far that calls for a closer look
CALLS = 16  # closer looks a fit may have beyond its schedule
ROWS = 4096  # monitored steps kept; beyond that, every second one of the older half goes
FED_BATCHES, FED_BYTES = 64, 32 << 20


class Instrument:
    """Watches the training steps of one fit.

    Attributes:
        remarks: What could not be covered, in sentences.
        seconds: Wall time of our own Python work: tracing and reading. The monitored steps'
            share of the graph's time is not in it.
    """

    def __init__(self, every: int | None = None) -> None:
        self.remarks: list[str] = []
        self.seconds = 0.0
        self._schedule = Schedule(every)
        self._course = Course()
        self._custom = False
        self._rows: list[tuple[int, Row]] = []
        self._unread: list[tuple[int, Any, Any]] = []
        self._fed: list[Any] = []
        self._fed_bytes = 0
        self._fed_whole = False
        self._model: Any = None
        self._own_maker: Any = None
        self._bad_weight: tuple[int, str] | None = None
        self._idle: tuple[str, ...] = ()
        self._called = False
        self._calls = 0
        self._reached = False

    # ---- the model ---------------------------------------------------------------------------

    def attach(self, model: Any) -> None:
        """Stand between fit and the step functions that the model makes from now on."""
        self._model = model
        self._custom = not type(model).train_step.__module__.startswith("keras.src.")
        self._own_maker = model.__dict__.get("make_train_function")
        make = model.make_train_function

        def make_train_function(*args: Any, **kwargs: Any) -> Any:
            made = make(*args, **kwargs)
            plain = model.train_function
            if plain is not None and not hasattr(plain, "convalesce_plain"):
                model.train_function = self._dispatch(plain)
            return made if made is None else model.train_function

        model.__dict__["make_train_function"] = make_train_function

    def detach(self) -> None:
        """Leave the model with the functions that Keras made."""
        model, self._model = self._model, None
        if model is None:
            return
        if self._own_maker is None:
            model.__dict__.pop("make_train_function", None)
        else:
            model.__dict__["make_train_function"] = self._own_maker
        plain = getattr(model.train_function, "convalesce_plain", None)
        if plain is not None:
            model.train_function = plain
        twin = getattr(plain, "_convalesce", None)
        if twin is not None:
            twin.steps += self._course.steps
            self._idle = twin.recorder.idle
        with self._timed():
            self._read()

    def _dispatch(self, plain: Any) -> Any:
        def train_function(iterator: Any) -> Any:
            return self._step(plain, iterator)

        train_function.convalesce_plain = plain  # type: ignore[attr-defined]
        return train_function

    # ---- a step ------------------------------------------------------------------------------

    def _step(self, plain: Any, iterator: Any) -> Any:
        """One call of the train function: `steps_per_execution` steps."""
        self._reached = True
        count = int(self._model.steps_per_execution)
        first = self._course.steps
        due = self._called or self._schedule.due(first, count)
        if not due or self._schedule.every == 0:
            logs = plain(iterator)
        else:
            self._called = False
            logs = self._monitored(plain, iterator, first + count - 1)
        self._note(logs, count)
        return logs

    def _monitored(self, plain: Any, iterator: Any, step: int) -> Any:
        twin = self._ready(plain, iterator)
        if twin is None:
            return plain(iterator)
        from convalesce.observe.monitor.twin import Place

        if twin.place is Place.NOWHERE:
            return self._outside(plain, iterator, step)
        if twin.place is Place.BEFORE:
            logs, shown = twin.before(plain, iterator)
        else:
            logs, shown = self._stead(twin, plain, iterator)
        if shown is not None:
            with self._timed(), self._guarded():
                self._unread.append((step, shown["vector"], (twin, shown["layout"])))
                self._keep_fed(shown["fed"])
        return logs

    def _stead(self, twin: Twin, plain: Any, iterator: Any) -> tuple[Any, Any]:
        import tensorflow as tf

        try:
            logs = twin.run(iterator)
        except (tf.errors.ResourceExhaustedError, tf.errors.UnimplementedError) as error:
            twin.refuse(f"A monitored step failed and its batch was lost: {type(error).__name__}.")
            return plain(iterator), None
        return logs, logs.pop(KEY, None) if isinstance(logs, dict) else None

    def _ready(self, plain: Any, iterator: Any) -> Twin | None:
        from convalesce.observe.monitor.twin import twin_of

        with self._guarded():
            fresh = not self._unread and not self._rows
            twin = twin_of(self._model, plain, self._remark) if fresh else self._twin(plain)
            if fresh and twin.steps:
                self._schedule = Schedule(self._schedule.every, settled=True)
            ready = twin.ready(iterator)
            self.seconds += twin.spent()
            return twin if ready or twin.why else None
        return None

    def _twin(self, plain: Any) -> Twin:
        from convalesce.observe.monitor.twin import twin_of

        twin: Twin = getattr(plain, "_convalesce", None) or twin_of(
            self._model, plain, self._remark
        )
        return twin

    def _outside(self, plain: Any, iterator: Any, step: int) -> Any:
        from convalesce.observe.monitor import outside

        before = None
        with self._timed(), self._guarded():
            before = outside.weights_of(self._model)
        logs = plain(iterator)
        if before is not None:
            with self._timed(), self._guarded():
                self._rows.append((step, outside.compare(before, self._model)))
        return logs

    def _note(self, logs: Any, count: int) -> None:
        """Keep the logged loss; a jump or a loss that is no number calls for a look."""
        try:
            latest = self._course.note(logs.get("loss") if hasattr(logs, "get") else None, count)
            if latest is None or self._calls >= CALLS:
                return
            value, mean = latest
            if not math.isfinite(value) or abs(value) > JUMP * abs(mean):
                self._called = True
                self._calls += 1
        except Exception as error:  # noqa: BLE001 - our fault must not end the user's training
            self._remark(f"The loss of a step could not be kept: {type(error).__name__}: {error}")

    def batch_end(self, batch: int, logs: Any) -> None:
        """Keeps the logged loss where the step function itself was not reached.

        Args:
            batch: 0-based within its epoch.
            logs: As Keras hands them to callbacks.
        """
        if not self._reached and batch >= 0:
            self._note(logs, 1)

    def epoch_end(self, epoch: int) -> None:
        """Reads what the steps of an epoch left.

        Args:
            epoch: Keras's number of it, 0-based.
        """
        self._fed_whole = bool(self._fed)
        with self._timed(), self._guarded():
            self._course.close(epoch, self._examples())
            self._read()
            self._look_at_weights()

    def _look_at_weights(self) -> None:
        """Weights may turn bad under a loss that stays finite: ReLU swallows what is no number."""
        if self._model is None or self._bad_weight or self._schedule.every == 0:
            return
        from convalesce.observe.monitor.outside import bad_weight

        name = bad_weight(self._model)
        if name:
            self._bad_weight = (self._course.steps - 1, name)
            self._called = True

    # ---- what was seen -----------------------------------------------------------------------

    def series(self) -> dict[core.Signal[core.Series], core.Series]:
        """Everything recorded, one series a signal; signals never seen are left out."""
        self._read()
        found = series([pair for pair in self._rows if not pair[1].skipped])
        skipped = sum(row.skipped for _, row in self._rows)
        if skipped:
            self._remark(
                f"Loss scaling skipped {skipped} of {len(self._rows)} monitored updates because "
                "half-precision gradients overflowed; they are left out of the series."
            )
        losses = self._losses()
        return {core.LOSS: losses, **found} if len(losses) else found

    def origin(self) -> core.Origin | None:
        """Where loss or weights first turned non-finite; None where they did not."""
        self._read()
        return origins.find(self._rows, self._losses(), self._course.starts(), self._bad_weight)

    def idle(self) -> core.Idle | None:
        """What acts in training only and never did; None where there is no such layer."""
        return core.Idle(layers=self._idle) if self._idle else None

    def fed(self) -> list[tuple[Any, Any, Any]]:
        """Batches of one epoch as they reached the model: (x, y, weight or None), 64 rows at most.

        Of one epoch only: later ones bring the same examples again, which would look like copies.
        """
        import tensorflow as tf

        def host(value: Any) -> Any:
            return value.numpy() if hasattr(value, "numpy") else value

        return [
            tuple(tf.nest.map_structure(host, shown.get(k)) for k in ("x", "y", "weight"))
            for shown in self._fed
        ]

    def _losses(self) -> core.Series:
        return self._course.losses(self._rows, trusted=not self._custom)

    def _read(self) -> None:
        """From device to rows."""
        unread, self._unread = self._unread, []
        for step, vector, (twin, number) in unread:
            layout = twin.recorder.layouts[int(number)]
            self._rows.append((step, layout.split(vector.numpy())))
        if len(self._rows) > ROWS:
            half = len(self._rows) // 2
            self._rows = self._rows[:half:2] + self._rows[half:]

    def _keep_fed(self, shown: Any) -> None:
        if self._fed_whole:
            return
        import tensorflow as tf

        size = sum(
            t.dtype.size * math.prod(t.shape)
            for t in tf.nest.flatten(shown)
            if isinstance(t, tf.Tensor)
        )
        if len(self._fed) < FED_BATCHES and self._fed_bytes + size <= FED_BYTES:
            self._fed.append(shown)
            self._fed_bytes += size

    def _examples(self) -> float:
        """Rows that went into the running mean; nan where there is none."""
        tracker = getattr(self._model, "_loss_tracker", None)
        return float(tracker.count) if tracker is not None else math.nan

    # ---- our own time and faults -------------------------------------------------------------

    def _remark(self, sentence: str) -> None:
        if sentence not in self.remarks:
            self.remarks.append(sentence)

    @contextlib.contextmanager
    def _timed(self) -> Iterator[None]:
        start = time.perf_counter()
        try:
            yield
        finally:
            self.seconds += time.perf_counter() - start

    @contextlib.contextmanager
    def _guarded(self) -> Iterator[None]:
        try:
            yield
        except Exception as error:  # noqa: BLE001 - our fault must not end the user's training
            text = str(error).partition("\n")[0][:200]
            self._remark(f"The monitor failed in part: {type(error).__name__}: {text}")
