"""Segment cells in microscope tiles (small U-Net, dice as the yardstick)."""
import numpy as np
import keras
from keras import layers, ops

SIZE = 40
keras.utils.set_random_seed(30)


def tile(rng):
    yy, xx = np.mgrid[:SIZE, :SIZE]
    mask = np.zeros((SIZE, SIZE), bool)
    img = 0.35 + 0.1 * np.sin(xx / rng.uniform(6, 12) + rng.uniform(0, 6)) + np.zeros((SIZE, SIZE))
    for _ in range(rng.integers(3, 6)):
        cy, cx = rng.uniform(5, SIZE - 5, 2)
        a, b = rng.uniform(4, 7, 2)
        cell = ((yy - cy) / a) ** 2 + ((xx - cx) / b) ** 2
        mask |= cell < 1
        rim = np.abs(cell - 0.9) < 0.25
        img[cell < 1] = rng.uniform(0.3, 0.45)       # interior close to the background
        img[rim] += 0.3
    for _ in range(4):                               # scratches: bright, yet no cell
        r = rng.integers(0, SIZE)
        c = rng.integers(0, SIZE - 10)
        img[r, c:c + 10] += 0.3
    return img + rng.normal(0, 0.06, img.shape), mask


def tiles(n, seed):
    rng = np.random.default_rng(seed)
    pairs = [tile(rng) for _ in range(n)]
    x = np.stack([p[0] for p in pairs])[..., None].astype("float32")
    m = np.stack([p[1] for p in pairs])[..., None].astype("float32")
    return (x - 0.45) / 0.15, m


def dice(y_true, y_pred):
    y_pred = ops.cast(y_pred > 0.5, "float32")
    inter = ops.sum(y_true * y_pred, axis=(1, 2, 3))
    total = ops.sum(y_true, axis=(1, 2, 3)) + ops.sum(y_pred, axis=(1, 2, 3))
    return (2 * inter + 1.0) / (total + 1.0)


def double_conv(x, n):
    x = layers.Conv2D(n, 3, padding="same", activation="relu")(x)
    return layers.Conv2D(n, 3, padding="same", activation="relu")(x)


def unet():
    inp = keras.Input((SIZE, SIZE, 1))
    c1 = double_conv(inp, 8)
    c2 = double_conv(layers.MaxPooling2D()(c1), 16)
    c3 = double_conv(layers.MaxPooling2D()(c2), 32)
    u2 = layers.Concatenate()([layers.UpSampling2D()(c3), c2])
    c4 = double_conv(u2, 16)
    u1 = layers.Concatenate()([layers.UpSampling2D()(c4), c1])
    c5 = double_conv(u1, 8)
    return keras.Model(inp, layers.Conv2D(1, 1, activation="sigmoid")(c5))


x_train, m_train = tiles(500, 1)
x_val, m_val = tiles(120, 2)

model = unet()
model.compile(optimizer=keras.optimizers.Adam(1e-3), loss="binary_crossentropy", metrics=[dice])

callbacks = [
    keras.callbacks.ReduceLROnPlateau(monitor="val_dice", mode="max", factor=0.3, patience=1, min_lr=1e-7),
]
model.fit(x_train, m_train, validation_data=(x_val, m_val), epochs=14, batch_size=16,
          callbacks=callbacks, verbose=2)

loss, d = model.evaluate(x_val, m_val, verbose=0)
print(f"val_loss={loss:.4f} val_dice={d:.4f}")
