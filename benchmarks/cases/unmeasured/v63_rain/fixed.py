import keras
import numpy as np
from keras import layers

keras.utils.set_random_seed(63)
rng = np.random.default_rng(63)
n = 2400
steps = np.arange(24)
wet = rng.uniform(-1, 1, (n, 1))
x = wet + 0.4 * np.sin(2 * np.pi * (steps / 24 + rng.random((n, 1)))) + rng.normal(0, 0.3, (n, 24))
rain = np.maximum(4 * wet[:, 0] + 2 * (x[:, -6:].mean(axis=1) - x[:, :6].mean(axis=1)), 0.0)
rain = (rain + np.abs(rng.normal(0, 0.05, n))).astype("float32")
x = x.astype("float32")[..., None]

inputs = keras.Input((24, 1))
h = layers.Conv1D(16, 5, padding="causal", activation="relu")(inputs)
h = layers.Conv1D(16, 5, padding="causal", activation="relu")(h)
h = layers.Flatten()(h)
h = layers.Dense(16, activation="relu")(h)
model = keras.Model(inputs, layers.Dense(1, name="millimetres")(h))
model.compile(optimizer=keras.optimizers.Adam(2e-3), loss="mse", metrics=["mae"])
h = model.fit(x[:1800], rain[:1800], batch_size=36, epochs=12, validation_data=(x[1800:], rain[1800:]), verbose=2).history
print(f"final loss={h['loss'][-1]:.4f} val_loss={h['val_loss'][-1]:.4f} val_mae={h['val_mae'][-1]:.4f}")
