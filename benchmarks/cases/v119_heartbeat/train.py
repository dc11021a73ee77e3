"""Heartbeat type from one ECG lead (synthesised), tf.data with on-the-fly augmentation."""
import keras
import numpy as np
import tensorflow as tf
from keras import layers

keras.utils.set_random_seed(10)
BEATS = ["normal", "ST elevation", "ST depression", "low voltage", "wide QRS"]
L = 128


def bump(t, at, width, height):
    return height * np.exp(-((t - at) ** 2) / (2 * width**2))


def beat(kind, rng):
    t = np.arange(L) + rng.uniform(-5, 5)
    gain = rng.normal(1, 0.06)
    wide = rng.uniform(1.7, 2.6) if kind == 4 else rng.uniform(0.9, 1.25)
    x = bump(t, 30, 5, 0.15) + bump(t, 95, 9, rng.uniform(0.2, 0.4))
    x += bump(t, 54 - 5 * wide, 2 * wide, -0.15) + bump(t, 54, 2.2 * wide, 1.0)
    x += bump(t, 54 + 6 * wide, 2.2 * wide, -rng.uniform(0.15, 0.3))
    st = {1: rng.uniform(0.09, 0.25), 2: -rng.uniform(0.09, 0.25)}.get(kind, rng.normal(0, 0.025))
    x += st / (1 + np.exp(-(t - 64) / 2)) / (1 + np.exp((t - 96) / 5))
    if kind == 3:
        gain *= rng.uniform(0.6, 0.82)
    drift = 0.08 * np.sin(2 * np.pi * (t / L * rng.uniform(0.3, 0.8) + rng.uniform()))
    return gain * x + drift + rng.normal(0, 0.05, L)


def sample(n, seed):
    rng = np.random.default_rng(seed)
    kinds = rng.integers(0, len(BEATS), n)
    return np.stack([beat(k, rng) for k in kinds])[..., None].astype("float32"), kinds


def augment(x, y):
    """Electrode contact, baseline and timing differ from patient to patient."""
    n = tf.shape(x)[0]
    x = x * tf.random.uniform([n, 1, 1], 0.45, 0.8)
    x = x + tf.random.uniform([n, 1, 1], -0.02, 0.02)
    x = tf.roll(x, tf.random.uniform([], -4, 5, tf.int32), axis=1)
    return x, y


x_train, y_train = sample(4000, 1)
x_val, y_val = sample(1000, 2)
train = tf.data.Dataset.from_tensor_slices((x_train, y_train)).shuffle(4000).batch(64).map(augment).prefetch(2)
val = tf.data.Dataset.from_tensor_slices((x_val, y_val)).batch(256)

model = keras.Sequential(
    [
        keras.Input((L, 1)),
        layers.Conv1D(16, 7, strides=2, padding="same", activation="relu"),
        layers.Conv1D(32, 5, strides=2, padding="same", activation="relu"),
        layers.Conv1D(32, 5, strides=2, padding="same", activation="relu"),
        layers.Flatten(),
        layers.Dropout(0.1),
        layers.Dense(32, activation="relu"),
        layers.Dense(len(BEATS), activation="softmax"),
    ]
)
model.compile(keras.optimizers.Adam(6e-4), "sparse_categorical_crossentropy", metrics=["accuracy"])
history = model.fit(train, validation_data=val, epochs=15, verbose=2)
print("val_accuracy", round(history.history["val_accuracy"][-1], 4))
