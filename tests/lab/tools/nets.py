"""A small net on scikit-learn's digits, for tools that train."""

from __future__ import annotations

from typing import Any

import keras
from sklearn.datasets import load_digits

DIGITS = load_digits()
X = (DIGITS.images[:640, ..., None] / 16).astype("float32")
Y = DIGITS.target[:640]


def net(optimizer: Any = "adam", units: int = 16) -> Any:
    keras.utils.set_random_seed(0)
    model = keras.Sequential(
        [
            keras.layers.Input((8, 8, 1)),
            keras.layers.Flatten(),
            keras.layers.Dense(units, activation="relu"),
            keras.layers.Dropout(0.1),
            keras.layers.Dense(10, activation="softmax"),
        ]
    )
    model.compile(optimizer, "sparse_categorical_crossentropy", metrics=["accuracy"])
    return model
