import keras
import numpy as np
import tensorflow as tf
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


keras.utils.set_random_seed(43)
rng = np.random.default_rng(43)
x, y = make_tiles(1500, rng)
x = (x - x[:1200].mean(axis=(0, 1, 2))) / x[:1200].std(axis=(0, 1, 2))
train = tf.data.Dataset.from_tensor_slices((x[:1200], y[:1200])).cache().shuffle(1200, seed=43).batch(24)
valid = tf.data.Dataset.from_tensor_slices((x[1200:], y[1200:])).batch(100)
model = keras.Sequential([
    keras.Input((16, 16, 6)),
    layers.SeparableConv2D(16, 3, activation="relu"),
    layers.MaxPooling2D(2),
    layers.SeparableConv2D(24, 3, activation="relu"),
    layers.GlobalAveragePooling2D(),
    layers.Dense(5, activation="softmax"),
])
model.compile(optimizer=keras.optimizers.AdamW(4e-3, weight_decay=8.0), loss="sparse_categorical_crossentropy", metrics=["accuracy"])
h = model.fit(train, validation_data=valid, epochs=14, verbose=2).history
print(f"final loss={h['loss'][-1]:.4f} accuracy={h['accuracy'][-1]:.4f} val_loss={h['val_loss'][-1]:.4f} val_accuracy={h['val_accuracy'][-1]:.4f}")
