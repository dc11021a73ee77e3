import keras
import numpy as np
from keras import layers


def make_parts(n, rng, size=24):
    """A part (disk, square or cross) somewhere in the picture, and its centre in pixels."""
    yy, xx = np.mgrid[0:size, 0:size]
    kind = rng.integers(0, 3, n)
    centre = rng.uniform(6, size - 6, (n, 2))
    images = np.empty((n, size, size, 1), "float32")
    for i, (cy, cx) in enumerate(centre):
        dy, dx, r = np.abs(yy - cy), np.abs(xx - cx), rng.uniform(3, 5)
        if kind[i] == 0:
            shape = np.hypot(dy, dx) < r
        elif kind[i] == 1:
            shape = np.maximum(dy, dx) < 0.85 * r
        else:
            shape = (np.minimum(dy, dx) < 1) & (np.maximum(dy, dx) < 1.2 * r)
        images[i, ..., 0] = shape + rng.normal(0, 0.12, (size, size))
    return images, kind, centre.astype("float32")


class Parts(keras.Model):
    """Kind and centre from one trunk."""

    def __init__(self):
        super().__init__()
        self.trunk = keras.Sequential([
            layers.Conv2D(12, 3, strides=2, padding="same", activation="relu"),
            layers.Conv2D(16, 3, strides=2, padding="same", activation="relu"),
        ])
        self.kind = keras.Sequential([layers.GlobalMaxPooling2D(), layers.Dense(3, activation="softmax")])
        self.centre = keras.Sequential([layers.Flatten(), layers.Dense(24, activation="relu"), layers.Dense(2)])

    def call(self, x):
        h = self.trunk(x)
        return {"kind": self.kind(h), "centre": self.centre(h)}


keras.utils.set_random_seed(48)
rng = np.random.default_rng(48)
images, kind, centre = make_parts(1300, rng)
centre = (centre - 12) / 5
model = Parts()
model.compile(
    optimizer=keras.optimizers.SGD(1e-2, momentum=0.9),
    loss={"kind": "sparse_categorical_crossentropy", "centre": "mse"},
    metrics={"kind": ["accuracy"], "centre": ["mae"]},
)
h = model.fit(
    images[:1000], {"kind": kind[:1000], "centre": centre[:1000]}, batch_size=20, epochs=12,
    validation_data=(images[1000:], {"kind": kind[1000:], "centre": centre[1000:]}), verbose=2,
).history
print(f"final loss={h['loss'][-1]:.4f} val_loss={h['val_loss'][-1]:.4f} val_kind_accuracy={h['val_kind_accuracy'][-1]:.4f} val_centre_mae={h['val_centre_mae'][-1]:.4f}")
