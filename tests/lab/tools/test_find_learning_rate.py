from __future__ import annotations

import math
import random
from typing import Any

import keras
import numpy as np
import pytest

import convalesce
from convalesce import core
from convalesce.lab.apply import apply
from convalesce.lab.setting import Setting
from convalesce.observe.kept import Rows
from tests.lab.tools.nets import X, Y, net

QUICK: dict[str, Any] = {"range_steps": 40, "trial_steps": 15}


def test_a_rate_is_found_from_one_far_too_high_and_the_model_is_left_as_it_was() -> None:
    optimizer = keras.optimizers.SGD(50.0, momentum=0.9)
    model = net(optimizer)
    model.fit(X[:32], Y[:32], verbose=0, epochs=0)
    weights = [v.numpy() for v in model.weights]
    slots = [v.numpy() for v in optimizer.variables]
    random.seed(1)
    np.random.seed(1)  # noqa: NPY002 - the state that users draw from
    keras.utils.set_random_seed(1)
    before = random.getstate(), np.random.get_state()[1].copy()  # noqa: NPY002
    found = convalesce.find_learning_rate(model, X, Y, **QUICK)
    assert 1e-3 < found.rate < 2
    assert found.low <= found.rate <= found.high
    assert 3 <= len(found.trials) <= 8
    assert len(found.estimates) >= 2
    assert f"{found.rate:.3g}: the range test suggests" in str(found)
    assert model.optimizer is optimizer
    assert float(optimizer.learning_rate) == 50.0
    for old, new in zip(weights, model.weights, strict=True):
        assert np.array_equal(old, new.numpy())
    for old, new in zip(slots, optimizer.variables, strict=True):
        assert np.array_equal(old, new.numpy())
    assert random.getstate() == before[0]
    assert np.array_equal(np.random.get_state()[1], before[1])  # noqa: NPY002
    model.optimizer.learning_rate = found.rate
    history = model.fit(X, Y, epochs=2, verbose=0)
    assert history.history["loss"][-1] < history.history["loss"][0]


def test_inputs_that_are_nan_give_no_rate_and_the_reason() -> None:
    found = convalesce.find_learning_rate(net(), X * np.nan, Y, **QUICK)
    assert math.isnan(found.rate)
    assert "the loss was not finite in short trainings at any of" in found.why


def test_a_data_set_of_batches_serves_as_well() -> None:
    import tensorflow as tf

    data = tf.data.Dataset.from_tensor_slices((X, Y)).batch(32, drop_remainder=True)
    found = convalesce.find_learning_rate(net(), data, **QUICK)
    assert 1e-4 < found.rate < 1


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"model": keras.Sequential([keras.layers.Dense(1)])}, "has no weights yet"),
        (
            {"model": keras.Sequential([keras.layers.Input((2,)), keras.layers.Dense(1)])},
            "not compiled",
        ),
        ({"lowest": 1.0, "highest": 0.1}, "0 < lowest < highest is expected"),
        ({"seeds": (0,)}, "1 seeds; 10, 3 and 2 at the least"),
        ({"y": None}, "x is an array and y is missing"),
        ({"x": 3, "y": None}, "x is of type int; arrays or batches"),
    ],
)
def test_what_does_not_fit_is_said(change: dict[str, Any], says: str) -> None:
    given = {"model": None, "x": X, "y": Y, **change}
    if given["model"] is None:
        given["model"] = net()
    with pytest.raises(ValueError, match=says):
        convalesce.find_learning_rate(**given)


def test_the_change_sets_the_rate_when_training_begins_and_searches_once() -> None:
    model = net(keras.optimizers.SGD(keras.optimizers.schedules.CosineDecay(80.0, 100)))
    rows = Rows(x=X, y=Y)
    setting = Setting(
        model=model,
        compiled={"optimizer": model.optimizer, "loss": model.loss},
        train=rows,
        judged=rows,
        epochs=2,
        original=core.Signals({}),
    )
    made = apply(core.FindLearningRate(), setting)
    assert made.recompiled
    model.compile(made.compiled["optimizer"], model.loss)
    weights = [v.numpy() for v in model.weights]
    (begins,) = made.begins
    begins(model)
    rate = float(model.optimizer.learning_rate)
    assert 1e-3 < rate < 5
    for old, new in zip(weights, model.weights, strict=True):
        assert np.array_equal(old, new.numpy())
    model.optimizer.learning_rate = 7.0
    begins(model)
    assert float(model.optimizer.learning_rate) == pytest.approx(rate)
