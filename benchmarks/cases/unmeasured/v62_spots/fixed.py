import keras
import numpy as np
from keras import layers


def make_plates(n, rng, size=24):
    """Plates with two to five small bright spots; the mask marks the spots."""
    yy, xx = np.mgrid[0:size, 0:size]
    plates = rng.normal(0, 0.25, (n, size, size, 1)) + rng.uniform(-0.3, 0.3, (n, 1, 1, 1))
    masks = np.zeros((n, size, size, 1), "float32")
    for i in range(n):
        for cy, cx in rng.uniform(2, size - 2, (rng.integers(2, 6), 2)):
            spot = np.hypot(yy - cy, xx - cx) < rng.uniform(1.0, 1.9)
            masks[i, spot] = 1
    return (plates + 0.6 * masks).astype("float32"), masks


keras.utils.set_random_seed(62)
rng = np.random.default_rng(62)
plates, masks = make_plates(500, rng)
inputs = keras.Input((24, 24, 1))
a = layers.Conv2D(12, 3, padding="same", activation="relu")(inputs)
b = layers.Conv2D(16, 3, strides=2, padding="same", activation="relu")(a)
b = layers.Conv2D(16, 3, padding="same", activation="relu")(b)
b = layers.UpSampling2D()(b)
c = layers.Conv2D(12, 3, padding="same", activation="relu")(layers.Concatenate()([a, b]))
model = keras.Model(inputs, layers.Conv2D(1, 1, activation="sigmoid")(c))
model.compile(optimizer=keras.optimizers.Adam(3e-3), loss="binary_crossentropy", metrics=[keras.metrics.BinaryIoU([1], name="iou")])
h = model.fit(plates[:380], masks[:380], batch_size=10, epochs=12, validation_data=(plates[380:], masks[380:]), verbose=2).history
print(f"final loss={h['loss'][-1]:.4f} val_loss={h['val_loss'][-1]:.4f} val_iou={h['val_iou'][-1]:.4f}")
