"""Heart beat types from single-lead segments, tf.data pipeline."""
import keras
import numpy as np
import tensorflow as tf
from keras import layers

N = 96
BATCH = 64
RATE_PER_SAMPLE = 3.5e-4
EPOCHS = 12


def bump(t, c, w, a):
    return a * np.exp(-0.5 * ((t - c) / w) ** 2)


def beat(kind, rng):
    t = np.linspace(-1, 1, N)
    s = rng.uniform(-0.15, 0.15)
    t = t - s
    amp = rng.uniform(0.8, 1.2)
    x = np.zeros(N)
    if kind != 1:
        x += bump(t, -0.45, 0.07, 0.25)
    width = {0: 0.035, 1: 0.05, 2: 0.10, 3: 0.035, 4: 0.045}[kind] * rng.uniform(0.85, 1.15)
    x += bump(t, 0, width, amp)
    x -= bump(t, 0.11, width, 0.3 * amp)
    if kind == 2:
        x += bump(t, 0.45, 0.12, -0.3)
    elif kind == 3:
        x += bump(t, 0.4, 0.1, 0.35) + bump(t, 0.2, 0.12, 0.22)
    elif kind == 4:
        x += bump(t, 0.14, 0.045, 0.45 * amp) + bump(t, 0.5, 0.1, 0.2)
    else:
        x += bump(t, 0.42, 0.1, 0.3)
    x += 0.1 * np.sin(2 * np.pi * rng.uniform(0.2, 0.6) * t + rng.uniform(0, 6))
    return x + rng.normal(0, 0.15, N)


def beats(n, rng):
    y = rng.integers(0, 5, n)
    x = np.stack([beat(k, rng) for k in y])
    return x[..., None].astype("float32"), y


def pipeline(x, y, training):
    ds = tf.data.Dataset.from_tensor_slices((x, y))
    if training:
        ds = ds.shuffle(len(x))
    return ds.batch(BATCH).prefetch(tf.data.AUTOTUNE)


def build():
    return keras.Sequential([
        keras.Input((N, 1)),
        layers.Conv1D(24, 7, padding="same", activation="relu"),
        layers.MaxPooling1D(),
        layers.Conv1D(32, 5, padding="same", activation="relu"),
        layers.MaxPooling1D(),
        layers.Conv1D(48, 5, padding="same", activation="relu"),
        layers.MaxPooling1D(),
        layers.Flatten(),
        layers.Dropout(0.2),
        layers.Dense(48, activation="relu"),
        layers.Dense(5, activation="softmax"),
    ])


keras.utils.set_random_seed(31)
rng = np.random.default_rng(31)
x_train, y_train = beats(3000, rng)
x_val, y_val = beats(700, rng)
m, s = x_train.mean(), x_train.std()
train = pipeline((x_train - m) / s, y_train, True)
val = pipeline((x_val - m) / s, y_val, False)

model = build()
rate = RATE_PER_SAMPLE * BATCH
model.compile(keras.optimizers.SGD(rate, momentum=0.9), "sparse_categorical_crossentropy", metrics=["accuracy"])
history = model.fit(train, validation_data=val, epochs=EPOCHS, verbose=2)
loss, acc = model.evaluate(val, verbose=0)
print(f"rate {rate:.5f}  val_loss {loss:.4f}  val_accuracy {acc:.4f}")
