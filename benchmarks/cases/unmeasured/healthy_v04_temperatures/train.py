import keras
import numpy as np
from keras import layers

keras.utils.set_random_seed(504)
rng = np.random.default_rng(504)
n = 3000
celsius = rng.uniform(-15, 45, n)
humidity = rng.uniform(5, 100, n)
pressure = rng.normal(1013, 9, n)
wind = rng.gamma(2.0, 6.0, n)
felt = celsius - 0.02 * wind * (30 - celsius) / 3 + 0.002 * humidity * np.maximum(celsius - 20, 0) ** 1.5
felt = ((felt + rng.normal(0, 0.8, n)) / 10).astype("float32")
x = np.stack([celsius, humidity, pressure, wind], axis=1).astype("float32")

model = keras.Sequential([
    keras.Input((4,)),
    layers.Normalization(mean=[15.0, 52.0, 1013.0, 12.0], variance=[300.0, 750.0, 81.0, 72.0]),
    layers.Dense(24, activation="elu"),
    layers.Dense(24, activation="elu"),
    layers.Dense(1),
])
model.compile(optimizer=keras.optimizers.Adam(3e-3), loss="mse", metrics=["mae"])
h = model.fit(x[:2400], felt[:2400], batch_size=40, epochs=14, validation_data=(x[2400:], felt[2400:]), verbose=2).history
print(f"final loss={h['loss'][-1]:.5f} val_loss={h['val_loss'][-1]:.5f} val_mae={h['val_mae'][-1]:.4f}")
