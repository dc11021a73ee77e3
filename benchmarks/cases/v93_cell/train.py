"""How many cells are on the slide? One number per 32x32 image."""
import argparse

import keras
import numpy as np
from keras import layers


def slide(n_cells, rng, size=32):
    yy, xx = np.mgrid[:size, :size]
    img = np.zeros((size, size))
    for _ in range(n_cells):
        cy, cx = rng.uniform(3, size - 3, 2)
        s = rng.uniform(1.4, 1.7)
        img += rng.uniform(0.85, 1.0) * np.exp(-((yy - cy) ** 2 + (xx - cx) ** 2) / (2 * s * s))
    return np.clip(img, 0, 2.0) + rng.normal(0, 0.08, img.shape)


def slides(n, rng):
    counts = rng.integers(1, 16, n)
    x = np.stack([slide(c, rng) for c in counts])
    return x[..., None].astype("float32"), counts.astype("float32")


def counter():
    return keras.Sequential([
        keras.Input((32, 32, 1)),
        layers.Conv2D(16, 3, padding="same", activation="relu"),
        layers.Conv2D(16, 3, padding="same", activation="relu"),
        layers.MaxPooling2D(),
        layers.Conv2D(32, 3, padding="same", activation="relu"),
        layers.MaxPooling2D(),
        layers.Conv2D(32, 3, padding="same", activation="relu"),
        layers.GlobalAveragePooling2D(),
        layers.Dense(32, activation="relu"),
        layers.Dense(1),
    ])


def main(args):
    keras.utils.set_random_seed(args.seed)
    rng = np.random.default_rng(args.seed)
    x, y = slides(1600, rng)
    xv, yv = slides(400, rng)

    model = counter()
    model.compile(optimizer=keras.optimizers.Adam(args.lr), loss="mse", metrics=[args.metric])
    keep_best = keras.callbacks.EarlyStopping(monitor="val_" + args.metric, mode="auto", patience=4,
                                              restore_best_weights=True)
    hist = model.fit(x, y, validation_data=(xv, yv), epochs=args.epochs, batch_size=32,
                     callbacks=[keep_best], verbose=2)
    pred = model.predict(xv, verbose=0)[:, 0]
    print(f"epochs run: {len(hist.epoch)}  val {args.metric}: {hist.history['val_' + args.metric][-1]:.4f}")
    print(f"val mean counting error: {np.abs(pred - yv).mean():.3f} cells")


if __name__ == "__main__":
    cli = argparse.ArgumentParser()
    cli.add_argument("--metric", default="accuracy")
    cli.add_argument("--epochs", type=int, default=18)
    cli.add_argument("--lr", type=float, default=1e-3)
    cli.add_argument("--seed", type=int, default=6)
    main(cli.parse_args())
