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


keras.utils.set_random_seed(50)
rng = np.random.default_rng(50)
load = (make_load(24 * 80, rng) - 60) / 15
pieces = np.lib.stride_tricks.sliding_window_view(load, 36 + 12)
x, y = pieces[:, :36], pieces[:, 36:]
inputs = keras.Input((36,))
h = layers.Reshape((36, 1))(inputs)
h = layers.Conv1D(16, 5, activation="selu", kernel_initializer="lecun_normal")(h)
h = layers.Conv1D(16, 5, strides=2, activation="selu", kernel_initializer="lecun_normal")(h)
h = layers.Flatten()(h)
model = keras.Model(inputs, layers.Dense(12)(h))
model.compile(optimizer=keras.optimizers.SGD(0.02, momentum=0.8), loss="mse", metrics=["mae"])
decay = keras.callbacks.LearningRateScheduler(lambda epoch, rate: rate * 0.9)
h = model.fit(
    x[:1400], y[:1400], batch_size=35, epochs=18, callbacks=[decay],
    validation_data=(x[1450:], y[1450:]), verbose=2,
).history
print(f"final loss={h['loss'][-1]:.4f} val_loss={h['val_loss'][-1]:.4f} val_mae={h['val_mae'][-1]:.4f}")
