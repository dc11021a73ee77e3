"""The same observation as one Keras callback, for notebooks and one-line use."""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np

from convalesce import core
from convalesce.observe.arguments import Handed, read_handed
from convalesce.observe.guard import guarded, kept_random_state
from convalesce.observe.options import Options
from convalesce.observe.recovery import Recovery
from convalesce.observe.watch import Watch

ARGUMENTS = (
    "x",
    "y",
    "sample_weight",
    "validation_data",
    "validation_split",
    "batch_size",
    "epochs",
    "shuffle",
    "class_weight",
    "initial_epoch",
    "steps_per_epoch",
)


def make_monitor(options: Options, conclude: Callable[[core.Run], Any], show: Any) -> Any:
    """A `keras.callbacks.Callback` that observes each fit it is handed to.

    Args:
        options: How closely to look.
        conclude: From a run to what is concluded.
        show: `(html, text)`: two functions that render a conclusion.
    """
    import keras

    class Monitor(_Observer, keras.callbacks.Callback):  # type: ignore[misc]  # Keras ships no types
        """Watches each fit and tells, afterwards, what is wrong; show it in a notebook cell."""

        async_safe = not options.recover  # else Keras reads no loss before the epoch ends

        def __init__(self) -> None:
            keras.callbacks.Callback.__init__(self)
            _Observer.__init__(self, options, conclude, show)

        def set_model(self, model: Any) -> None:
            keras.callbacks.Callback.set_model(self, model)
            self.attach(model)

    return Monitor()


class _Observer:
    """What the callback does, apart from being one."""

    def __init__(self, options: Options, conclude: Callable[[core.Run], Any], show: Any) -> None:
        self.fits: list[core.Fit] = []
        self.remarks: list[str] = []
        self._options, self._conclude, self._show = options, conclude, show
        self._watch: Watch | None = None
        self._recovery: Recovery | None = None

    def attach(self, model: Any) -> None:
        """From set_model, inside fit: read its arguments and scan its data."""
        with guarded(self.remarks, "attaching the monitor"), kept_random_state():
            if model is None or _watched_already():
                return
            arguments, handed = _of_calling_fit()
            self._watch = Watch(self._options, model, arguments, None, index=len(self.fits))
            if handed is not None:
                self._watch.look_at(handed)
            self._watch.attach(model)
            self._recovery = _recovery(model, self._watch) if self._options.recover else None

    def on_train_begin(self, logs: Any = None) -> None:  # noqa: ARG002 - Keras's signature
        """Keras's hook: the model is built, no weight has changed yet."""
        if self._watch is not None:
            self._watch.train_begins()
        if self._recovery is not None:
            with guarded(self.remarks, "keeping weights to go back to"):
                self._recovery.begins()

    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:  # noqa: ARG002 - Keras's
        """Keras's hook."""
        if self._recovery is not None:
            with guarded(self.remarks, "following the learning rate"):
                self._recovery.epoch_begins()

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:  # noqa: ARG002 - Keras's
        """Keras's hook: only of use where the training is to go back when it breaks."""
        if self._recovery is not None and logs:
            with guarded(self.remarks, "going back to good weights"):
                updates = int(getattr(self._recovery.model, "steps_per_execution", 1))
                self._recovery.batch_ends(logs.get("loss"), updates)

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        """Keras's hook: keep the figures of an epoch."""
        if self._watch is not None:
            self._watch.epoch_ends(epoch, dict(logs or {}))

    def on_train_end(self, logs: Any = None) -> None:  # noqa: ARG002 - Keras's signature
        """Keras's hook: complete the record of this fit."""
        watch, self._watch = self._watch, None
        if watch is None:
            return
        with guarded(self.remarks, "ending the observation of a fit"), kept_random_state():
            fit = watch.end("")
            done = tuple(self._recovery.done) if self._recovery is not None else ()
            said = tuple(f"Recovery: {one}." for one in done)
            self.fits.append(replace(fit, recoveries=done, remarks=(*fit.remarks, *said)))
        self._recovery = None

    @property
    def examined(self) -> Any:
        """What is concluded from all fits so far."""
        return self._conclude(
            core.Run(script="notebook", fits=tuple(self.fits), remarks=tuple(self.remarks))
        )

    @property
    def diagnosis(self) -> core.Diagnosis:
        """The findings, most probable root cause first."""
        found: core.Diagnosis = self.examined.diagnosis
        return found

    def _repr_html_(self) -> str:
        return str(self._show[0](self.examined))

    def __str__(self) -> str:
        return str(self._show[1](self.examined))


def _recovery(model: Any, watch: Watch) -> Recovery:
    def nonfinite() -> bool:
        series = watch.so_far().signals.recorded.get(core.INPUT_NONFINITE)
        return series is not None and bool(np.nansum(series.values) > 0)

    return Recovery(model, nonfinite)


def _watched_already() -> bool:
    """The whole script is under observation: a second look would only cost."""
    hook = sys.modules.get("convalesce.observe.hook")
    active = getattr(hook, "active", None)
    return bool(active()) if callable(active) else False


def _of_calling_fit() -> tuple[dict[str, Any], Handed | None]:
    """Arguments of the fit that is being called, read off its frame.

    Keras hands a callback neither data nor settings. By the time callbacks are made, fit has cut a
    validation_split off the data, so that its `x` is the training part.
    """
    frame = sys._getframe(1)  # noqa: SLF001 - the documented way to look at a caller
    while frame is not None:
        if frame.f_code.co_name == "fit" and "epoch_iterator" in frame.f_locals:
            found = {k: frame.f_locals[k] for k in ARGUMENTS if k in frame.f_locals}
            handed = read_handed({k: v for k, v in found.items() if k != "validation_split"})
            if found.get("validation_split"):
                found["validation_data"] = None
            return found, handed
        frame = frame.f_back  # type: ignore[assignment]  # None ends the walk
    return {}, None
