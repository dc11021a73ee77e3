"""Ending a training early, only ever where the person asked for it."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

keras = pytest.importorskip("keras")

from convalesce import core  # noqa: E402
from convalesce.observe.fit import Course  # noqa: E402
from convalesce.observe.options import Options  # noqa: E402

X = np.random.default_rng(0).normal(size=(32, 4)).astype("float32")
Y = X.sum(-1, keepdims=True)


def fit(rate: float, *, hopeless: bool, y: Any = Y) -> core.Fit:
    keras.utils.set_random_seed(1)
    model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(1)])
    model.compile(keras.optimizers.SGD(rate), "mse")
    course = Course(Options(every=0, hopeless=hopeless))
    arguments = {"x": X, "y": y, "epochs": 8, "verbose": 0}
    course.fit(type(model).fit, model, (), arguments, None)
    return course.fits[0]


def test_a_loss_that_is_no_number_ends_the_training_and_that_is_said() -> None:
    found = fit(0.01, hopeless=True, y=np.full_like(Y, np.nan))
    assert found.signals[core.HISTORY].epochs == 1
    assert any("--stop-when-hopeless asks: its loss is no number" in r for r in found.remarks)


def test_a_loss_that_has_not_fallen_by_half_of_the_epochs_ends_it() -> None:
    found = fit(0.0, hopeless=True)
    assert found.signals[core.HISTORY].epochs == 4
    assert any("its loss has not fallen" in r for r in found.remarks)


def test_a_training_that_learns_runs_to_its_end() -> None:
    assert fit(0.05, hopeless=True).signals[core.HISTORY].epochs == 8


def test_unasked_nothing_is_ended() -> None:
    assert fit(0.0, hopeless=False).signals[core.HISTORY].epochs == 8
