"""Tiny models, and settings and steps of training around them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import keras
import numpy as np

from convalesce import core
from convalesce.lab.edits import edited
from convalesce.lab.setting import Setting
from convalesce.observe.kept import Rows

layers = keras.layers
Make = Callable[[], Any]
EIGHT = np.random.default_rng(0).normal(size=(8, 8)).astype("float32")


def setting_of(
    model: Any, *, loss: str = "sparse_categorical_crossentropy", **given: Any
) -> Setting:
    """Around random examples that fit the model's inputs and outputs."""
    draw = np.random.default_rng(0)

    def inputs(tensor: Any) -> Any:
        shape = (8, *(d or 6 for d in tensor.shape[1:]))
        if np.dtype(tensor.dtype).kind in "iu":
            return draw.integers(0, 10, shape)
        return draw.normal(size=shape).astype("float32")

    x = [inputs(t) for t in model.inputs] if getattr(model, "inputs", None) else None
    x = given.pop("x", x[0] if x is not None and len(x) == 1 else x)
    y = given.pop("y", None)
    if y is None:
        width = model.outputs[0].shape[-1] if getattr(model, "outputs", None) else 3
        y = draw.integers(0, width, 8)
    rows = Rows(x=x, y=y, batch=8)
    return Setting(
        model=model,
        compiled={"optimizer": keras.optimizers.SGD(0.01), "loss": loss},
        train=rows,
        judged=rows,
        form=given.pop("form", "class_index"),
        **given,
    )


def mlp(depth: int = 3, activation: str = "relu", **keywords: Any) -> Any:
    hidden = [layers.Dense(8, activation, name=f"d{i}", **keywords) for i in range(depth)]
    return keras.Sequential(
        [keras.Input((8,), name="in"), *hidden, layers.Dense(3, "softmax", name="out")], name="mlp"
    )


def cnn() -> Any:
    """With a Flatten, a pooling, a linear convolution before BatchNormalization and ReLU."""
    return keras.Sequential(
        [
            keras.Input((12, 12, 1), name="in"),
            layers.Conv2D(4, 3, padding="same", activation="relu", name="c0"),
            layers.MaxPooling2D(2, name="p0"),
            layers.Conv2D(6, 3, strides=2, padding="same", name="c1"),
            layers.BatchNormalization(name="n1"),
            layers.ReLU(name="r1"),
            layers.Flatten(name="flat"),
            layers.Dense(10, activation="sigmoid", name="d"),
            layers.Dense(3, activation="softmax", name="out"),
        ],
        name="cnn",
    )


def unet() -> Any:
    """Two levels, joined by a Concatenate; each position gets a class."""
    x = keras.Input((8, 8, 1), name="in")
    a = layers.Conv2D(4, 3, padding="same", activation="relu", name="down")(x)
    b = layers.MaxPooling2D(name="pool")(a)
    b = layers.Conv2D(8, 3, padding="same", activation="relu", name="low")(b)
    b = layers.Conv2DTranspose(4, 2, strides=2, name="up")(b)
    c = layers.Concatenate(name="join")([a, b])
    c = layers.Conv2D(4, 3, padding="same", activation="relu", name="high")(c)
    return keras.Model(x, layers.Conv2D(2, 1, activation="softmax", name="out")(c), name="unet")


def resnet() -> Any:
    """One block whose shortcut is the identity."""
    x = keras.Input((8, 8, 3), name="in")
    a = layers.Conv2D(4, 3, padding="same", activation="relu", name="stem")(x)
    b = layers.Conv2D(4, 3, padding="same", activation="relu", name="a")(a)
    b = layers.Conv2D(4, 3, padding="same", name="b")(b)
    c = layers.Activation("relu", name="act")(layers.Add(name="sum")([a, b]))
    c = layers.GlobalAveragePooling2D(name="pool")(c)
    return keras.Model(x, layers.Dense(3, activation="softmax", name="out")(c), name="resnet")


def nested() -> Any:
    """A Sequential augmentation and a Functional base in front of a head."""
    x = keras.Input((8, 8, 3), name="base_in")
    y = layers.Conv2D(4, 3, activation="relu", name="base_conv")(x)
    base = keras.Model(x, layers.Conv2D(4, 3, activation="relu", name="base_last")(y), name="base")
    front = keras.Sequential(
        [layers.RandomFlip(name="flip"), layers.RandomRotation(0.3, name="turn")], name="front"
    )
    x = keras.Input((8, 8, 3), name="in")
    y = layers.Flatten(name="flat")(base(front(x)))
    return keras.Model(x, layers.Dense(3, activation="softmax", name="out")(y), name="nested")


class Own(keras.Model):
    """A subclassed model."""

    def __init__(self) -> None:
        super().__init__(name="own")
        self.first = layers.Dense(8, activation="sigmoid", name="first")
        self.drop = layers.Dropout(0.5, name="drop")
        self.last = layers.Dense(3, activation="softmax", name="last")

    def call(self, x: Any, *, training: Any = None) -> Any:
        return self.last(self.drop(self.first(x), training=training))


def own() -> Any:
    model = Own()
    model(np.zeros((1, 8), "float32"))
    return model


def trains(setting: Setting) -> float:
    """Loss of a step; the model is compiled as the lab does it, with the flags and edits."""
    model = setting.model
    for layer, flag in setting.flags:
        layer.trainable = flag
    with edited(setting.edits):
        model.compile(optimizer=keras.optimizers.SGD(0.01), loss=setting.compiled["loss"])
        for begins in setting.begins:
            begins(model)
        loss = float(np.mean(np.asarray(model.train_on_batch(setting.train.x, setting.train.y))))
        assert np.isfinite(loss)
        return loss


def layer(model: Any, name: str) -> Any:
    (found,) = [x for x in model._flatten_layers() if x.name == name]
    return found


def same_weights(a: Any, b: Any) -> bool:
    return len(a.weights) == len(b.weights) and all(
        np.array_equal(p, q) for p, q in zip(a.get_weights(), b.get_weights(), strict=True)
    )


def answers(setting: Setting) -> Any:
    with edited(setting.edits):
        return keras.tree.map_structure(np.asarray, setting.model(setting.train.x, training=False))


def change_all(*changes: core.Change, setting: Setting) -> Setting:
    from convalesce.lab.apply import apply

    for change in changes:
        setting = apply(change, setting)
    return setting


def twins() -> Any:
    """Two inputs through one shared layer, two outputs, an operation of `keras.ops` between."""
    a, b = keras.Input((8,), name="a"), keras.Input((8,), name="b")
    shared = layers.Dense(8, activation="relu", name="shared")
    joined = keras.ops.concatenate([shared(a) * 0.5, shared(b)], axis=-1)
    kind = layers.Dense(3, activation="softmax", name="kind")(joined)
    size = layers.Dense(1, name="size")(joined)
    return keras.Model([a, b], [kind, size], name="twins")


def words() -> Any:
    """An embedding and recurrent layers."""
    return keras.Sequential(
        [
            keras.Input((6,), dtype="int32", name="in"),
            layers.Embedding(10, 4, name="embed"),
            layers.Bidirectional(layers.LSTM(4, return_sequences=True), name="both"),
            layers.GRU(4, name="gru"),
            layers.Dense(5, activation="relu", name="d"),
            layers.Dense(3, activation="softmax", name="out"),
        ],
        name="words",
    )
