import keras
import numpy as np
from keras import layers

keras.utils.set_random_seed(59)
rng = np.random.default_rng(59)
n = 1900
x = rng.uniform(-1, 1, (n, 4)).astype("float32")
y = np.sin(4 * x[:, 0]) * x[:, 1] + np.cos(3 * x[:, 2]) * x[:, 3] + rng.normal(0, 0.05, n)
y = y.astype("float32")

inputs = keras.Input((4,))
h = layers.Dense(40, activation="swish")(inputs)
h = layers.Dense(40, activation="swish")(h)
model = keras.Model(inputs, layers.Dense(1)(h))
model.compile(optimizer=keras.optimizers.Adam(3e-3), loss="mse", metrics=["mae"])
stop = keras.callbacks.EarlyStopping(monitor="val_loss", min_delta=0.02, patience=1, restore_best_weights=True)
h = model.fit(x[:1280], y[:1280], batch_size=40, epochs=50, callbacks=[stop], validation_data=(x[1280:], y[1280:]), verbose=2).history
print(f"final epochs={len(h['loss'])} loss={h['loss'][-1]:.4f} val_loss={h['val_loss'][-1]:.4f} val_mae={h['val_mae'][-1]:.4f}")
