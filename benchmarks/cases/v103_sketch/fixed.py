"""Denoising of 20x20 shape sketches by a convolution applied over and over (shared weights)."""
import keras
import numpy as np
from keras import layers

SIZE = 20
STEPS = 10


def sketch(rng):
    yy, xx = np.mgrid[:SIZE, :SIZE]
    img = np.zeros((SIZE, SIZE))
    for _ in range(rng.integers(1, 4)):
        cy, cx, r = rng.uniform(3, 17), rng.uniform(3, 17), rng.uniform(2.5, 5)
        if rng.random() < 0.5:
            m = (yy - cy) ** 2 + (xx - cx) ** 2 < r * r
        else:
            m = (abs(yy - cy) < r) & (abs(xx - cx) < 0.7 * r)
        img[m] = rng.uniform(0.4, 1.0)
    return img


def pairs(n, rng):
    clean = np.stack([sketch(rng) for _ in range(n)])[..., None]
    noisy = clean + rng.normal(0, 0.3, clean.shape)
    return noisy.astype("float32"), clean.astype("float32")


def build(channels=12):
    inp = keras.Input((SIZE, SIZE, 1))
    embed = layers.Conv2D(channels, 3, padding="same")(inp)
    conv_a = layers.Conv2D(channels, 3, padding="same", activation="relu")
    conv_b = layers.Conv2D(channels, 3, padding="same")
    h = embed
    for _ in range(STEPS):
        h = layers.add([h, conv_b(conv_a(h))])
    out = layers.Conv2D(1, 3, padding="same")(h)
    return keras.Model(inp, out)


def main():
    keras.utils.set_random_seed(17)
    rng = np.random.default_rng(17)
    x, y = pairs(800, rng)
    xv, yv = pairs(160, rng)
    model = build()
    model.compile(optimizer=keras.optimizers.SGD(0.015, momentum=0.9, clipnorm=1.0), loss="mse", metrics=["mae"])
    model.fit(x, y, validation_data=(xv, yv), batch_size=32, epochs=7, verbose=2)
    mse, mae = model.evaluate(xv, yv, verbose=0)
    print(f"noisy input mse {np.mean((xv - yv) ** 2):.4f}")
    print(f"val mse {mse:.5f}  val mae {mae:.4f}")


if __name__ == "__main__":
    main()
