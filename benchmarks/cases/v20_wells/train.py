import numpy as np
import keras
from keras import layers

keras.utils.set_random_seed(20)
rng = np.random.default_rng(20)
n = 2000
depth, salt, flow, heat = rng.uniform(-1, 1, (4, n))
y = np.sin(2 * depth) * salt + 0.8 * flow * heat - 0.5 * depth
y = (y + rng.normal(0, 0.05, n)).astype("float32")[:, None]
x = np.stack([depth, salt, flow, heat], axis=1).astype("float32")
x_train, y_train, x_val, y_val = x[:1500], y[:1500], x[1500:], y[1500:]


class Tower(keras.Model):
    """Eight equal layers and a linear read-out."""

    def __init__(self, width=20, depth=8, **kwargs):
        super().__init__(**kwargs)
        self.steps = [layers.Dense(width, activation="hard_sigmoid", name=f"step{i}") for i in range(depth)]
        self.read_out = layers.Dense(1, name="read_out")

    def call(self, x):
        for step in self.steps:
            x = step(x)
        return self.read_out(x)


model = Tower()
model.compile(optimizer=keras.optimizers.Adam(2e-3), loss="mse", metrics=["mae"])
log = model.fit(x_train, y_train, epochs=20, batch_size=32, validation_data=(x_val, y_val), verbose=2)
h = log.history
print(f"final loss={h['loss'][-1]:.5f} val_loss={h['val_loss'][-1]:.5f} val_mae={h['val_mae'][-1]:.4f}")
