import keras
import numpy as np
from keras import layers


def make_tiles(n, rng, size=16):
    """12-bit reflectances in six bands; water, forest, field, town or bare soil."""
    spectra = np.array([
        [420, 380, 300, 180, 120, 90],
        [300, 420, 330, 1900, 1100, 600],
        [480, 640, 560, 2000, 1500, 900],
        [820, 860, 900, 1300, 1450, 1300],
        [760, 900, 1050, 1500, 1800, 1500],
    ])
    y = rng.integers(0, 5, n)
    light = rng.uniform(0.6, 1.4, (n, 1, 1, 1))
    grain = np.array([0.04, 0.16, 0.10, 0.30, 0.12])[y].reshape(-1, 1, 1, 1)
    other = spectra[rng.integers(0, 5, n)]
    share = rng.uniform(0, 0.45, (n, 1))
    base = (1 - share) * spectra[y] + share * other
    tiles = base[:, None, None, :] * light * (1 + grain * rng.normal(0, 1, (n, size, size, 1)))
    tiles += rng.normal(0, 60, tiles.shape)
    return np.clip(tiles, 0, 4095).astype("float32"), y


keras.utils.set_random_seed(47)
rng = np.random.default_rng(47)
x, y = make_tiles(1600, rng)
x = x / 1000 - 1
inputs = keras.Input((16, 16, 6))
h = layers.Conv2D(16, 3, activation="relu")(inputs)
h = layers.MaxPooling2D()(h)
h = layers.Conv2D(24, 3, activation="relu")(h)
h = layers.GlobalAveragePooling2D()(h)
model = keras.Model(inputs, layers.Dense(5, activation="softmax")(h))
model.compile(optimizer=keras.optimizers.Adam(2e-4), loss="sparse_categorical_crossentropy", metrics=["accuracy"])
h = model.fit(x[:1200], y[:1200], batch_size=24, epochs=12, validation_data=(x[1200:], y[1200:]), verbose=2).history
print(f"final loss={h['loss'][-1]:.4f} accuracy={h['accuracy'][-1]:.4f} val_loss={h['val_loss'][-1]:.4f} val_accuracy={h['val_accuracy'][-1]:.4f}")
