import keras
import numpy as np
from keras import layers

keras.utils.set_random_seed(22)
rng = np.random.default_rng(22)
steps, n = 30, 1500
push = rng.normal(0, 1, (n, steps, 1)).astype("float32")
gate = (rng.random((n, steps, 1)) < 0.25).astype("float32")
x = np.concatenate([push, gate], axis=2)
y = (push * gate).sum(axis=1) / 2
x_train, y_train, x_val, y_val = x[:1200], y[:1200], x[1200:], y[1200:]

model = keras.Sequential()
model.add(keras.Input((steps, 2)))
model.add(layers.Conv1D(16, 1, activation="relu"))
model.add(layers.SimpleRNN(24, activation="relu", recurrent_initializer="identity"))
model.add(layers.Dense(1))
model.compile(loss="mse", metrics=["mae"], optimizer=keras.optimizers.SGD(learning_rate=0.005, momentum=0.9))
h = model.fit(x_train, y_train, batch_size=28, epochs=12, validation_data=(x_val, y_val), verbose=2).history
print(f"final loss={h['loss'][-1]:.4f} val_loss={h['val_loss'][-1]:.4f} val_mae={h['val_mae'][-1]:.4f}")
