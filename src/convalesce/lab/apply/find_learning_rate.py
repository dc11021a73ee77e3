"""The rate that a confirmed range test finds, from the weights that the training begins with."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from convalesce import core
from convalesce.lab.rig import rigged
from convalesce.lab.schedules import peak
from convalesce.lab.setting import Setting, optimizer_like
from convalesce.lab.tools.find_learning_rate import found_on

SHARE = 16  # a short training takes so small a part of the whole
SHORTEST, LONGEST = 20, 60  # steps of it
RANGE_STEPS = 60
SEEDS = (0, 1)


def apply(change: core.FindLearningRate, setting: Setting) -> Setting:  # noqa: ARG001
    """The setting at the rate found when its first arm begins; later arms take the same one.

    Schedules end, since the rate is found for a constant one; ReduceLROnPlateau goes on from it.
    """
    optimizer = setting.compiled.get("optimizer")
    if optimizer is None:
        raise core.CannotChange("the model was compiled without an optimizer")
    whole = setting.epochs * setting.steps_per_epoch
    present = peak(optimizer, whole) * setting.rate
    constant = optimizer_like(optimizer, learning_rate=present)
    steps = min(LONGEST, max(SHORTEST, whole // SHARE))
    found: list[float] = []

    def begins(model: Any) -> None:
        if not found:
            found.append(_found(model, setting, present, steps))
        model.optimizer.learning_rate = found[0]

    kept = tuple(c for c in setting.callbacks if type(c).__name__ != "LearningRateScheduler")
    changed = setting.compile_with(optimizer=constant)
    return replace(changed, rate=1.0, callbacks=kept, begins=(*setting.begins, begins))


def _found(model: Any, setting: Setting, present: float, steps: int) -> float:
    rates = np.geomspace(present / 1e4, max(present * 1e3, 1.0), RANGE_STEPS).tolist()
    try:
        with rigged(model, setting.train, class_weight=setting.class_weight) as rig:
            result = found_on(rig, rates, present, steps=steps, seeds=SEEDS)
    except ValueError as error:
        raise core.CannotChange(str(error)) from error
    if not result.rate > 0:
        raise core.CannotChange(result.why)
    return result.rate
