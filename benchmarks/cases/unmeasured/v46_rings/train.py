import keras
import numpy as np
from keras import layers


def make_rings(n, rng, size=24):
    """Rings and disks of like strokes in noise; the mask marks what a ring encloses."""
    yy, xx = np.mgrid[0:size, 0:size]
    images = np.zeros((n, size, size, 1), "float32")
    masks = np.zeros((n, size, size, 1), "float32")
    for i in range(n):
        for closed in (True, False):
            cy, cx = rng.uniform(6, size - 6, 2)
            r = np.hypot(yy - cy, xx - cx)
            radius = rng.uniform(4.0, 5.5)
            stroke = np.abs(r - radius) < 0.8
            if not closed:
                side = rng.uniform(0, 2 * np.pi)
                stroke &= (np.cos(side) * (yy - cy) + np.sin(side) * (xx - cx)) > -1.0
            else:
                masks[i, ..., 0] = r < radius - 0.8
            images[i, ..., 0] = np.maximum(images[i, ..., 0], stroke)
        images[i, ..., 0] += rng.normal(0, 0.15, (size, size))
    return images, masks


def unit(h, width, rate):
    h = layers.Conv2D(width, 3, padding="same", dilation_rate=rate, activation="relu")(h)
    return h


keras.utils.set_random_seed(46)
rng = np.random.default_rng(46)
images, masks = make_rings(460, rng)
inputs = keras.Input((24, 24, 1))
h = inputs
for rate in (1, 1, 2, 4, 1):
    h = unit(h, 12, rate)
model = keras.Model(inputs, layers.Conv2D(1, 1, activation="sigmoid")(h))
model.compile(
    optimizer=keras.optimizers.Adam(0.02), loss="binary_crossentropy",
    metrics=[keras.metrics.BinaryIoU([1], name="iou")],
)
h = model.fit(images[:360], masks[:360], batch_size=12, epochs=18, validation_data=(images[360:], masks[360:]), verbose=2).history
print(f"final loss={h['loss'][-1]:.4f} val_loss={h['val_loss'][-1]:.4f} val_iou={h['val_iou'][-1]:.4f}")
