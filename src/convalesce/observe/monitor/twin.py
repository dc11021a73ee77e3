"""The monitored step function beside Keras's own."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterable
from enum import Enum
from typing import Any

import tensorflow as tf

from convalesce.observe.monitor import functions
from convalesce.observe.monitor.layout import KEY
from convalesce.observe.monitor.recorder import Recorder
from convalesce.observe.monitor.taps import tapping


class Place(Enum):
    """Where the monitored function runs.

    Attributes:
        STEAD: In the plain one's stead: the two give the same bits.
        BEFORE: Before it, on the same batch, and everything it changed is put back: for steps whose
            bits depend on being compiled or traced as one.
        NOWHERE: Weights are read between the steps; activations and gradients are not seen.
    """

    STEAD = "in its stead"
    BEFORE = "before it"
    NOWHERE = "nowhere"


OUTSIDE = "Weights are read between steps; activations, gradients and batches are not recorded."
REPLICAS = f"Training runs under a distribution strategy. {OUTSIDE}"
MAKER = f"The model makes a train function of its own. {OUTSIDE}"
UNKNOWN = f"This version of Keras makes its train function otherwise than expected. {OUTSIDE}"
SEVERAL = (
    "With `steps_per_execution` above 1, a step that XLA compiles, or that draws TensorFlow random "
    f"numbers with a state of their own, can't be repeated. {OUTSIDE}"
)


class Twin:
    """A monitored step function for one plain one.

    It lives on the plain function, so that a model fitted many times is traced once.

    Attributes:
        place: Where it runs.
        why: Why nowhere; empty where it runs.
        recorder: What it shows.
        steps: Steps of earlier fits that ran through the plain one or this.
    """

    def __init__(self, model: Any, plain: Any, remark: Callable[[str], None]) -> None:
        self.place = Place.STEAD
        self.why = ""
        self.steps = 0
        self.recorder = Recorder(model, remark)
        self._several = int(model.steps_per_execution) > 1
        self._compiled = bool(model.jit_compile)
        self._eager = bool(model.run_eagerly)
        self._plain = functions.traceable(plain)
        self._spec: Any = None
        self._variables: list[Any] = []
        self._seconds = 0.0
        self.run = _uncompiled(model, self._step_of(model))
        if distributed(model):
            self.refuse(REPLICAS)
        elif type(model).make_train_function is not _keras_maker(model):
            self.refuse(MAKER)

    def refuse(self, why: str) -> None:
        """Run nowhere from now on."""
        self.place, self.why = Place.NOWHERE, why
        self.recorder.remark(why)

    def ready(self, iterator: Any) -> bool:
        """Traces both functions for this iterator, the plain one first, as it would be anyway.

        Whatever tracing changes in Python is changed by the plain one; the second leaves no mark.
        Random numbers that the step's own Python code bakes into a graph are drawn again alike;
        those that built the model are not drawn a second time.
        """
        if self.place is Place.NOWHERE or not isinstance(iterator, tf.data.Iterator):
            return False
        if self._eager or iterator.element_spec == self._spec:
            return True
        inner = functions.traceable(self.run)
        if inner is None or self._plain is None:
            self.refuse(UNKNOWN)
            return False
        before = functions.drawn()
        try:
            plain = self._plain.get_concrete_function(iterator)
        except Exception:  # noqa: BLE001 - the plain step is about to raise the user's own error
            return False
        after = functions.drawn()
        start = time.perf_counter()
        with functions.unmarked():
            functions.draw_from(before)
            traced = inner.get_concrete_function(iterator)
            again = functions.drawn()
        if self._compiled or again not in (before, after) or functions.draws_in_graph(plain.graph):
            self.place = Place.BEFORE
            self._variables = list(traced.variables)
        self._seconds += time.perf_counter() - start
        if self.place is Place.BEFORE and self._several:
            self.refuse(SEVERAL)
            return False
        self._spec = iterator.element_spec
        return True

    def before(self, plain: Callable[[Any], Any], iterator: Any) -> tuple[Any, Any]:
        """Shows one batch to the monitored function, puts all back, then runs the plain one on it.

        Returns:
            Logs of the plain one, and what the monitored one showed (None where it failed).
        """
        batch = iterator.get_next()
        shown = None
        try:
            again = _once(batch, iterator.element_spec)
            states = functions.drawn()
            kept = [tf.identity(variable) for variable in self._variables]
            try:
                shown = self.run(iter(again)).pop(KEY, None)
            finally:
                for variable, value in zip(self._variables, kept, strict=True):
                    variable.assign(value)
                functions.draw_from(states)
        except Exception as error:  # noqa: BLE001 - our fault must not end the user's training
            self.refuse(f"A monitored step failed: {type(error).__name__}. {OUTSIDE}")
            again = [batch]
        return plain(iter(again)), shown

    def spent(self) -> float:
        """Seconds of tracing since this was asked last."""
        seconds, self._seconds = self._seconds, 0.0
        return seconds

    def _step_of(self, model: Any) -> Callable[[Any], Any]:
        inner, recorder = model.train_step, self.recorder

        def monitored_step(data: Any) -> Any:
            recorder.begin()
            with tapping(recorder):
                logs = inner(data)
            try:
                return {**logs, KEY: recorder.finish(data)}
            except Exception as error:  # noqa: BLE001 - our fault must not end the user's training
                text = str(error).partition("\n")[0][:200]
                self.refuse(f"A monitored step gave nothing: {type(error).__name__}: {text}")
                return logs

        return monitored_step


def twin_of(model: Any, plain: Any, remark: Callable[[str], None]) -> Twin:
    """The twin of a plain step function, made where there is none yet."""
    twin = getattr(plain, "_convalesce", None)
    if not isinstance(twin, Twin):
        twin = Twin(model, plain, remark)
        with contextlib.suppress(AttributeError):
            plain._convalesce = twin  # noqa: SLF001 - it ends with the function that it belongs to
    elif twin.why:
        remark(twin.why)
    twin.recorder.remark = remark
    return twin


def distributed(model: Any) -> bool:
    """Whether a model was made or is trained under a distribution strategy."""
    return bool(tf.distribute.has_strategy() or model._distribute_strategy is not None)  # noqa: SLF001


def _uncompiled(model: Any, step: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """A step as Keras would make it without XLA, whose longer compilation buys nothing here."""
    kept, model._jit_compile = model._jit_compile, False  # noqa: SLF001 - read by Keras's own maker
    try:
        made: Callable[[Any], Any] = model._make_function(step)  # noqa: SLF001
    finally:
        model._jit_compile = kept  # noqa: SLF001
    return made


def _once(batch: Any, spec: Any) -> Iterable[Any]:
    """A data set of one batch whose iterators look like the one that the batch came from."""
    variant = tf.data.experimental.to_variant(tf.data.Dataset.from_tensors(batch))
    one: Iterable[Any] = tf.data.experimental.from_variant(variant, spec)
    return one


def _keras_maker(model: Any) -> Any:
    for kind in type(model).__mro__:
        if kind.__module__.startswith("keras.src.backend.tensorflow"):
            maker = kind.__dict__.get("make_train_function")
            if maker is not None:
                return maker
    return None
