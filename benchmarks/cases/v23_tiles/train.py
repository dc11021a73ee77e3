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


class TileNet(keras.Model):
    def __init__(self, classes):
        super().__init__(name="tile_net")
        self.scale = layers.Normalization(axis=-1)
        self.first = layers.Conv2D(12, 3, strides=2, padding="same")
        self.second = layers.Conv2D(16, 3, strides=2, padding="same")
        self.third = layers.Conv2D(16, 3, padding="same")
        self.relu = layers.ReLU(threshold=1.5)
        self.pool = layers.GlobalAveragePooling2D()
        self.out = layers.Dense(classes, activation="softmax")

    def call(self, x):
        x = self.relu(self.first(self.scale(x)))
        x = self.relu(self.second(x))
        x = self.relu(self.third(x))
        return self.out(self.pool(x))


keras.utils.set_random_seed(230)
rng = np.random.default_rng(230)
x, y = make_tiles(1600, rng)
model = TileNet(5)
model.scale.adapt(x[:1200])
model.compile(optimizer=keras.optimizers.Adam(1.5e-3), loss="sparse_categorical_crossentropy", metrics=["accuracy"])
h = model.fit(x[:1200], y[:1200], batch_size=24, epochs=16, validation_data=(x[1200:], y[1200:]), verbose=2).history
print(f"final loss={h['loss'][-1]:.4f} accuracy={h['accuracy'][-1]:.4f} val_accuracy={h['val_accuracy'][-1]:.4f}")
