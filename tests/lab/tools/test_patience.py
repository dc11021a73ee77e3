from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import convalesce
from convalesce.lab.tools.patience import patience, read_wait


def course(noise: float, epochs: int = 40, seed: int = 0) -> list[float]:
    draw = np.random.default_rng(seed)
    return (1 / np.arange(1, epochs + 1) ** 0.5 + draw.normal(0, noise, epochs)).tolist()


def test_a_smooth_curve_needs_the_least_patience() -> None:
    stop = convalesce.early_stopping({"val_loss": course(0)})
    assert (stop.patience, stop.restore_best_weights, stop.monitor) == (3, True, "val_loss")


def test_a_noisy_curve_needs_more_patience_than_a_smooth_one() -> None:
    assert convalesce.early_stopping({"val_loss": course(0.05)}).patience > 6


@given(st.lists(st.floats(0, 10), min_size=5, max_size=80))
def test_the_training_that_was_seen_would_not_have_been_stopped_before_its_best(
    losses: list[float],
) -> None:
    wait = read_wait({"val_loss": losses}, "val_loss")
    best, waited = losses[0], 0
    for loss in losses[: int(np.argmin(losses)) + 1]:
        waited = 0 if loss <= best else waited + 1
        best = min(best, loss)
        assert waited < max(patience(wait), 1) or patience(wait) == 50


def test_for_accuracies_higher_is_better() -> None:
    rising = [1 - v for v in course(0.02)]
    stop = convalesce.early_stopping(
        SimpleNamespace(history={"val_accuracy": rising}), "val_accuracy"
    )
    assert stop.mode == "max"
    falling = convalesce.early_stopping({"val_loss": course(0.02)})
    assert stop.patience == falling.patience


def test_noise_is_read_without_the_course() -> None:
    wait = read_wait({"loss": course(0.03, 400)}, "loss")
    assert wait.noise == pytest.approx(0.03, rel=0.2)


def test_a_plateau_is_acted_on_before_training_is_stopped() -> None:
    curves = {"val_loss": course(0.03)}
    plateau, stop = convalesce.reduce_on_plateau(curves), convalesce.early_stopping(curves)
    assert 2 <= plateau.patience <= stop.patience / 2
    assert plateau.min_delta > 0
    assert plateau.cooldown == plateau.patience


def test_settings_of_one_s_own_come_first() -> None:
    assert convalesce.early_stopping({"loss": course(0)}, "loss", patience=9).patience == 9
    assert convalesce.reduce_on_plateau({"loss": course(0)}, "loss", factor=0.5).factor == 0.5


@pytest.mark.parametrize(
    ("history", "says"),
    [
        ({"loss": course(0)}, "the history has no val_loss; there are loss"),
        ({"val_loss": [1.0, 0.9]}, "val_loss has 2 finite values; 5 at the least"),
        ({"val_loss": [np.nan] * 9}, "val_loss has 0 finite values"),
        ([1, 2], "history is of type list"),
    ],
)
def test_what_does_not_fit_is_said(history: object, says: str) -> None:
    with pytest.raises(ValueError, match=says):
        convalesce.early_stopping(history)
