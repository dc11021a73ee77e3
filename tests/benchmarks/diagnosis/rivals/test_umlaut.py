"""UMLAUT's messages, one record each."""

import numpy as np
import pytest

from benchmarks.diagnosis.rivals.umlaut import say
from convalesce import core
from tests.benchmarks.diagnosis.rivals.training import (
    EPOCHS,
    STEPS,
    data,
    history,
    model,
    setup,
    training,
)

FALL = np.linspace(1, 0.2, EPOCHS)
SICK = {
    "Critical: Missing Softmax layer before loss": {
        core.MODEL: model(head={"activation": "linear"})
    },
    "Critical: Missing activation functions": {core.MODEL: model(hidden={"activation": "linear"})},
    "Critical: NaN in input": {
        core.TRAIN: data(nonfinite=3),
        core.HISTORY: history(loss=[np.nan] * EPOCHS),
    },
    "Error: NaN in loss": {core.HISTORY: history(loss=[np.nan] * EPOCHS)},
    "Error: Image data may have incorrect shape": {core.TRAIN: data(shape=(10, 12, 1))},
    "Error: Input data exceeds typical limits": {core.TRAIN: data(high=255.0)},
    "Warning: Last model layer has nonlinear activation": {
        core.MODEL: model(
            hidden={"activation": "relu"},
            head={"kind": "Softmax", "kernel_shape": (), "parameters": 0},
        )
    },
    "Warning: High dropout rate": {core.MODEL: model(hidden={"rate": 0.6})},
    "Warning: Learning Rate is high": {core.LEARNING_RATE: np.full(STEPS, 0.02)},
    "Warning: Learning Rate is low": {core.LEARNING_RATE: np.full(STEPS, 1e-8)},
    "Warning: Possible overfitting": {core.HISTORY: history(loss=FALL, val_loss=[*FALL[:-1], 0.3])},
    "Warning: Check validation accuracy": {
        core.HISTORY: history(val_accuracy=np.linspace(0.5, 0.97, EPOCHS))
    },
}


@pytest.mark.parametrize("title", SICK)
def test_each_message_has_its_record(title: str) -> None:
    assert [claim.says for claim in say(training(SICK[title]))] == [title]


def test_the_most_severe_message_stands_first() -> None:
    both = SICK["Warning: High dropout rate"] | SICK["Error: Input data exceeds typical limits"]
    said = [claim.says for claim in say(training(both))]
    assert said == ["Error: Input data exceeds typical limits", "Warning: High dropout rate"]


def test_token_ids_may_be_large() -> None:
    assert say(training({core.TRAIN: data(high=9999.0, kind="tokens", shape=(40,))})) == ()


def test_a_dropout_rate_of_a_half_is_not_high() -> None:
    assert say(training({core.MODEL: model(hidden={"rate": 0.5})})) == ()


def test_a_sigmoid_suits_binary_cross_entropy_and_no_categorical_one() -> None:
    sigmoid = model(head={"activation": "sigmoid"})
    fits = training({core.MODEL: sigmoid, core.SETUP: setup("binary_crossentropy")})
    assert say(fits) == ()
    assert say(training({core.MODEL: sigmoid}))[0].names(["arch.output_activation"])


def test_the_rate_of_the_setup_counts_where_none_was_seen() -> None:
    unseen = {core.LEARNING_RATE: np.full(STEPS, np.nan), core.SETUP: setup(rate=0.5)}
    assert [claim.says for claim in say(training(unseen))] == ["Warning: Learning Rate is high"]


def test_early_epochs_may_validate_better_than_they_train() -> None:
    early = [0.9, 0.9, 0.9, *[0.5] * (EPOCHS - 3)]
    assert say(training({core.HISTORY: history(val_accuracy=early)})) == ()
