"""Another schedule, from the rate that training began with."""

from __future__ import annotations

from dataclasses import replace

from convalesce import core
from convalesce.lab.schedules import peak
from convalesce.lab.setting import Setting, optimizer_like

RATE_SETTERS = ("schedule", "cooldown_counter")  # what callbacks that set the rate hold


def apply(change: core.SetSchedule, setting: Setting) -> Setting:
    """The setting with the rate constant, in a cosine to zero, or lowered on each plateau."""
    import keras

    optimizer = setting.compiled.get("optimizer")
    if optimizer is None:
        raise core.CannotChange("the model was compiled without an optimizer")
    steps = setting.epochs * setting.steps_per_epoch
    rate = peak(optimizer, steps) * setting.rate
    for callback in setting.callbacks:
        if type(callback).__name__ == "LearningRateScheduler":
            rate = max(rate, _first(callback))
    kept = tuple(c for c in setting.callbacks if not any(hasattr(c, a) for a in RATE_SETTERS))
    scheduled = rate
    if change.name == "cosine":
        scheduled = keras.optimizers.schedules.CosineDecay(rate, steps)
    elif change.name == "plateau":
        follows = "val_loss" if setting.validation is not None else "loss"
        lowered = keras.callbacks.ReduceLROnPlateau(
            monitor=follows, factor=change.factor, patience=change.waits(setting.epochs)
        )
        kept = (*kept, lowered)
    changed = setting.compile_with(optimizer=optimizer_like(optimizer, learning_rate=scheduled))
    return replace(changed, callbacks=kept, rate=1.0)


def _first(callback: object) -> float:
    schedule = getattr(callback, "schedule", None)
    if schedule is None:
        return 0.0
    try:
        return float(schedule(0, 0.0))
    except TypeError:
        return float(schedule(0))
    except Exception as error:
        raise core.CannotChange(f"the schedule of the script can't be read: {error}") from error
