import keras
import numpy as np
import tensorflow as tf
from keras import layers


def make_fruit(n, rng, size=20):
    """A disk of one of four hues on a coloured ground, RGB in 0..1."""
    yy, xx = np.mgrid[0:size, 0:size]
    hues = np.array([[0.85, 0.25, 0.2], [0.9, 0.75, 0.2], [0.35, 0.75, 0.25], [0.4, 0.25, 0.7]])
    kind = rng.integers(0, 4, n)
    images = np.empty((n, size, size, 3), "float32")
    for i, k in enumerate(kind):
        ground = rng.uniform(0.2, 0.8, 3)
        cy, cx = rng.uniform(0.35 * size, 0.65 * size, 2)
        disk = np.hypot(yy - cy, xx - cx) < rng.uniform(3, 7)
        colour = hues[k] * rng.uniform(0.6, 1.1) + rng.normal(0, 0.06, 3)
        images[i] = np.where(disk[..., None], colour, ground) + rng.normal(0, 0.1, (size, size, 3))
    return np.clip(images, 0, 1), kind


def stream(images, kinds, batch, rng=None):
    """Endless batches of images scaled to -1..1."""
    while True:
        order = rng.permutation(len(images)) if rng else np.arange(len(images))
        for i in range(0, len(order) - batch + 1, batch):
            rows = order[i:i + batch]
            x = images[rows]
            if rng:
                x = x[:, :, :: rng.choice([1, -1])]
            else:
                x = x[..., ::-1]
            yield 2 * x - 1, kinds[rows]


keras.utils.set_random_seed(88)
rng = np.random.default_rng(88)
images, kinds = make_fruit(1600, rng)
x = keras.Input((20, 20, 3))
h = layers.Conv2D(12, 3, strides=2, padding="same", activation="elu")(x)
h = layers.DepthwiseConv2D(3, padding="same", activation="elu")(h)
h = layers.Conv2D(24, 1, activation="elu")(h)
h = layers.MaxPooling2D(2)(h)
h = layers.Flatten()(h)
h = layers.Dropout(0.25)(h)
model = keras.Model(x, layers.Dense(4, activation="softmax")(h))
model.compile(optimizer=keras.optimizers.Adam(1e-3), loss="sparse_categorical_crossentropy", metrics=["accuracy"])
h = model.fit(
    stream(images[:1280], kinds[:1280], 32, rng), steps_per_epoch=40, epochs=15,
    validation_data=stream(images[1280:], kinds[1280:], 40), validation_steps=8, verbose=2,
).history
print(f"final accuracy={h['accuracy'][-1]:.4f} val_accuracy={h['val_accuracy'][-1]:.4f} val_loss={h['val_loss'][-1]:.4f}")
