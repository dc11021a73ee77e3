"""Instruments put to an observed fit."""

from __future__ import annotations

from convalesce import core
from convalesce.lab.bench import KerasLab
from convalesce.lab.instruments.learning_curve import Course
from convalesce.lab.instruments.learning_curve import learning_curve as curve_of
from convalesce.lab.instruments.noise_scale import noise_scale as noise_of

LONGEST = 400  # updates of each training of a learning curve


def noise_scale(lab: KerasLab, fit: int) -> core.NoiseScale:
    """How many examples an update must average at the end of a fit: where noise weighs most.

    Raises:
        core.CannotChange: It can't be asked for; the message says why.
    """
    with lab.standing(fit, after=True) as setting:
        return noise_of(setting.model, setting.train)


def learning_curve(lab: KerasLab, fit: int) -> core.LearningCurve:
    """How the validation loss of a fit falls with the number of its examples.

    Raises:
        core.CannotChange: There is no validation, or too few examples.
    """
    with lab.standing(fit) as setting:
        if setting.validation is None:
            raise core.CannotChange("there are no validation examples")
        steps = min(LONGEST, setting.epochs * setting.steps_per_epoch)
        course = Course(steps=steps, form=setting.form)
        return curve_of(setting.model, setting.train, setting.validation, course)
