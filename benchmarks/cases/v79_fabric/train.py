"""Weave pattern recognition on colour swatches, trained in two stages:
first only the new head (so that it does not shake the base), then everything."""
import math

import numpy as np
import keras
from keras import layers

WEAVES = ["twill", "satin", "basket", "stripe", "herringbone", "dots"]
SIZE = 32


def swatch(kind, rng):
    y, x = np.mgrid[:SIZE, :SIZE].astype(float)
    x += rng.uniform(0, 12)
    y += rng.uniform(0, 12)
    p = rng.uniform(5.5, 7.5)
    w = 2 * np.pi / p
    if kind == 0:
        v = np.sin(w * (x + y) * 0.7)
    elif kind == 1:
        v = np.sin(w * (x - y) * 0.7)
    elif kind == 2:
        v = np.sign(np.sin(w * x) * np.sin(w * y))
    elif kind == 3:
        v = np.sin(w * x)
    elif kind == 4:
        v = np.sin(w * (x + np.abs((y % 12) - 6)) * 0.7)
    else:
        v = 1.6 * ((np.sin(w * x) > 0.4) & (np.sin(w * y) > 0.4)) - 0.6
    dark, bright = rng.uniform(0.1, 0.5, 3), rng.uniform(0.5, 0.9, 3)
    img = dark + (bright - dark) * (v[..., None] * 0.5 + 0.5)
    return np.clip(img + rng.normal(0, 0.16, img.shape), 0, 1)


class Swatches(keras.utils.PyDataset):
    def __init__(self, n, seed, batch_size=32, shuffle=True):
        super().__init__()
        rng = np.random.default_rng(seed)
        self.labels = rng.integers(0, len(WEAVES), n)
        self.images = np.stack([swatch(k, rng) for k in self.labels]).astype("float32")
        self.batch_size, self.shuffle, self.rng = batch_size, shuffle, rng
        self.order = np.arange(n)
        self.on_epoch_end()

    def __len__(self):
        return math.ceil(len(self.order) / self.batch_size)

    def __getitem__(self, i):
        pick = self.order[i * self.batch_size:(i + 1) * self.batch_size]
        return (self.images[pick] - 0.5) / 0.25, self.labels[pick]

    def on_epoch_end(self):
        if self.shuffle:
            self.rng.shuffle(self.order)


keras.utils.set_random_seed(14)
train, val = Swatches(2000, 1), Swatches(500, 2, batch_size=100, shuffle=False)

base = keras.Sequential([
    layers.Conv2D(16, 5, padding="same", activation="relu", kernel_initializer="he_normal"),
    layers.MaxPooling2D(),
    layers.Conv2D(24, 3, padding="same", activation="relu", kernel_initializer="he_normal"),
    layers.MaxPooling2D(),
    layers.Conv2D(32, 3, padding="same", activation="relu", kernel_initializer="he_normal"),
    layers.GlobalAveragePooling2D(),
], name="base")

inputs = keras.Input((SIZE, SIZE, 3))
outputs = layers.Dense(len(WEAVES), activation="softmax", name="head")(base(inputs))
model = keras.Model(inputs, outputs)

# stage 1: head only
base.trainable = False
model.compile(optimizer=keras.optimizers.Adam(1e-3), loss="sparse_categorical_crossentropy",
              metrics=["accuracy"])
model.fit(train, validation_data=val, epochs=1, verbose=2)

# stage 2: the whole network
base.trainable = True
model.fit(train, validation_data=val, epochs=11, verbose=2)

loss, acc = model.evaluate(val, verbose=0)
print(f"val_loss={loss:.4f}  val_accuracy={acc:.4f}")
