import keras
import numpy as np
from keras import layers

keras.utils.set_random_seed(506)
rng = np.random.default_rng(506)
n = 2600
t = np.arange(32) / 32
slope = rng.normal(0, 1, n)
x = slope[:, None] * t + rng.normal(0, 0.2, (n, 32)) + rng.normal(0, 1, (n, 1))
next_day = (0.5 * slope + rng.normal(0, 1.0, n)).astype("float32")
x = x.astype("float32")[..., None]

inputs = keras.Input((32, 1))
h = layers.Conv1D(8, 5, strides=2, activation="tanh")(inputs)
h = layers.Conv1D(8, 5, activation="tanh")(h)
h = layers.GlobalAveragePooling1D()(h)
model = keras.Model(inputs, layers.Dense(1)(h))
model.compile(optimizer=keras.optimizers.Adam(2e-3), loss="mse", metrics=["mae"])
h = model.fit(x[:2000], next_day[:2000], batch_size=40, epochs=14, validation_data=(x[2000:], next_day[2000:]), verbose=2).history
print(f"final loss={h['loss'][-1]:.4f} val_loss={h['val_loss'][-1]:.4f} val_mae={h['val_mae'][-1]:.4f}")
