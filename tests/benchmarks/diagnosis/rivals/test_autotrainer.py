"""AUTOTRAINER's five problems, one record each."""

import numpy as np
import pytest

from benchmarks.diagnosis.rivals.autotrainer import say
from convalesce import core
from tests.benchmarks.diagnosis.rivals.training import EPOCHS, history, spoilt, training

LOW = {"accuracy": np.linspace(0.2, 0.5, EPOCHS), "val_accuracy": np.linspace(0.2, 0.5, EPOCHS)}
STILL = {"accuracy": np.full(EPOCHS, 0.3), "val_accuracy": np.full(EPOCHS, 0.3)}
GRADIENT = "/kernel"


def problems(*changes: dict) -> list[str]:
    joined = {signal: value for change in changes for signal, value in change.items()}
    return [claim.says for claim in say(training(joined))]


def test_a_gradient_that_fades_toward_the_input_vanishes() -> None:
    faded = spoilt(core.GRADIENT_NORM, "conv", 1e-5, GRADIENT)
    assert problems({core.HISTORY: history(**LOW)}, faded) == ["gradient vanish"]


def test_a_gradient_that_fades_while_accuracy_is_high_is_no_problem() -> None:
    assert problems(spoilt(core.GRADIENT_NORM, "conv", 1e-5, GRADIENT)) == []


def test_a_gradient_seventy_times_the_last_explodes() -> None:
    grown = spoilt(core.GRADIENT_NORM, "conv", 100.0, GRADIENT)
    assert problems({core.HISTORY: history(**LOW)}, grown) == ["gradient explode"]


def test_zero_gradients_in_most_entries_are_dying_relus() -> None:
    zero = spoilt(core.GRADIENT_ZERO_SHARE, "hidden", 1.0, GRADIENT)
    assert problems({core.HISTORY: history(**LOW)}, zero) == ["dying relu"]


def test_accuracy_that_does_not_move_is_slow_convergence() -> None:
    assert problems({core.HISTORY: history(**STILL)}) == ["slow convergence"]


def test_accuracy_that_swings_is_an_oscillating_loss() -> None:
    swing = {"accuracy": np.tile([0.9, 0.72], EPOCHS // 2)}
    assert problems({core.HISTORY: history(**swing)}) == ["oscillating loss"]


@pytest.mark.parametrize("value", [np.nan, np.inf, 2e5])
def test_a_loss_that_is_lost_explodes(value: float) -> None:
    loss = [1.0, *[value] * (EPOCHS - 1)]
    assert problems({core.HISTORY: history(val_loss=loss)}) == ["gradient explode"]


def test_a_problem_of_an_epoch_between_the_checks_is_found_at_the_next() -> None:
    loss = np.r_[np.linspace(1, 0.9, 8), [np.nan, np.nan]]
    assert problems({core.HISTORY: history(loss=loss)}) == ["gradient explode"]


def test_without_accuracy_only_nan_is_heard_of() -> None:
    bare = core.History(metrics={"loss": (1.0,) * EPOCHS}, planned=EPOCHS, steps=200)
    assert problems({core.HISTORY: bare}, spoilt(core.GRADIENT_NORM, "conv", 1e-5, GRADIENT)) == []
