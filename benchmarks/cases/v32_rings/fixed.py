import numpy as np
import keras
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


keras.utils.set_random_seed(32)
rng = np.random.default_rng(32)
images, masks = make_rings(400, rng)
inputs = keras.Input((24, 24, 1))
h = layers.Conv2D(12, 3, padding="same", activation="relu")(inputs)
h = layers.Conv2D(12, 3, padding="same", activation="relu")(h)
for rate in (2, 4, 1):
    h = layers.Conv2D(12, 3, padding="same", dilation_rate=rate, activation="relu")(h)
inside = layers.Conv2D(1, 1, activation="sigmoid")(h)
model = keras.Model(inputs, inside)
iou = keras.metrics.BinaryIoU(target_class_ids=[1], name="iou")
model.compile(optimizer=keras.optimizers.Adam(3e-3), loss="binary_crossentropy", metrics=[iou])
h = model.fit(images[:320], masks[:320], batch_size=10, epochs=16, validation_data=(images[320:], masks[320:]), verbose=2).history
print(f"final loss={h['loss'][-1]:.4f} val_loss={h['val_loss'][-1]:.4f} val_iou={h['val_iou'][-1]:.4f}")
