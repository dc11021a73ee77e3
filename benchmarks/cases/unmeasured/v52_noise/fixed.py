import keras
import numpy as np
from keras import layers

keras.utils.set_random_seed(52)
rng = np.random.default_rng(52)
n = 1200
x = rng.normal(0, 1, (n, 12)).astype("float32")
signal = np.tanh(x[:, 0] + x[:, 1]) + 0.6 * x[:, 2] * (x[:, 3] > 0) - 0.4 * np.abs(x[:, 4])
y = (signal + rng.normal(0, 0.7, n)).astype("float32")

model = keras.Sequential()
model.add(keras.Input((12,)))
model.add(layers.Dense(10, activation="relu"))
model.add(layers.Dense(1))
model.compile(optimizer=keras.optimizers.SGD(0.005, momentum=0.9), loss="mse", metrics=["mae"])
h = model.fit(x[:600], y[:600], batch_size=12, epochs=5, validation_data=(x[600:], y[600:]), verbose=2).history
print(f"final loss={h['loss'][-1]:.4f} val_loss={h['val_loss'][-1]:.4f} val_mae={h['val_mae'][-1]:.4f}")
