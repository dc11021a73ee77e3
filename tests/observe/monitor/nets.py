"""Tiny trainings, one for each way in which Keras lets a model be written and run."""

from __future__ import annotations

import random
from collections.abc import Iterator
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from convalesce.observe.monitor import Instrument

ROWS, CLASSES = 40, 3
layers = keras.layers


class Watch(keras.callbacks.Callback):
    """Hands an instrument the moments of a fit, as the observer does."""

    async_safe = True

    def __init__(self, instrument: Instrument) -> None:
        super().__init__()
        self.instrument = instrument

    def set_model(self, model: Any) -> None:
        super().set_model(model)
        self.instrument.attach(model)

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        self.instrument.epoch_end(epoch)

    def on_train_end(self, logs: Any = None) -> None:
        self.instrument.detach()


def images() -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(5)
    return rng.random((ROWS, 8, 8, 3), np.float32), rng.integers(0, CLASSES, ROWS)


def sequences() -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(6)
    return rng.integers(0, 11, (ROWS, 6)), rng.integers(0, CLASSES, ROWS)


def compiled(model: Any, **options: Any) -> Any:
    settings: dict[str, Any] = {
        "optimizer": keras.optimizers.Adam(0.01),
        "loss": "sparse_categorical_crossentropy",
        "metrics": ["accuracy"],
    }
    model.compile(**(settings | options))
    return model


def stack(*extra: Any) -> list[Any]:
    return [
        *extra,
        layers.Conv2D(4, 3),
        layers.BatchNormalization(),
        layers.ReLU(),
        layers.Dropout(0.3),
        layers.Flatten(),
        layers.Dense(CLASSES, activation="softmax", kernel_regularizer="l2"),
    ]


def plain_dense(**options: Any) -> Any:
    dense = [layers.Dense(4, activation="relu"), layers.Dropout(0.3)]
    out = layers.Dense(CLASSES, activation="softmax")
    return compiled(keras.Sequential([layers.Flatten(), *dense, out]), **options)


def sequential(**options: Any) -> Any:
    return compiled(keras.Sequential(stack()), **options)


def functional() -> Any:
    x = keras.Input((8, 8, 3), name="picture")
    body = keras.Sequential([layers.Conv2D(4, 3, activation="relu"), layers.GlobalMaxPooling2D()])
    h = body(x)
    first = layers.Dense(CLASSES, activation="softmax", name="first")(h)
    second = layers.Dense(1, name="second")(h)
    losses = {"first": "sparse_categorical_crossentropy", "second": "mse"}
    return compiled(keras.Model(x, {"first": first, "second": second}), loss=losses, metrics={})


class Subclassed(keras.Model):
    def __init__(self) -> None:
        super().__init__()
        self.body = stack()

    def call(self, x: Any, training: Any = None) -> Any:
        for layer in self.body:
            x = layer(x, training=training) if isinstance(layer, layers.Dropout) else layer(x)
        return x


class OwnStep(Subclassed):
    def noise(self) -> float:
        return 0.5

    def train_step(self, data: Any) -> Any:
        x, y = data
        with tf.GradientTape() as tape:
            answer = self(x, training=True)
            loss = self.compute_loss(x=x, y=y, y_pred=answer) + self.noise()
        weights = self.trainable_variables
        gradients = tape.gradient(loss, weights)
        self.optimizer.apply_gradients(zip(gradients, weights, strict=True))
        for metric in self.metrics:
            if metric.name != "loss":
                metric.update_state(y, answer)
        return {"loss": loss}


class Baked(OwnStep):
    """Its Python code draws while it is traced."""

    def noise(self) -> float:
        return random.random() + np.random.rand()  # noqa: NPY002, S311


class Noisy(layers.Layer):
    """Draws from an operation that keeps its own state."""

    def call(self, x: Any) -> Any:
        return x + 0.1 * tf.random.normal(tf.shape(x))


def built(model: Any) -> Any:
    model.build((None, 8, 8, 3))
    return compiled(model)


def recurrent() -> Any:
    return compiled(
        keras.Sequential(
            [
                layers.Embedding(11, 4),
                layers.LSTM(5, dropout=0.2, recurrent_dropout=0.2),
                layers.Dense(CLASSES, activation="softmax"),
            ]
        )
    )


def augmented() -> Any:
    turned = [layers.RandomFlip(), layers.RandomRotation(0.1), layers.GaussianNoise(0.1)]
    return compiled(keras.Sequential(stack(*turned)))


def half() -> Any:
    keras.mixed_precision.set_global_policy("mixed_float16")
    model = sequential()
    keras.mixed_precision.set_global_policy("float32")
    return model


def dataset() -> Any:
    return tf.data.Dataset.from_tensor_slices(images()).shuffle(ROWS).batch(16)


def generator() -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Draws of its own: Keras reads ahead in a thread, and how far differs from run to run."""
    draw = np.random.default_rng(5)
    while True:
        yield draw.random((16, 8, 8, 3), "float32"), draw.integers(0, CLASSES, 16)


def mirrored() -> Any:
    with tf.distribute.MirroredStrategy(["CPU:0"]).scope():
        return sequential()


CASES: dict[str, tuple[Any, Any, dict[str, Any]]] = {
    "sequential": (sequential, images, {"validation_split": 0.2}),
    "functional with two outputs": (
        functional,
        lambda: (images()[0], {"first": images()[1], "second": images()[1].astype("float32")}),
        {},
    ),
    "subclassed": (lambda: compiled(Subclassed()), images, {}),
    "custom train step": (lambda: compiled(OwnStep()), images, {}),
    "random numbers baked in": (lambda: built(Baked()), images, {}),
    "random numbers baked in while it is built": (lambda: compiled(Baked()), images, {}),
    "LSTM": (recurrent, sequences, {}),
    "augmentation": (augmented, images, {}),
    "mixed precision": (half, images, {}),
    "XLA": (lambda: plain_dense(jit_compile=True), images, {}),
    "steps per execution": (lambda: sequential(steps_per_execution=2), images, {}),
    "eager": (lambda: sequential(run_eagerly=True), images, {}),
    "shuffled dataset": (sequential, dataset, {}),
    "generator": (sequential, generator, {"steps_per_epoch": 3}),
    "class weights": (sequential, images, {"class_weight": {0: 1.0, 1: 2.0, 2: 3.0}}),
    "stateful random operation": (
        lambda: compiled(keras.Sequential([Noisy(), *stack()])),
        images,
        {},
    ),
    "one replica": (mirrored, images, {}),
}


def trained(case: str, instrument: Instrument | None, epochs: int = 2) -> tuple[Any, Any]:
    """A model after training, and its history; all random states are set before."""
    keras.backend.clear_session()
    keras.utils.set_random_seed(3)
    make, data, options = CASES[case]
    model, given = make(), data()
    x, y = given if isinstance(given, tuple) else (given, None)
    settings = {"epochs": epochs, "verbose": 0, "callbacks": []} | options
    if y is not None:
        settings["batch_size"] = 16
    if instrument is not None:
        settings["callbacks"] = [Watch(instrument)]
    history = model.fit(x, y, **settings)
    return model, history
