import keras
import numpy as np
from keras import layers


def make_windows(n, rng, steps=64, noise=0.5):
    """Three axes in g, one of four activities a window: rest, walk, stairs, run."""
    t = np.arange(steps) / 32
    y = rng.integers(0, 4, n)
    pace = np.array([0.0, 1.8, 1.6, 2.7])[y] * rng.uniform(0.85, 1.15, n)
    swing = np.array([0.02, 0.35, 0.35, 0.9])[y] * rng.uniform(0.6, 1.4, n)
    phase = rng.uniform(0, 2 * np.pi, n)
    angle = 2 * np.pi * pace[:, None] * t + phase[:, None]
    x = np.stack([0.4 * np.sin(angle / 2), np.sin(angle), 0.6 * np.cos(angle)], -1) * swing[:, None, None]
    x[y == 2, :, 1] += 0.3 * np.sin(2 * angle[y == 2])
    x += rng.normal(0, 0.25, (n, 1, 3)) + np.array([0.0, 1.0, 0.0])
    return (x + rng.normal(0, noise * 0.3, x.shape)).astype("float32"), y


class Residual(layers.Layer):
    def __init__(self, width, dilation, **kwargs):
        super().__init__(**kwargs)
        self.norm = layers.LayerNormalization()
        self.conv = layers.Conv1D(width, 3, padding="same", dilation_rate=dilation, activation="gelu")
        self.back = layers.Conv1D(width, 1, kernel_initializer="zeros")

    def call(self, x):
        return x + self.back(self.conv(self.norm(x)))


keras.utils.set_random_seed(503)
rng = np.random.default_rng(503)
x, y = make_windows(1200, rng, noise=0.6)
inputs = keras.Input((64, 3))
h = layers.Conv1D(12, 5, strides=2, padding="same")(inputs)
for i in range(7):
    h = Residual(12, 2 ** (i % 4), name=f"residual{i}")(h)
h = layers.LayerNormalization()(h)
h = layers.GlobalAveragePooling1D()(h)
model = keras.Model(inputs, layers.Dense(4, activation="softmax")(h))
model.compile(optimizer=keras.optimizers.Adam(2e-3), loss="sparse_categorical_crossentropy", metrics=["accuracy"])
h = model.fit(x[:880], y[:880], batch_size=22, epochs=8, validation_data=(x[880:], y[880:]), verbose=2).history
print(f"final loss={h['loss'][-1]:.4f} accuracy={h['accuracy'][-1]:.4f} val_loss={h['val_loss'][-1]:.4f} val_accuracy={h['val_accuracy'][-1]:.4f}")
