"""Classify 16x16x16 CT patches: solid nodule / cavity / vessel."""
import argparse

import numpy as np
import keras
from keras import layers

WINDOWS = {"lung": (-600, 1500), "mediastinum": (40, 400)}
CLASSES = ["solid", "cavity", "vessel"]


def synth_patch(kind, rng, n=16):
    z, y, x = np.meshgrid(*[np.arange(n)] * 3, indexing="ij")
    vol = rng.normal(-820, 70, (n, n, n))
    c = rng.uniform(6, 9, 3)
    r = np.sqrt((z - c[0]) ** 2 + (y - c[1]) ** 2 + (x - c[2]) ** 2)
    hu = rng.uniform(-350, 60)
    radius = rng.uniform(3.5, 5.5)
    if kind == 0:
        mask = r < radius
    elif kind == 1:
        mask = (r < radius) & (r > radius * 0.55)
    else:
        axis = rng.integers(0, 3)
        across = [(g, m) for k, (g, m) in enumerate(zip((z, y, x), c)) if k != axis]
        mask = np.sqrt(sum((g - m) ** 2 for g, m in across)) < radius * 0.5
    vol[mask] = hu + rng.normal(0, 60, mask.sum())
    return vol


def apply_window(vol, center, width):
    lo = center - width / 2
    return np.clip((vol - lo) / width, 0.0, 1.0)


def load_patches(n, rng, window="lung"):
    labels = rng.integers(0, len(CLASSES), n)
    vols = np.stack([synth_patch(k, rng) for k in labels])
    vols = apply_window(vols, *WINDOWS[window])
    return vols[..., None].astype("float32"), labels


def build():
    inp = keras.Input((16, 16, 16, 1))
    x = layers.Conv3D(8, 3, padding="same", activation="relu")(inp)
    x = layers.MaxPooling3D(2)(x)
    x = layers.Conv3D(16, 3, padding="same", activation="relu")(x)
    x = layers.MaxPooling3D(2)(x)
    x = layers.Conv3D(24, 3, padding="same", activation="relu")(x)
    x = layers.GlobalMaxPooling3D()(x)
    out = layers.Dense(len(CLASSES), activation="softmax")(x)
    return keras.Model(inp, out)


def main():
    ap = argparse.ArgumentParser()
    ap.add_argument("--epochs", type=int, default=12)
    ap.add_argument("--train-window", default="lung")
    ap.add_argument("--eval-window", default="mediastinum")
    args = ap.parse_args()

    keras.utils.set_random_seed(3)
    x_tr, y_tr = load_patches(900, np.random.default_rng(1), args.train_window)
    x_va, y_va = load_patches(300, np.random.default_rng(2), args.eval_window)

    model = build()
    model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
    model.fit(x_tr, y_tr, batch_size=32, epochs=args.epochs,
              validation_data=(x_va, y_va), verbose=2)
    loss, acc = model.evaluate(x_va, y_va, verbose=0)
    print("val loss %.4f  val accuracy %.4f" % (loss, acc))


if __name__ == "__main__":
    main()
