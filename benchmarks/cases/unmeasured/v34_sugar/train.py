import keras
import numpy as np
from keras import layers
from sklearn.datasets import load_diabetes
from sklearn.preprocessing import StandardScaler

keras.utils.set_random_seed(34)
x, y = load_diabetes(return_X_y=True, scaled=False)
order = np.random.default_rng(34).permutation(len(y))
x, y = x[order], ((y[order] - 152) / 77).astype("float32")
scaler = StandardScaler().fit(x[:300])
x = scaler.transform(x).astype("float32")

inputs = keras.Input((10,))
h = layers.Dense(256, activation="relu")(inputs)
h = layers.Dense(256, activation="relu")(h)
h = layers.Dense(256, activation="relu")(h)
model = keras.Model(inputs, layers.Dense(1)(h))
model.compile(optimizer=keras.optimizers.Adam(3e-3), loss="mse", metrics=["mae"])
h = model.fit(x[:300], y[:300], batch_size=30, epochs=60, validation_data=(x[300:], y[300:]), verbose=2).history
print(f"final loss={h['loss'][-1]:.4f} val_loss={h['val_loss'][-1]:.4f} val_mae={h['val_mae'][-1]:.4f}")
