"""Electric load six hours ahead from the last two days (hourly), batches from a generator."""
import keras
import numpy as np
from keras import layers

keras.utils.set_random_seed(33)
rng = np.random.default_rng(33)

HOURS = 24 * 420
h = np.arange(HOURS)
season = 0.5 * np.cos(2 * np.pi * h / (24 * 365))
hour, weekend = h % 24, (h // 24) % 7 >= 5


def peak(at, width):
    return np.exp(-((hour - at) ** 2) / (2 * width**2))


workday = 1.5 * peak(8, 1.5) + 0.7 * peak(13, 3.0) + 1.9 * peak(19, 2.0)
sunday = 1.1 * peak(11, 2.5) + 0.9 * peak(20, 2.5)
day = np.where(weekend, sunday, workday)
temp = np.zeros(HOURS)
for i in range(1, HOURS):
    temp[i] = 0.985 * temp[i - 1] + rng.normal(0, 0.08)
load = season + day * (1 + 0.4 * season) + 0.8 * np.maximum(temp, 0) ** 1.5 + 0.5 * np.maximum(-temp, 0)
load = load + rng.normal(0, 0.08, HOURS)
series = np.stack([load, temp, np.sin(2 * np.pi * h / 24), np.cos(2 * np.pi * h / 24), weekend - 0.3], -1)

WINDOW, AHEAD = 48, 6
cut = 24 * 330
mean, std = series[:cut].mean(0), series[:cut].std(0)
series = ((series - mean) / std).astype("float32")


def windows(starts):
    x = np.stack([series[s : s + WINDOW] for s in starts])
    return x, np.array([series[s + WINDOW + AHEAD - 1, 0] for s in starts])


def batches(size=64):
    while True:
        yield windows(rng.integers(0, cut - WINDOW - AHEAD, size))


x_val, y_val = windows(np.arange(cut, HOURS - WINDOW - AHEAD, 2))

inputs = keras.Input((WINDOW, series.shape[1]))
x = layers.Conv1D(24, 5, padding="causal", activation="relu")(inputs)
x = layers.Conv1D(24, 5, strides=2, padding="same", activation="relu")(x)
x = layers.Conv1D(32, 5, strides=2, padding="same", activation="relu")(x)
x = layers.Flatten()(x)
x = layers.Dense(32, activation="relu")(x)
model = keras.Model(inputs, layers.Dense(1)(x))

schedule = keras.optimizers.schedules.ExponentialDecay(1.5e-3, decay_steps=300, decay_rate=0.6)
model.compile(keras.optimizers.Adam(schedule), loss="mse", metrics=["mae"])
history = model.fit(batches(), steps_per_epoch=100, epochs=12, validation_data=(x_val, y_val), verbose=2)
print("val_mae", round(history.history["val_mae"][-1], 4))
