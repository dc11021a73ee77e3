"""Tiny nets and data, and what must not have changed after an instrument was used."""

from __future__ import annotations

import random
from typing import Any

import keras
import numpy as np
from tensorflow.python.eager import context

from convalesce.observe.kept import Rows

layers = keras.layers


def images(count: int = 64, classes: int = 3, seed: int = 0, spread: float = 0.3) -> Rows:
    """Noisy copies of one random picture a class."""
    rng = np.random.default_rng(seed)
    y = np.arange(count) % classes
    x = rng.random((classes, 6, 6, 1))[y] + spread * rng.standard_normal((count, 6, 6, 1))
    return Rows(x=x.astype(np.float32), y=y, batch=16)


def convolution(optimizer: Any = None, *, dropout: float = 0.3) -> Any:
    """Conv, BatchNormalization, Dropout; compiled and not yet trained."""
    keras.utils.set_random_seed(3)
    model = keras.Sequential(
        [
            keras.Input((6, 6, 1)),
            layers.Conv2D(4, 3),
            layers.BatchNormalization(),
            layers.ReLU(),
            layers.Dropout(dropout),
            layers.Flatten(),
            layers.Dense(3, activation="softmax"),
        ]
    )
    model.compile(
        optimizer or keras.optimizers.Adam(0.01),
        "sparse_categorical_crossentropy",
        metrics=["accuracy"],
    )
    return model


def dense(units: int = 3, optimizer: Any = None, *, seed: int = 4) -> Any:
    """Two inputs, tanh, one output, squared error."""
    keras.utils.set_random_seed(seed)
    model = keras.Sequential(
        [keras.Input((2,)), layers.Dense(units, activation="tanh"), layers.Dense(1)]
    )
    model.compile(optimizer or keras.optimizers.SGD(0.1), "mse")
    return model


def numbers(count: int = 40, seed: int = 0) -> Rows:
    """Two inputs and a target that they make up."""
    rng = np.random.default_rng(seed)
    x = rng.standard_normal((count, 2)).astype(np.float32)
    return Rows(x=x, y=(x[:, :1] * x[:, 1:] + x[:, :1]).astype(np.float32), batch=16)


def fingerprint(model: Any) -> list[Any]:
    """All that an instrument has to leave as it found it."""
    optimizer = model.optimizer.variables if model.optimizer.built else []
    kept = [*model.variables, *optimizer, *model.metrics_variables]
    eager = getattr(context.context(), "_rng", None)
    return [
        *(v.numpy().tobytes() for v in kept),
        model.optimizer,
        model.train_function,
        model.test_function,
        [layer.trainable for layer in model._flatten_layers()],
        ["call" in vars(layer) for layer in model._flatten_layers()],
        random.getstate(),
        repr(np.random.get_state()),  # noqa: NPY002
        None if eager is None else eager.getstate(),
    ]
