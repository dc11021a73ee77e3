"""Arms trained by processes of a real Ray are the arms trained here, bit by bit."""

from __future__ import annotations

import math
import os
import signal
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytest.importorskip("keras")
pytest.importorskip("ray")

import keras
import tensorflow as tf
from sklearn.datasets import load_digits

from convalesce import core
from convalesce.lab import KerasLab
from convalesce.lab.crew import Alone, crew_of
from convalesce.lab.ray.cluster import Machines, connected
from convalesce.lab.ray.crew import RayCrew
from convalesce.observe.fit import Course
from convalesce.observe.options import Options
from convalesce.observe.shelf import Shelf

pytestmark = [
    pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning"),
    pytest.mark.filterwarnings("ignore:`shuffle=True` was passed:UserWarning"),
    pytest.mark.filterwarnings("ignore::ResourceWarning"),  # Ray's own processes
    pytest.mark.filterwarnings("ignore::DeprecationWarning:ray"),
]
WORKERS = 2
DIGITS = load_digits()
X = (DIGITS.images[..., None] / 16.0).astype("float32")
Y = DIGITS.target.astype("int64")
CONTROL = core.Arm()
ARMS = (
    CONTROL,
    core.Arm(seed=1),
    core.Arm(changes=(core.SetLearningRate(0.02),)),
    core.Arm(changes=(core.InsertBatchNormalization(),)),
    core.Arm(changes=(core.ScaleWidth(2.0), core.SetOptimizer("Adam"), core.SetBatchSize(16))),
)


@pytest.fixture(scope="module", autouse=True)
def ray() -> Iterator[None]:
    with connected(Machines(workers=WORKERS)) as workers:
        assert workers == WORKERS
        yield


@keras.saving.register_keras_serializable("tests")
class Halved(keras.layers.Layer):  # type: ignore[misc]
    """A layer of the user's own."""

    def call(self, x: Any) -> Any:
        return x * 0.5


class Own(keras.Model):  # type: ignore[misc]
    """A model whose own code makes the calls."""

    def __init__(self) -> None:
        super().__init__()
        self.parts = [keras.layers.Flatten(), keras.layers.Dense(16), keras.layers.Dropout(0.2)]
        self.head = keras.layers.Dense(10, activation="softmax")

    def call(self, x: Any, training: bool = False) -> Any:
        for part in self.parts:
            x = part(x)
        return self.head(tf.nn.relu(x))


def cnn() -> Any:
    keras.utils.set_random_seed(1)
    return keras.Sequential(
        [
            keras.Input((8, 8, 1)),
            keras.layers.Conv2D(8, 3, activation="relu"),
            Halved(),
            keras.layers.Flatten(),
            keras.layers.Dropout(0.3),
            keras.layers.Dense(10, activation="softmax"),
        ]
    )


def trained(model: Any, **given: Any) -> KerasLab:
    model.compile(
        keras.optimizers.SGD(0.05, momentum=0.9),
        keras.losses.SparseCategoricalCrossentropy(),
        metrics=["accuracy"],
    )
    shelf = Shelf()
    course = Course(Options(every=0, shelf=shelf))
    arguments = {"x": X[:480], "y": Y[:480], "validation_data": (X[480:640], Y[480:640])}
    arguments |= {"epochs": 2, "batch_size": 32, "verbose": 0, **given}
    course.fit(type(model).fit, model, (), arguments, None)
    return KerasLab(shelf, tuple(course.fits))


def figures(trained: core.Trained) -> Any:
    """All that an arm showed, to be compared bit by bit."""
    assert isinstance(trained, core.Signals), trained
    history = trained[core.HISTORY]
    answers = trained[core.VALIDATION_ANSWERS]
    return dict(history.metrics), history.reached, answers.loss, answers.confusion


def both(lab: KerasLab, arms: tuple[core.Arm, ...]) -> tuple[list[Any], list[Any]]:
    """What arms show here, and what they show on Ray, in their order."""
    told: list[str] = []
    with lab.open():
        with crew_of(lab, 0, Machines(workers=WORKERS), told.append) as crew:
            assert told == []
            assert crew.width == WORKERS
            there = dict(crew.train(0, arms, seconds=300))
        here = dict(Alone(lab).train(0, arms, seconds=300))
    assert sorted(there) == list(range(len(arms)))
    return [here[i] for i in range(len(arms))], [there[i] for i in range(len(arms))]


def test_arms_of_a_cnn_are_equal_here_and_there() -> None:
    here, there = both(trained(cnn()), ARMS)
    assert [figures(t) for t in there] == [figures(t) for t in here]
    assert len({str(figures(t)) for t in here}) == len(ARMS)
