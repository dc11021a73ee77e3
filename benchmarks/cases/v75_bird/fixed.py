"""Tag field recordings with every bird species heard (multi-label, 5 species)."""
import argparse

import numpy as np
import tensorflow as tf
import keras
from keras import layers

SPECIES = ["wren", "finch", "crow", "owl", "tit"]


def clip(tags, rng, n=32):
    f = np.arange(n)[:, None]
    t = np.arange(n)[None, :]
    img = np.zeros((n, n))

    def chirp(center, slope, start, length, width=2.0):
        on = (t >= start) & (t < start + length)
        return on * np.exp(-((f - center - slope * (t - start)) ** 2) / width)

    def when(length):
        return rng.integers(0, n - length)

    if tags[0]:
        img += chirp(rng.uniform(18, 22), 0.9, when(9), 9)
    if tags[1]:
        img += chirp(rng.uniform(25, 29), -0.9, when(9), 9)
    if tags[2]:
        s = when(10)
        img += sum(chirp(c, 0, s, 10, 1.0) for c in (3, 6, 9))
    if tags[3]:
        img += chirp(rng.uniform(5, 8), 0, when(16), 16, 3.0)
    if tags[4]:
        s, c = when(12), rng.uniform(20, 27)
        img += sum(chirp(c, 0, s + k, 2) for k in (0, 4, 8))
    return img * rng.uniform(0.8, 1.2) + rng.normal(0, 0.22, (n, n))


def recordings(n, seed):
    rng = np.random.default_rng(seed)
    tags = (rng.random((n, len(SPECIES))) < 0.45).astype("float32")
    x = np.stack([clip(t, rng) for t in tags])[..., None].astype("float32")
    return x, tags


def build(args):
    net = keras.Sequential([keras.Input((32, 32, 1))])
    for width in (24, 32, 48):
        net.add(layers.Conv2D(width, 3, padding="same", activation="relu"))
        net.add(layers.MaxPooling2D())
        net.add(layers.SpatialDropout2D(1 - args.keep_prob))
    net.add(layers.Flatten())
    net.add(layers.Dense(48, activation="relu"))
    net.add(layers.Dropout(1 - args.keep_prob))
    net.add(layers.Dense(len(SPECIES), activation="sigmoid"))
    return net


if __name__ == "__main__":
    p = argparse.ArgumentParser()
    p.add_argument("--keep-prob", type=float, default=0.8)
    p.add_argument("--lr", type=float, default=1e-3)
    p.add_argument("--epochs", type=int, default=12)
    p.add_argument("--batch-size", type=int, default=32)
    args = p.parse_args()

    keras.utils.set_random_seed(17)
    x_tr, t_tr = recordings(2000, 1)
    x_va, t_va = recordings(500, 2)
    train = tf.data.Dataset.from_tensor_slices((x_tr, t_tr)).shuffle(2000).batch(args.batch_size)
    val = tf.data.Dataset.from_tensor_slices((x_va, t_va)).batch(250)

    model = build(args)
    model.compile(keras.optimizers.Adam(args.lr), loss="binary_crossentropy",
                  metrics=[keras.metrics.BinaryAccuracy(name="bin_acc"),
                           keras.metrics.AUC(multi_label=True, name="auc")])
    model.fit(train, validation_data=val, epochs=args.epochs, verbose=2)

    scores = model.evaluate(val, return_dict=True, verbose=0)
    guess = model.predict(val, verbose=0) > 0.5
    tp = (guess & (t_va == 1)).sum(0)
    f1 = 2 * tp / np.maximum(guess.sum(0) + t_va.sum(0), 1)
    print(scores)
    print(f"val macro F1: {f1.mean():.4f}")
