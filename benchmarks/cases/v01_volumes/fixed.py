import numpy as np
import keras
from keras import layers


def make_volumes(n, rng, size=12, noise=0.5):
    z, y, x = np.mgrid[0:size, 0:size, 0:size]
    kinds = rng.integers(0, 3, n)
    volumes = np.empty((n, size, size, size, 1), "float32")
    for i, kind in enumerate(kinds):
        offsets = [axis - c for axis, c in zip((z, y, x), rng.uniform(0.4 * size, 0.6 * size, 3))]
        r = np.sqrt(sum(o**2 for o in offsets))
        if kind == 0:
            body = r < rng.uniform(2.2, 3.6)
        elif kind == 1:
            body = np.abs(r - rng.uniform(2.8, 4.2)) < 0.7
        else:
            a, b = rng.permutation(offsets)[:2]
            body = np.hypot(a, b) < rng.uniform(1.0, 1.9)
        volumes[i, ..., 0] = body + rng.normal(0, noise, (size, size, size))
    return volumes, kinds


keras.utils.set_random_seed(101)
rng = np.random.default_rng(101)
volumes, kinds = make_volumes(1000, rng, noise=0.7)
x_train, y_train = volumes[:700], kinds[:700]
x_val, y_val = volumes[700:], kinds[700:]

inputs = keras.Input((12, 12, 12, 1))
h = layers.Conv3D(8, 3, strides=2, padding="same", activation="relu")(inputs)
h = layers.Conv3D(16, 3, strides=2, padding="same", activation="relu")(h)
h = layers.Flatten()(h)
h = layers.Dense(32, activation="relu")(h)
outputs = layers.Dense(3, activation="softmax")(h)
model = keras.Model(inputs, outputs)
model.compile(keras.optimizers.Adam(1e-3), "sparse_categorical_crossentropy", metrics=["accuracy"])
history = model.fit(x_train, y_train, batch_size=15, epochs=8, validation_data=(x_val, y_val), verbose=2).history
print(f"final accuracy={history['accuracy'][-1]:.4f} val_accuracy={history['val_accuracy'][-1]:.4f} val_loss={history['val_loss'][-1]:.4f}")
