"""Instruments put to an observed fit."""

from __future__ import annotations

import math
from dataclasses import replace

from convalesce import core
from convalesce.lab.bench import KerasLab
from convalesce.lab.instruments.learning_curve import SHARES, Course
from convalesce.lab.instruments.learning_curve import learning_curve as curve_of
from convalesce.lab.instruments.noise_scale import noise_scale as noise_of

SEEDS = 2  # trainings at each size of a learning curve
SHORTEST = 100  # updates: shorter trainings say nothing of what more data bring
FEWEST_LOOKS, MOST_LOOKS = 5, 20  # at the validation loss of each, else one an epoch


def noise_scale(lab: KerasLab, fit: int) -> core.NoiseScale:
    """How many examples an update must average at the end of a fit: where noise weighs most.

    Raises:
        core.CannotChange: It can't be asked for; the message says why.
    """
    with lab.standing(fit, after=True) as setting:
        return noise_of(setting.model, setting.train)


def learning_curve(lab: KerasLab, fit: int, seconds: float = math.inf) -> core.LearningCurve:
    """How the validation loss of a fit falls with the number of its examples.

    Each training is as long as the observed one, or shorter where they would take too long.

    Args:
        lab: Open.
        fit: Index of the fit.
        seconds: That all of them may take.

    Raises:
        core.CannotChange: There is no validation, or too few examples.
        core.OutOfTime: There is no time for trainings that would say something.
    """
    each = lab.reach(fit).seconds_a_step
    with lab.standing(fit) as setting:
        if setting.validation is None:
            raise core.CannotChange("there are no validation examples")
        history = setting.original.recorded.get(core.HISTORY)
        made = history.steps if isinstance(history, core.History) else 0
        whole = made or setting.epochs * setting.steps_per_epoch
        steps = length(whole, seconds, each * SEEDS * len(SHARES))
        looks = min(MOST_LOOKS, max(FEWEST_LOOKS, steps // setting.steps_per_epoch))
        course = Course(steps=steps, seeds=SEEDS, looks=looks, form=setting.form)
        found = curve_of(setting.model, setting.train, setting.validation, course)
    return replace(found, whole=whole)


def length(whole: int, seconds: float, a_step: float) -> int:
    """Updates of each training: as many as the observed one made, or as there is time for.

    Args:
        whole: Updates of the observed training.
        seconds: For all trainings.
        a_step: Seconds that one update of every training takes together.

    Raises:
        core.OutOfTime: Only a few would be made.
    """
    if not a_step > 0 or seconds / a_step >= whole:
        return whole
    most = int(max(0.0, seconds) / a_step)
    if most < SHORTEST:
        raise core.OutOfTime(
            f"there is time for {most} updates of each training; {SHORTEST} of the "
            f"{whole} of a whole one are the least that says something"
        )
    return most
