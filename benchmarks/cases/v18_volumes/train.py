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


keras.utils.set_random_seed(181)
rng = np.random.default_rng(181)
found, kinds = make_volumes(1100, rng, noise=0.45)
x, y = [], []
for kind in range(3):
    x.append(found[kinds == kind])
    y += [kind] * len(x[-1])
x = np.concatenate(x)
y = keras.utils.to_categorical(y, 3)

model = keras.Sequential(name="volumes")
model.add(keras.Input(shape=(12, 12, 12, 1)))
model.add(layers.Conv3D(8, 3, strides=2, activation="relu"))
model.add(layers.Conv3D(16, 3, activation="relu"))
model.add(layers.GlobalAveragePooling3D())
model.add(layers.Dense(16, activation="relu"))
model.add(layers.Dense(3, activation="softmax"))
model.compile(loss="categorical_crossentropy", optimizer=keras.optimizers.Adam(6e-3), metrics=["accuracy"])
run = model.fit(x, y, validation_split=0.35, batch_size=22, epochs=18, verbose=2)
print("final", *(f"{k}={v[-1]:.4f}" for k, v in run.history.items()))
