"""SageMaker Debugger's rules, one record each."""

import numpy as np
import pytest

from benchmarks.diagnosis.rivals.sagemaker import RULES, say
from convalesce import core
from tests.benchmarks.diagnosis.rivals.training import (
    EPOCHS,
    STEPS,
    answers,
    data,
    history,
    model,
    spoilt,
    training,
    wave,
)

FALL = 1.0 / np.arange(1, EPOCHS + 1)
KERNEL = "/kernel"
BLURRED = ((70, 30, 0, 0), (0, 97, 3, 0), (0, 0, 97, 3), (0, 0, 3, 97))
LEFT_OUT = ((97, 1, 1, 1), (1, 97, 1, 1), (1, 1, 97, 1), (80, 0, 0, 20))
SICK = {
    "ExplodingTensor": spoilt(core.GRADIENT_NONFINITE, "conv", 1.0, KERNEL),
    "WeightUpdateRatio too large": spoilt(core.UPDATE_RATIO, "conv", 11.0, KERNEL),
    "DeadRelu": spoilt(core.DEAD_UNITS, "hidden", 0.6),
    "VanishingGradient": spoilt(core.GRADIENT_NORM, "conv", 1e-8, KERNEL),
    "SaturatedActivation": {
        core.MODEL: model(hidden={"activation": "tanh"}),
        **spoilt(core.ACTIVATION_SATURATED_SHARE, "hidden", 1.0),
    },
    "AllZero": spoilt(core.GRADIENT_ZERO_SHARE, "hidden", 1.0, KERNEL),
    "WeightUpdateRatio too small": spoilt(core.UPDATE_RATIO, "conv", 1e-9, KERNEL),
    "UnchangedTensor": spoilt(core.WEIGHT_NORM, "hidden", 2.0, KERNEL),
    "PoorWeightInitialization": {
        **spoilt(core.ACTIVATION_STD, "conv", 50.0),
        core.LOSS: np.r_[np.linspace(1, 2, 10), wave(1.0, STEPS - 10)],
    },
    "ClassImbalance": {core.TRAIN: data(counts=(900, 40, 40, 20))},
    "Overtraining": {
        core.HISTORY: history(
            loss=np.linspace(1, 0.9, 20), val_loss=np.linspace(0.99, 0.9, 20), accuracy=[0.9] * 20
        )
    },
    "Overfit": {core.HISTORY: history(val_loss=FALL * 1.2)},
    "Confusion": {core.VALIDATION_ANSWERS: answers("validation", BLURRED)},
    "LossNotDecreasing": {
        core.HISTORY: history(loss=[1, 1.03, *FALL[2:]], val_loss=[1, 1.03, *FALL[2:]])
    },
}


@pytest.mark.parametrize("rule", SICK)
def test_each_rule_has_its_record(rule: str) -> None:
    assert [claim.says for claim in say(training(SICK[rule]))] == [rule]


def test_no_rule_is_without_a_record() -> None:
    assert SICK.keys() == RULES.keys()


def test_a_class_that_is_mostly_missed_is_an_imbalance() -> None:
    missed = {core.TRAIN_ANSWERS: answers("train", LEFT_OUT)}
    assert [claim.says for claim in say(training(missed))] == ["ClassImbalance"]


def test_few_labels_are_not_judged() -> None:
    assert say(training({core.TRAIN: data(counts=(400, 20))})) == ()


def test_a_loss_is_compared_over_ten_steps_at_least() -> None:
    values = [1, 1.03, *FALL[2:]]
    short = core.History(
        metrics={"loss": tuple(values), "val_loss": tuple(values)}, planned=EPOCHS, steps=50
    )
    assert say(training({core.HISTORY: short})) == ()
