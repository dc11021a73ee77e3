import gzip
import os

import keras
import numpy as np
from keras import layers

FOLDER = os.environ.get("FASHION_MNIST", "/usr/share/datasets/fashion-mnist")


def load(first, last):
    with gzip.open(f"{FOLDER}/train-images-idx3-ubyte.gz") as f:
        x = np.frombuffer(f.read(16 + 784 * last), np.uint8, offset=16).reshape(-1, 28, 28, 1)
    with gzip.open(f"{FOLDER}/train-labels-idx1-ubyte.gz") as f:
        y = np.frombuffer(f.read(8 + last), np.uint8, offset=8).astype("int32")
    return x[first:, ::2, ::2].astype("float32") / 255, y[first:]


def with_copies(x, y, rng, times=4):
    """Each picture several times, mirrored or not, a little brighter or darker."""
    x, y = np.repeat(x, times, axis=0), np.repeat(y, times)
    mirrored = rng.random(len(x)) < 0.5
    x[mirrored] = x[mirrored][:, :, ::-1]
    return np.clip(x * rng.uniform(0.85, 1.15, (len(x), 1, 1, 1)), 0, 1).astype("float32"), y


def shuffled(x, y, rng):
    order = rng.permutation(len(x))
    return x[order], y[order]


keras.utils.set_random_seed(15)
rng = np.random.default_rng(15)
x, y = load(0, 600)
x, y = shuffled(*with_copies(x, y, rng), rng)
cut = int(0.8 * len(x))
x_train, y_train, x_val, y_val = x[:cut], y[:cut], x[cut:], y[cut:]
x_test, y_test = load(600, 1800)

model = keras.Sequential([
    keras.Input((14, 14, 1)),
    layers.Conv2D(32, 3, activation="relu"),
    layers.MaxPooling2D(),
    layers.Flatten(),
    layers.Dropout(0.2),
    layers.Dense(96, activation="relu"),
    layers.Dense(10, activation="softmax"),
])
model.compile(optimizer=keras.optimizers.Adam(2e-3), loss="sparse_categorical_crossentropy", metrics=["accuracy"])
h = model.fit(x_train, y_train, batch_size=48, epochs=14, validation_data=(x_val, y_val), verbose=2).history
test_loss, test_accuracy = model.evaluate(x_test, y_test, batch_size=200, verbose=0)
print(f"final accuracy={h['accuracy'][-1]:.4f} val_accuracy={h['val_accuracy'][-1]:.4f} test_accuracy={test_accuracy:.4f} val_loss={h['val_loss'][-1]:.4f} test_loss={test_loss:.4f}")
