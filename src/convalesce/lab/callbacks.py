"""Callbacks of an arm: the user's that act on training, and the end of an arm."""

from __future__ import annotations

import copy
import inspect
from collections.abc import Callable, Iterable
from typing import Any

from convalesce.observe import effort

# Keras's callbacks that act on training and on nothing outside of it.
ACTING = {
    "EarlyStopping",
    "LearningRateScheduler",
    "ReduceLROnPlateau",
    "SwapEMAWeights",
    "TerminateOnNaN",
}
# Those that only write or print.
WATCHING = {"BackupAndRestore", "CSVLogger", "History", "ModelCheckpoint", "ProgbarLogger"} | {
    "RemoteMonitor",
    "TensorBoard",
}


def acting(given: Any) -> tuple[Any, ...]:
    """Copies of the callbacks that change the rate, stop the training or swap its weights.

    Of the user's own, those whose code speaks of the learning rate; those that write or print
    would do so again.
    """
    return tuple(copy.copy(one) for one in _listed(given) if _acts(one))


def all_known(given: Any) -> bool:
    """Each either goes with every arm or is one of Keras's that change no training."""
    return all(
        _acts(one) or (_of_keras(one) and type(one).__name__ in WATCHING) for one in _listed(given)
    )


def _listed(given: Any) -> Iterable[Any]:
    if given is None:
        return ()
    if isinstance(given, list | tuple):
        return given
    listed: Iterable[Any] = getattr(given, "callbacks", [given])
    return listed


def _of_keras(callback: Any) -> bool:
    return type(callback).__module__.startswith("keras.")


def _acts(callback: Any) -> bool:
    kind = type(callback)
    if _of_keras(callback):
        return kind.__name__ in ACTING
    try:
        source = inspect.getsource(kind)
    except (OSError, TypeError):
        return False
    return "learning_rate" in source and not any(
        word in source for word in ("open(", "save", "write", "subprocess")
    )


def needs_validation(callbacks: Iterable[Any]) -> bool:
    """One of them follows a figure of the validation split."""
    return any(str(getattr(c, "monitor", "")).startswith("val_") for c in callbacks)


def make_end(steps: int, seconds: float) -> Any:
    """A callback that ends the training after `steps` updates, or when its time is up.

    Attributes:
        made: Updates so far.
        late: The time was up first.
    """
    import keras

    class End(keras.callbacks.Callback):  # type: ignore[misc]  # Keras ships no types
        made = 0
        late = False

        def __init__(self) -> None:
            super().__init__()
            self.begun = effort.now()

        def on_train_batch_end(self, batch: int, logs: Any = None) -> None:  # noqa: ARG002
            self.made += int(self.model.steps_per_execution)
            if self.made >= steps:
                self.model.stop_training = True
            elif self.begun.since > seconds:
                self.late = True
                self.model.stop_training = True

    return End()


def make_rates() -> Any:
    """A callback that notes the rate in force at the end of each epoch, before others change it.

    Attributes:
        noted: One an epoch.
    """
    import keras

    class Rates(keras.callbacks.Callback):  # type: ignore[misc]  # Keras ships no types
        def __init__(self) -> None:
            super().__init__()
            self.noted: list[float] = []

        def on_epoch_end(self, epoch: int, logs: Any = None) -> None:  # noqa: ARG002
            self.noted.append(float(self.model.optimizer.learning_rate))

    return Rates()


def scaled(callbacks: Iterable[Any], factor: float) -> tuple[Any, ...]:
    """The same where a schedule of theirs sets the rate: its rates times a factor."""
    if factor == 1.0:
        return tuple(callbacks)
    out = []
    for callback in callbacks:
        one = callback
        if type(one).__name__ == "LearningRateScheduler":
            one = copy.copy(one)
            one.schedule = _times(one.schedule, factor)
        out.append(one)
    return tuple(out)


def _times(schedule: Callable[..., float], factor: float) -> Callable[..., float]:
    def times(epoch: int, rate: float | None = None) -> float:
        if rate is None:
            return schedule(epoch) * factor
        return schedule(epoch, rate / factor) * factor

    return times
