"""Upper-body clothing (five kinds) from Fashion-MNIST, tf.data."""
import gzip

import keras
import numpy as np
import tensorflow as tf
from keras import layers

keras.utils.set_random_seed(2)
ROOT = "/usr/share/datasets/fashion-mnist/"
KINDS = {1: 0, 3: 1, 2: 2, 4: 3, 8: 4}  # trouser, dress, pullover, coat, bag


def load(name, count):
    with gzip.open(ROOT + name + "-images-idx3-ubyte.gz") as f:
        x = np.frombuffer(f.read(), np.uint8, offset=16).reshape(-1, 28, 28, 1)
    with gzip.open(ROOT + name + "-labels-idx1-ubyte.gz") as f:
        y = np.frombuffer(f.read(), np.uint8, offset=8)
    keep = np.flatnonzero(np.isin(y, list(KINDS)))[:count]
    return x[keep].astype("float32") / 255.0 - 0.3, np.array([KINDS[v] for v in y[keep]])


def crowd(labels, rng):
    """The label a crowd worker gives: mostly the true kind, sometimes a look-alike."""
    given = np.eye(5) * 0.99 + 0.002
    confuse(given, 2, 3, 0.01)  # pullover, coat
    confuse(given, 1, 3, 0.005)  # dress, coat
    u = rng.random(len(labels))
    return (given[labels].cumsum(1) / given[labels].sum(1, keepdims=True) < u[:, None]).sum(1)


def confuse(given, a, b, share):
    for i, j in ((a, b), (b, a)):
        given[i, j] += share
        given[i, i] -= share


rng = np.random.default_rng(2)
x_train, y_train = load("train", 4000)
x_val, y_val = load("t10k", 1200)
y_train, y_val = crowd(y_train, rng), crowd(y_val, rng)

train = tf.data.Dataset.from_tensor_slices((x_train, y_train)).shuffle(4000).batch(64).prefetch(2)
val = tf.data.Dataset.from_tensor_slices((x_val, y_val)).batch(256)

inputs = keras.Input((28, 28, 1))
x = layers.Conv2D(16, 3, strides=2, padding="same", activation="relu")(inputs)
x = layers.Dropout(0.1)(x)
x = layers.Conv2D(32, 3, strides=2, padding="same", activation="relu")(x)
x = layers.Flatten()(x)
x = layers.Dropout(0.4)(x)
x = layers.Dense(32, activation="relu")(x)
outputs = layers.Dense(5, activation="softmax")(x)
model = keras.Model(inputs, outputs)
model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
history = model.fit(train, validation_data=val, epochs=10, verbose=2)
print("val_accuracy", round(history.history["val_accuracy"][-1], 4))
