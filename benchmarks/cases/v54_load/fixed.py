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


keras.utils.set_random_seed(54)
rng = np.random.default_rng(54)
load = (make_load(24 * 78, rng) - 60) / 15
pieces = np.lib.stride_tricks.sliding_window_view(load, 49)
x, y = pieces[:, :48, None], pieces[:, 48:]
x_train, y_train, x_val, y_val = x[:1300], y[:1300], x[1350:], y[1350:]

inputs = keras.Input((48, 1))
h = layers.Conv1D(12, 3, padding="causal", activation="relu")(inputs)
for rate in (2, 4, 8):
    skip = h
    h = layers.Conv1D(12, 3, padding="causal", dilation_rate=rate, activation="relu")(h)
    h = layers.Add()([h, skip])
h = layers.Cropping1D((47, 0))(h)
h = layers.Flatten()(h)
model = keras.Model(inputs, layers.Dense(1)(h))
model.compile(optimizer=keras.optimizers.Adam(2e-3), loss="huber", metrics=["mae"])
h = model.fit(x_train, y_train, batch_size=32, epochs=16, validation_data=(x_val, y_val), verbose=2).history
print(f"final loss={h['loss'][-1]:.4f} val_loss={h['val_loss'][-1]:.4f} val_mae={h['val_mae'][-1]:.4f}")
