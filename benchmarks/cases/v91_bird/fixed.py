"""Bird call recognition on log spectrograms (6 call types)."""
import argparse

import keras
import numpy as np
import tensorflow as tf
from keras import layers

CALLS = ["rise", "fall", "trill", "whistle", "double", "arch"]
F, T = 40, 48


def contour(kind, n, rng):
    t = np.linspace(0, 1, n)
    if kind == "rise":
        return 10 * t
    if kind == "fall":
        return -10 * t
    if kind == "trill":
        return 3.5 * np.sign(np.sin(2 * np.pi * rng.uniform(3, 5) * t))
    if kind == "whistle":
        return np.zeros(n)
    if kind == "double":
        return np.where(t < 0.5, 0.0, 6.0)
    return 8 * np.sin(np.pi * t)


def spectrogram(kind, rng):
    n = rng.integers(18, 34)
    start = rng.integers(0, T - n)
    base = rng.uniform(12, 26)
    track = base + contour(kind, n, rng) * rng.uniform(0.8, 1.2)
    freq = np.arange(F)[:, None]
    energy = np.zeros((F, T))
    energy[:, start:start + n] = np.exp(-0.5 * ((freq - track) / 1.1) ** 2)
    energy *= rng.uniform(1.2, 2.5)
    for _ in range(rng.integers(1, 4)):  # insects, wind, other animals
        f0, t0 = rng.uniform(0, F), rng.integers(0, T - 10)
        energy[:, t0:t0 + 10] += rng.uniform(0.4, 1.2) * np.exp(-0.5 * ((freq - f0) / 1.5) ** 2)
    power = energy + rng.exponential(0.25, (F, T))
    return np.log(power + 1e-3)


def make_clips(per_class, rng):
    x, y = [], []
    for i, kind in enumerate(CALLS):
        for _ in range(per_class):
            x.append(spectrogram(kind, rng))
            y.append(i)
    x = np.asarray(x, "float32")[..., None]
    return x, np.asarray(y)


def main():
    p = argparse.ArgumentParser()
    p.add_argument("--max-per-class", type=int, default=300)
    p.add_argument("--epochs", type=int, default=12)
    p.add_argument("--steps", type=int, default=45)
    p.add_argument("--seed", type=int, default=7)
    args = p.parse_args()

    keras.utils.set_random_seed(args.seed)
    rng = np.random.default_rng(args.seed)
    x_train, y_train = make_clips(args.max_per_class, rng)
    x_val, y_val = make_clips(80, rng)
    mean, std = x_train.mean(), x_train.std()
    x_train = (x_train - mean) / std
    x_val = (x_val - mean) / std

    train = (tf.data.Dataset.from_tensor_slices((x_train, y_train))
             .shuffle(len(x_train), seed=args.seed).repeat().batch(32).prefetch(2))
    val = tf.data.Dataset.from_tensor_slices((x_val, y_val)).batch(120)

    model = keras.Sequential([
        layers.Input((F, T, 1)),
        layers.Conv2D(16, 3, padding="same", activation="relu"),
        layers.MaxPooling2D(),
        layers.Conv2D(32, 3, padding="same", activation="relu"),
        layers.MaxPooling2D(),
        layers.Conv2D(32, 3, padding="same", activation="relu"),
        layers.MaxPooling2D(),
        layers.Flatten(),
        layers.Dropout(0.3),
        layers.Dense(48, activation="relu"),
        layers.Dense(len(CALLS), activation="softmax"),
    ])
    model.compile(keras.optimizers.Adam(1e-3), "sparse_categorical_crossentropy", metrics=["accuracy"])
    model.fit(train, validation_data=val, epochs=args.epochs, steps_per_epoch=args.steps, verbose=2)
    loss, acc = model.evaluate(val, verbose=0)
    print(f"val_loss={loss:.4f} val_accuracy={acc:.4f}")


if __name__ == "__main__":
    main()
