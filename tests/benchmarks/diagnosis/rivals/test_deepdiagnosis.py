"""DeepDiagnosis's symptoms and the fixes that it picks."""

import numpy as np
import pytest

from benchmarks.diagnosis.rivals.deepdiagnosis import say
from convalesce import core
from tests.benchmarks.diagnosis.rivals.training import (
    EPOCHS,
    data,
    history,
    model,
    setup,
    spoilt,
    training,
)

TANH = model(hidden={"activation": "tanh"})
DEAD = spoilt(core.ACTIVATION_ZERO_SHARE, "hidden", 0.8)
SICK = {
    "Out of Range: change the activation function": {
        core.MODEL: model(head={"activation": "relu"})
    },
    "Numerical Error: change the activation function": spoilt(core.ACTIVATION_MEAN, "conv", 0.0),
    "Numerical Error in delta Weights of the last layer: change the activation function": spoilt(
        core.GRADIENT_NORM, "head", 0.0, "/kernel"
    ),
    "Dead Node: add dropout or missing activation": DEAD,
    "Saturated Activation: add dropout or missing activation": {
        core.MODEL: TANH,
        **spoilt(core.ACTIVATION_SATURATED_SHARE, "hidden", 0.6),
    },
    "Unchanged Tensor: change optimizer": spoilt(core.ACTIVATION_MEAN, "hidden", 0.4),
    "Invalid loss or accuracy: change optimizer": {core.HISTORY: history(loss=[np.nan] * EPOCHS)},
    "Loss or accuracy does not improve: change optimizer": {
        core.HISTORY: history(loss=[2.3] * EPOCHS)
    },
    "Vanishing Gradient: add or delete layer, or change sigmoid": spoilt(
        core.GRADIENT_NORM, "hidden", 1e-9, "/kernel"
    ),
}


@pytest.mark.parametrize("said", SICK)
def test_each_symptom_has_its_record(said: str) -> None:
    assert [claim.says for claim in say(training(SICK[said]))] == [said]


@pytest.mark.parametrize(
    ("fix", "changes"),
    [
        ("normalize the data", {core.TRAIN: data(high=255.0)}),
        ("poor weight", {core.MODEL: model(conv={"kernel_std": 5.0})}),
        ("learning rate", spoilt(core.UPDATE_RATIO, "conv", 0.2, "/kernel")),
    ],
)
def test_the_fix_follows_from_what_else_is_wrong(fix: str, changes: dict) -> None:
    (claim,) = say(training({**DEAD, **changes}))
    assert claim.says == f"Dead Node: {fix}"
    assert claim.names(["arch.dead_units"])


def test_data_are_looked_at_before_weights_where_nodes_are_dead() -> None:
    both = {core.TRAIN: data(high=255.0), core.MODEL: model(conv={"kernel_std": 5.0})}
    assert say(training({**DEAD, **both}))[0].says == "Dead Node: normalize the data"


def test_labels_outside_the_reach_of_a_sigmoid_are_out_of_range() -> None:
    far = {core.MODEL: model(head={"activation": "sigmoid"}), core.SETUP: setup("mse")}
    assert say(training(far))[0].names(["arch.output_activation"])


def test_accuracy_is_given_twenty_epochs_and_the_loss_five() -> None:
    assert say(training({core.HISTORY: history(accuracy=[0.9] * EPOCHS)})) == ()
    assert say(training({core.HISTORY: history(loss=[2.3] * 4)})) == ()


def test_the_mean_of_the_output_may_stay_as_it_is() -> None:
    assert say(training(spoilt(core.ACTIVATION_MEAN, "head", 0.25))) == ()


def test_an_output_that_is_sure_of_itself_is_not_saturated() -> None:
    sure = {
        core.MODEL: model(head={"activation": "tanh"}, hidden={"activation": "tanh"}),
        core.SETUP: setup("mean_squared_error"),
    }

    def said(name: str) -> list[str]:
        record = training({**sure, **spoilt(core.ACTIVATION_SATURATED_SHARE, name, 0.9)})
        known = {s: v for s, v in record.recorded.items() if s is not core.TRAIN}
        return [claim.says for claim in say(core.Signals(known))]

    assert said("head") == []
    assert said("hidden") == ["Saturated Activation: add dropout or missing activation"]
