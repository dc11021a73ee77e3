import numpy as np
import tensorflow as tf
import keras
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


keras.utils.set_random_seed(66)
rng = np.random.default_rng(66)
tiles, cover = make_tiles(1900, rng)
train = tf.data.Dataset.from_tensor_slices((tiles[:1500], cover[:1500])).shuffle(1500, seed=1).batch(30).prefetch(2)
valid = tf.data.Dataset.from_tensor_slices((tiles[1500:], cover[1500:])).batch(100)


def build_model():
    inputs = keras.Input((16, 16, 6))
    h = inputs
    for width in (16, 24):
        h = layers.Conv2D(width, 3, padding="same")(h)
        h = layers.Activation("relu")(h)
        h = layers.MaxPooling2D()(h)
    h = layers.GlobalAveragePooling2D()(h)
    h = layers.Dense(24, activation="relu")(h)
    return keras.Model(inputs, layers.Dense(5, activation="softmax")(h))


model = build_model()
model.compile(optimizer=keras.optimizers.SGD(0.05, momentum=0.9), loss="sparse_categorical_crossentropy", metrics=["accuracy"])
h = model.fit(train, validation_data=valid, epochs=20, verbose=2).history
print(f"final loss={h['loss'][-1]:.4f} val_loss={h['val_loss'][-1]:.4f} val_accuracy={h['val_accuracy'][-1]:.4f}")
