"""Learning-rate schedules that experiments put in place of the user's."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from convalesce import core


def fixed(optimizer: Any) -> bool:
    """Its rate is a number that can be set, not a schedule."""
    inner = getattr(optimizer, "inner_optimizer", optimizer)
    return hasattr(getattr(inner, "_learning_rate", None), "assign")


def schedule_of(optimizer: Any) -> Any:
    """The schedule or the rate of an optimizer."""
    inner = getattr(optimizer, "inner_optimizer", optimizer)
    held = getattr(inner, "_learning_rate", None)
    return float(inner.learning_rate) if hasattr(held, "assign") else held


def peak(optimizer: Any, steps: int) -> float:
    """Highest rate over a training of `steps` updates."""
    held = schedule_of(optimizer)
    if isinstance(held, float):
        return held
    points = {0, *(int(steps * share / 8) for share in range(9))}
    try:
        return max(float(held(point)) for point in points)
    except Exception as error:
        raise core.CannotChange(f"the schedule can't be read: {error}") from error


def highest(optimizer: Any, callbacks: Iterable[Any], steps: int, epochs: int) -> float:
    """Highest rate over a training, where a LearningRateScheduler of its may set it.

    Raises:
        core.CannotChange: The schedule can't be read.
    """
    rate = peak(optimizer, steps)
    for callback in callbacks:
        if type(callback).__name__ == "LearningRateScheduler":
            rate = max(_planned(callback.schedule, rate, epochs), default=rate)
    return rate


def _planned(schedule: Callable[..., Any], rate: float, epochs: int) -> list[float]:
    """Rates that a schedule by epochs gives, each from the one before, as Keras asks for them."""
    planned: list[float] = []
    for epoch in range(epochs):
        try:
            try:
                rate = float(schedule(epoch, rate))
            except TypeError:
                rate = float(schedule(epoch))
        except Exception as error:
            raise core.CannotChange(f"the schedule of the script can't be read: {error}") from error
        planned.append(rate)
    return planned


def make_scaled(schedule: Any, factor: float) -> Any:
    """A schedule times a factor."""
    import keras

    class Scaled(keras.optimizers.schedules.LearningRateSchedule):  # type: ignore[misc]
        def __call__(self, step: Any) -> Any:
            return schedule(step) * factor

        def get_config(self) -> dict[str, Any]:
            return {}

        @classmethod
        def from_config(cls, _: dict[str, Any]) -> Any:
            return cls()

    return Scaled()


def make_warmed(rate: Any, steps: int) -> Any:
    """A rate or schedule, raised linearly from zero over its first `steps` updates."""
    import keras

    class Warmed(keras.optimizers.schedules.LearningRateSchedule):  # type: ignore[misc]
        def __call__(self, step: Any) -> Any:
            full = rate(step) if callable(rate) else rate
            part = keras.ops.cast(step + 1, "float32") / float(max(1, steps))
            return full * keras.ops.minimum(1.0, part)

        def get_config(self) -> dict[str, Any]:
            return {}

        @classmethod
        def from_config(cls, _: dict[str, Any]) -> Any:
            return cls()

    return Warmed()
