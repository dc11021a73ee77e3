"""Keeping a fit for experiments leaves no trace on it."""

from __future__ import annotations

import random
from typing import Any

import numpy as np
import pytest

keras = pytest.importorskip("keras")

from convalesce.observe.fit import Course  # noqa: E402
from convalesce.observe.options import Options  # noqa: E402
from convalesce.observe.shelf import Shelf  # noqa: E402

X = np.random.default_rng(0).normal(size=(64, 5)).astype("float32")
Y = (X[:, 0] > 0).astype("float32")


def batches() -> Any:
    drawn = np.random.default_rng(1)
    while True:
        rows = drawn.integers(0, 64, 16)
        yield X[rows], Y[rows]


SOURCES: dict[str, Any] = {
    "arrays": lambda: {"x": X, "y": Y, "batch_size": 16},
    "generator": lambda: {"x": batches(), "steps_per_epoch": 4, "shuffle": False},
}


def trained(source: str, shelf: Shelf | None) -> list[Any]:
    """Everything that training leaves, by Keras alone or observed with a shelf."""
    keras.utils.set_random_seed(3)
    model = keras.Sequential(
        [keras.Input((5,)), keras.layers.Dropout(0.2), keras.layers.Dense(1, "sigmoid")]
    )
    model.compile("adam", "binary_crossentropy")
    arguments = {**SOURCES[source](), "epochs": 3, "verbose": 0}
    if shelf is None:
        history = model.fit(**arguments)
    else:
        course = Course(Options(shelf=shelf))
        history = course.fit(type(model).fit, model, (), arguments, None)
        assert not [*course.remarks, *course.fits[0].remarks]
        assert shelf.kept[0].after is not None
    left = [v.numpy() for v in (*model.variables, *model.optimizer.variables)]
    drawn = [random.random(), np.random.random(), keras.random.uniform((2,)).numpy()]  # noqa: NPY002, S311
    return [*left, history.history["loss"], *drawn]


@pytest.mark.parametrize("source", SOURCES)
def test_weights_history_and_random_state_are_the_same_with_a_shelf(source: str) -> None:
    alone, kept = trained(source, None), trained(source, Shelf())
    for expected, came in zip(alone, kept, strict=True):
        np.testing.assert_array_equal(came, expected)
