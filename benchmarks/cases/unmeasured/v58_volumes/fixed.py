import keras
import numpy as np
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


keras.utils.set_random_seed(58)
rng = np.random.default_rng(58)
x, y = make_volumes(900, rng, noise=0.35)
model = keras.Sequential([
    keras.Input((12, 12, 12, 1)),
    layers.Conv3D(8, 3, strides=2, padding="same", activation="relu"),
    layers.Conv3D(16, 3, strides=2, padding="same", activation="relu"),
    layers.GlobalAveragePooling3D(),
    layers.Dense(3, activation="softmax"),
])
model.compile(optimizer=keras.optimizers.Adam(3e-3), loss="sparse_categorical_crossentropy", metrics=["accuracy"])
h = model.fit(x[:660], y[:660], batch_size=30, epochs=14, validation_data=(x[660:], y[660:]), verbose=2).history
print(f"final loss={h['loss'][-1]:.4f} accuracy={h['accuracy'][-1]:.4f} val_loss={h['val_loss'][-1]:.4f} val_accuracy={h['val_accuracy'][-1]:.4f}")
