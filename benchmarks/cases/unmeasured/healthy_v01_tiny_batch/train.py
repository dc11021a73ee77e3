import keras
import numpy as np
from keras import layers

keras.utils.set_random_seed(501)
rng = np.random.default_rng(501)
x = rng.uniform(-1, 1, (700, 2)).astype("float32")
y = (x[:, 0] * x[:, 1] > 0).astype("float32")
keep = np.abs(x).min(axis=1) > 0.05
x, y = x[keep], y[keep]
model = keras.Sequential([
    keras.Input((2,)),
    layers.Dense(16, activation="relu"),
    layers.Dense(8, activation="relu"),
    layers.Dense(1, activation="sigmoid"),
])
model.compile(optimizer=keras.optimizers.Adam(3e-3), loss="binary_crossentropy", metrics=["accuracy"])
h = model.fit(x[:300], y[:300], batch_size=2, epochs=12, validation_data=(x[300:], y[300:]), verbose=2).history
print(f"final loss={h['loss'][-1]:.4f} val_loss={h['val_loss'][-1]:.4f} val_accuracy={h['val_accuracy'][-1]:.4f}")
