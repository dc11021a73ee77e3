"""The phases that DeepLocalize tells apart."""

import numpy as np
import pytest

from benchmarks.diagnosis.rivals.deeplocalize import say
from convalesce import core
from tests.benchmarks.diagnosis.rivals.training import (
    ACTIVE,
    STEPS,
    history,
    model,
    spoilt,
    training,
)

SICK = {
    "a layer is lost": ("Error in forward", spoilt(core.ACTIVATION_NONFINITE, "conv", 2.0)),
    "a layer is zero": ("Error in forward", spoilt(core.ACTIVATION_MEAN, "hidden", 0.0)),
    "a layer stays": ("Error in forward", spoilt(core.ACTIVATION_MEAN, "hidden", 0.4)),
    "weights lost": ("Error in Weights", spoilt(core.WEIGHT_NORM, "conv", np.inf, "/kernel")),
    "weights stay": ("Error in Weights", spoilt(core.WEIGHT_NORM, "head", 2.0, "/kernel")),
    "frozen": ("Error in Weights", {core.MODEL: model(hidden={"trainable_parameters": 0})}),
    "loss lost": ("Invalid loss", {core.LOSS: np.r_[np.linspace(1, 0.5, 100), [np.nan] * 100]}),
    "loss stays": ("Model does not learn", {core.LOSS: np.full(STEPS, 2.3)}),
    "accuracy stays": (
        "Model does not learn",
        {core.HISTORY: history(accuracy=[0.1] * 10)},
    ),
    "no gradient": (
        "Error in delta Weights",
        spoilt(core.GRADIENT_NORM, "hidden", 0.0, "/kernel"),
    ),
}


@pytest.mark.parametrize("what", SICK)
def test_each_phase_has_its_record(what: str) -> None:
    phase, changes = SICK[what]
    assert [claim.says for claim in say(training(changes))] == [phase]


def test_the_mean_of_a_softmax_may_stay_as_it_is() -> None:
    assert say(training(spoilt(core.ACTIVATION_MEAN, "head", 0.25))) == ()


def test_a_convolution_whose_weights_stay_is_not_asked() -> None:
    assert say(training(spoilt(core.WEIGHT_NORM, "conv", 2.0, "/kernel"))) == ()


def test_a_layer_that_was_never_recorded_is_no_error() -> None:
    assert say(training(spoilt(core.ACTIVATION_MEAN, "conv", np.nan))) == ()


def test_the_earliest_phase_is_all_that_is_said() -> None:
    late = np.where(np.arange(STEPS) < STEPS // 2, 0.0, np.inf)
    first = spoilt(core.GRADIENT_NORM, "hidden", 0.0, "/kernel")
    both = {**first, core.ACTIVATION_NONFINITE: dict.fromkeys(ACTIVE, late)}
    assert [claim.says for claim in say(training(both))] == ["Error in delta Weights"]
