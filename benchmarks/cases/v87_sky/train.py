"""Estimate PV output (share of the installed power) from all-sky camera frames."""
import numpy as np
import keras
from keras import layers

SIZE = 24


def frame(rng):
    """Sky with a sun whose height sets the light, and clouds that may cover it."""
    yy, xx = np.mgrid[:SIZE, :SIZE]
    height = rng.uniform(-0.4, 1.0)                   # below 0: night
    light = np.clip(height, 0, 1)
    sky = 0.08 + 0.5 * light
    img = np.full((SIZE, SIZE), sky)
    sy, sx = rng.uniform(4, SIZE - 4, 2)
    disc = np.exp(-((yy - sy) ** 2 + (xx - sx) ** 2) / 6.0)
    cover = rng.random() < 0.5
    opacity = rng.uniform(0.3, 0.9) if cover else 0.0
    img += 0.8 * light * (1 - opacity) * disc
    for _ in range(rng.integers(1, 5)):
        cy, cx = rng.uniform(0, SIZE, 2)
        img += 0.12 * np.exp(-((yy - cy) ** 2 + (xx - cx) ** 2) / 20.0)
    power = light ** 1.5 * (1 - 0.8 * opacity)
    return img + rng.normal(0, 0.03, img.shape), power


def collect(n, seed):
    rng = np.random.default_rng(seed)
    frames, power = zip(*(frame(rng) for _ in range(n)))
    return np.stack(frames)[..., None].astype("float32"), np.array(power, "float32")[:, None]


def batches(x, y, size, seed):
    rng = np.random.default_rng(seed)
    while True:
        order = rng.permutation(len(x))
        for i in range(0, len(x) - size + 1, size):
            pick = order[i:i + size]
            yield x[pick], y[pick]


def make_model():
    inp = keras.Input((SIZE, SIZE, 1), name="frame")
    x = layers.Conv2D(16, 3, padding="same", activation="relu")(inp)
    x = layers.MaxPooling2D()(x)
    x = layers.Conv2D(32, 3, padding="same", activation="relu")(x)
    x = layers.MaxPooling2D()(x)
    x = layers.Conv2D(32, 3, padding="same", activation="relu")(x)
    x = layers.Concatenate()([layers.GlobalAveragePooling2D()(x), layers.GlobalMaxPooling2D()(x)])
    x = layers.Dense(32, activation="relu")(x)
    return keras.Model(inp, layers.Dense(1, name="power")(x))


keras.utils.set_random_seed(9)
x_train, p_train = collect(2400, 1)
x_val, p_val = collect(600, 2)

model = make_model()
model.compile(optimizer=keras.optimizers.Adam(1e-3), loss="mape", metrics=["mae"])
model.fit(batches(x_train, p_train, 32, 0), steps_per_epoch=75, epochs=12,
          validation_data=(x_val, p_val), verbose=2)

pred = model.predict(x_val, verbose=0)
r2 = 1 - np.sum((pred - p_val) ** 2) / np.sum((p_val - p_val.mean()) ** 2)
print(f"val MAE {np.abs(pred - p_val).mean():.4f}  val R2 {r2:.4f}")
