import keras
import numpy as np
from keras import layers
from sklearn.datasets import make_friedman1

keras.utils.set_random_seed(60)
x, y = make_friedman1(n_samples=700, n_features=10, noise=3.0, random_state=60)
x = ((x - 0.5) / 0.29).astype("float32")
y = ((y - 14.4) / 5.0).astype("float32")
x_train, y_train, x_val, y_val = x[:350], y[:350], x[350:], y[350:]

model = keras.Sequential([
    keras.Input((10,)),
    layers.Dense(48, activation="relu"),
    layers.Dense(24, activation="relu"),
    layers.Dense(1),
])
model.compile(optimizer=keras.optimizers.Adam(2e-3), loss="mse", metrics=["mae"])
stop = keras.callbacks.EarlyStopping(patience=8, restore_best_weights=True)
h = model.fit(x_train, y_train, batch_size=35, epochs=100, callbacks=[stop], validation_data=(x_val, y_val), verbose=2).history
val_loss, val_mae = model.evaluate(x_val, y_val, verbose=0)
print(f"final epochs={len(h['loss'])} loss={h['loss'][-1]:.4f} val_loss={val_loss:.4f} val_mae={val_mae:.4f}")
