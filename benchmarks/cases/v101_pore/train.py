"""Segment pores in microscope tiles (encoder-decoder)."""
import keras
import numpy as np
from keras import layers

SETTINGS = {"size": 64, "filters": 12, "levels": 4, "tiles": 500, "epochs": 10, "batch": 20, "lr": 3e-3}


def smooth_noise(size, cutoff, rng):
    spec = np.fft.fft2(rng.normal(size=(size, size)))
    f = np.hypot(*np.meshgrid(np.fft.fftfreq(size), np.fft.fftfreq(size)))
    out = np.real(np.fft.ifft2(spec * np.exp(-(f / cutoff) ** 2)))
    return (out - out.mean()) / out.std()


def tile(size, rng):
    pores = smooth_noise(size, 0.12, rng) > 0.15
    light = 0.4 * smooth_noise(size, 0.02, rng)
    img = 1.0 - 1.2 * pores + light + rng.normal(0, 0.45, (size, size))
    return img[..., None].astype("float32"), pores[..., None].astype("float32")


def tiles(n, size, rng):
    xs, ys = zip(*(tile(size, rng) for _ in range(n)))
    return np.stack(xs), np.stack(ys)


def segmenter(s):
    inp = keras.Input((s["size"], s["size"], 1))
    x = inp
    for i in range(s["levels"]):
        x = layers.Conv2D(s["filters"] * min(2 ** i, 4), 3, padding="same", activation="relu")(x)
        x = layers.MaxPooling2D()(x)
    x = layers.Conv2D(s["filters"] * 4, 3, padding="same", activation="relu")(x)
    for i in reversed(range(s["levels"])):
        x = layers.Conv2DTranspose(s["filters"] * min(2 ** i, 4), 3, strides=2, padding="same",
                                   activation="relu")(x)
    out = layers.Conv2D(1, 1, activation="sigmoid")(x)
    return keras.Model(inp, out, name="pores")


if __name__ == "__main__":
    s = SETTINGS
    keras.utils.set_random_seed(29)
    rng = np.random.default_rng(29)
    x, y = tiles(s["tiles"], s["size"], rng)
    xv, yv = tiles(100, s["size"], rng)
    mu, sd = x.mean(), x.std()
    x, xv = (x - mu) / sd, (xv - mu) / sd
    print("foreground share", y.mean().round(3))
    model = segmenter(s)
    model.compile(keras.optimizers.Adam(s["lr"]), "binary_crossentropy",
                  metrics=[keras.metrics.BinaryIoU(target_class_ids=[1], name="iou"), "accuracy"])
    model.fit(x, y, validation_data=(xv, yv), epochs=s["epochs"], batch_size=s["batch"], verbose=2)
    scores = model.evaluate(xv, yv, verbose=0, return_dict=True)
    print("val", {k: round(v, 4) for k, v in scores.items()})
