import numpy as np
import keras
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


keras.utils.set_random_seed(28)
rng = np.random.default_rng(28)
load = make_load(24 * 100, rng)
mean, std = load[:1700].mean(), load[:1700].std()
series = (load - mean) / std
pieces = np.lib.stride_tricks.sliding_window_view(series, 49)
x, y = pieces[:, :48, None], pieces[:, 48:]
x_train, y_train, x_val, y_val = x[:1650], y[:1650], x[1700:], y[1700:]

inputs = keras.Input((48, 1))
h = inputs
for rate in (1, 2, 4, 8):
    h = layers.Conv1D(12, 3, padding="causal", dilation_rate=rate, activation="gelu", name=f"past{rate}")(h)
h = layers.Lambda(lambda t: t[:, -1])(h)
hour_ahead = layers.Dense(1, name="hour_ahead")(h)
model = keras.Model(inputs, hour_ahead)
model.compile(optimizer=keras.optimizers.AdamW(2e-3, weight_decay=1e-4), loss="mse", metrics=["mae"])
h = model.fit(x_train, y_train, batch_size=32, epochs=15, validation_data=(x_val, y_val), verbose=2).history
print(f"final loss={h['loss'][-1]:.4f} val_loss={h['val_loss'][-1]:.4f} val_mae={h['val_mae'][-1]:.4f}")
