import keras
import numpy as np
from keras import layers


def make_load(hours, rng):
    t = np.arange(hours)
    day = np.sin(2 * np.pi * t / 24 + 0.4) + 0.5 * np.sin(4 * np.pi * t / 24 + 1.1)
    week = np.where((t // 24) % 7 >= 5, -0.8, 0.2)
    drift = np.empty(hours)
    level = 0.0
    for i in range(hours):
        level = 0.97 * level + rng.normal(0, 0.12)
        drift[i] = level
    return (60 + 14 * day + 9 * week + 10 * drift + rng.normal(0, 1.5, hours)).astype("float32")


keras.utils.set_random_seed(45)
rng = np.random.default_rng(45)
load = (make_load(24 * 90, rng) - 60) / 15
pieces = np.lib.stride_tricks.sliding_window_view(load, 48 + 6)
x, y = pieces[:, :48, None], pieces[:, 48:]
model = keras.Sequential([
    keras.Input((48, 1)),
    layers.Conv1D(16, 7, strides=2, activation="relu"),
    layers.Conv1D(16, 5, activation="relu"),
    layers.Flatten(),
    layers.Dense(24, activation="relu"),
    layers.Dense(6),
])
model.compile(optimizer=keras.optimizers.SGD(0.012, momentum=0.9, nesterov=True), loss="mse", metrics=["mae"])
h = model.fit(x[:1600], y[:1600], batch_size=32, epochs=15, validation_data=(x[1660:], y[1660:]), verbose=2).history
print(f"final loss={h['loss'][-1]:.4f} val_loss={h['val_loss'][-1]:.4f} val_mae={h['val_mae'][-1]:.4f}")
