"""A garment net trained on catalogue pictures, then adapted to the shop camera with few labelled frames."""
import gzip

import keras
import numpy as np
from keras import layers

keras.utils.set_random_seed(9)
ROOT = "/usr/share/datasets/fashion-mnist/"


def load(name, first, count):
    with gzip.open(ROOT + name + "-images-idx3-ubyte.gz") as f:
        x = np.frombuffer(f.read(), np.uint8, offset=16).reshape(-1, 28, 28, 1)
    with gzip.open(ROOT + name + "-labels-idx1-ubyte.gz") as f:
        y = np.frombuffer(f.read(), np.uint8, offset=8)
    part = slice(first, first + count)
    return x[part].astype("float32") / 255.0, y[part].astype("int32")


def camera(x, rng):
    """Dim light from one side, sensor noise, and the hanger a little off the centre."""
    out = np.empty_like(x)
    for i, image in enumerate(x):
        image = np.roll(image, rng.integers(-2, 3, 2), axis=(0, 1))
        light = np.linspace(rng.uniform(0.4, 0.7), rng.uniform(0.4, 0.7), 28)[None, :, None]
        out[i] = image * light + 0.15
    return np.clip(out + rng.normal(0, 0.06, out.shape), 0, 1).astype("float32")


base = keras.Sequential(
    [
        keras.Input((28, 28, 1)),
        layers.Rescaling(2.0, offset=-0.6),
        layers.Conv2D(16, 3, strides=2, padding="same", activation="relu"),
        layers.Conv2D(32, 3, padding="same", activation="relu"),
        layers.MaxPooling2D(),
        layers.Conv2D(32, 3, padding="same", activation="relu"),
        layers.MaxPooling2D(),
        layers.Flatten(),
        layers.Dense(48, activation="relu"),
    ],
    name="garment_base",
)
model = keras.Sequential([base, layers.Dropout(0.2), layers.Dense(10, activation="softmax")])
model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
xs, ys = load("train", 0, 6000)
model.fit(xs, ys, batch_size=64, epochs=7, verbose=0)

rng = np.random.default_rng(9)
x_train, y_train = load("train", 6000, 800)
x_val, y_val = load("t10k", 0, 1000)
print("catalogue accuracy:", round(model.evaluate(x_val, y_val, verbose=0)[1], 3))
x_train, x_val = camera(x_train, rng), camera(x_val, rng)
print("camera accuracy before adapting:", round(model.evaluate(x_val, y_val, verbose=0)[1], 3))

model.compile(
    optimizer=keras.optimizers.Adam(learning_rate=3e-4),
    loss="sparse_categorical_crossentropy",
    metrics=["accuracy"],
)
history = model.fit(x_train, y_train, validation_data=(x_val, y_val), batch_size=32, epochs=10, verbose=2)
print("val_accuracy", round(history.history["val_accuracy"][-1], 4))
