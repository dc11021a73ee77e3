import keras
import numpy as np
from keras import layers


def make_scans(n, rng, size=16, noise=0.8):
    """Stripes under one of six angles, in noise."""
    yy, xx = np.mgrid[0:size, 0:size]
    kind = rng.integers(0, 6, n)
    angle = (kind * np.pi / 6 + rng.normal(0, 0.08, n)).reshape(-1, 1, 1)
    wave = 2 * np.pi * rng.uniform(0.12, 0.22, (n, 1, 1))
    stripes = np.sin(wave * (xx * np.cos(angle) + yy * np.sin(angle)) + rng.uniform(0, 6.3, (n, 1, 1)))
    return (stripes + rng.normal(0, noise, stripes.shape)).astype("float32")[..., None], kind


keras.utils.set_random_seed(42)
rng = np.random.default_rng(42)
x, kind = make_scans(1500, rng, noise=0.6)
rate = 0.05
inputs = keras.Input((16, 16, 1))
h = layers.Conv2D(8, 5, strides=2, padding="same", activation="relu")(inputs)
h = layers.SpatialDropout2D(rate)(h)
h = layers.Conv2D(12, 3, strides=2, padding="same", activation="relu")(h)
h = layers.SpatialDropout2D(rate)(h)
h = layers.Flatten()(h)
h = layers.Dense(20, activation="relu")(h)
h = layers.Dropout(rate)(h)
model = keras.Model(inputs, layers.Dense(6, activation="softmax")(h))
model.compile(optimizer=keras.optimizers.Adam(2e-3), loss="sparse_categorical_crossentropy", metrics=["accuracy"])
h = model.fit(x[:1200], kind[:1200], batch_size=30, epochs=14, validation_data=(x[1200:], kind[1200:]), verbose=2).history
print(f"final loss={h['loss'][-1]:.4f} accuracy={h['accuracy'][-1]:.4f} val_loss={h['val_loss'][-1]:.4f} val_accuracy={h['val_accuracy'][-1]:.4f}")
