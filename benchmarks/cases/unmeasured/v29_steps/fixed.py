import keras
import numpy as np
from keras import layers


def make_windows(n, rng, steps=64, noise=0.5):
    """Three axes in g, one of four activities a window: rest, walk, stairs, run."""
    t = np.arange(steps) / 32
    y = rng.integers(0, 4, n)
    pace = np.array([0.0, 1.8, 1.6, 2.7])[y] * rng.uniform(0.85, 1.15, n)
    swing = np.array([0.02, 0.35, 0.35, 0.9])[y] * rng.uniform(0.6, 1.4, n)
    phase = rng.uniform(0, 2 * np.pi, n)
    angle = 2 * np.pi * pace[:, None] * t + phase[:, None]
    x = np.stack([0.4 * np.sin(angle / 2), np.sin(angle), 0.6 * np.cos(angle)], -1) * swing[:, None, None]
    x[y == 2, :, 1] += 0.3 * np.sin(2 * angle[y == 2])
    x += rng.normal(0, 0.25, (n, 1, 3)) + np.array([0.0, 1.0, 0.0])
    return (x + rng.normal(0, noise * 0.3, x.shape)).astype("float32"), y


keras.utils.set_random_seed(29)
rng = np.random.default_rng(29)
x, y = make_windows(1240, rng, noise=0.4)
x_val, y_val, x, y = x[1000:], y[1000:], x[:1000], y[:1000]
model = keras.Sequential([
    keras.Input((64, 3)),
    layers.Conv1D(16, 5, strides=2, activation="relu", name="short"),
    layers.Conv1D(24, 5, strides=2, activation="relu", name="long"),
    layers.GlobalAveragePooling1D(name="pool"),
    layers.Dense(24, activation="relu", name="mix"),
    layers.Dense(4, activation="softmax", name="activity"),
])
model.compile(optimizer=keras.optimizers.Adam(4e-3), loss="sparse_categorical_crossentropy", metrics=["accuracy"])
h = model.fit(x, y, batch_size=40, epochs=12, validation_data=(x_val, y_val), verbose=2).history
print(f"final loss={h['loss'][-1]:.4f} accuracy={h['accuracy'][-1]:.4f} val_loss={h['val_loss'][-1]:.4f} val_accuracy={h['val_accuracy'][-1]:.4f}")
