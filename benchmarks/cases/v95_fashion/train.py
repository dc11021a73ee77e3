import gzip
import os

import keras
import numpy as np

ROOT = "/usr/share/datasets/fashion-mnist"
CFG = dict(images=6000, workers=9, val_share=0.2, epochs=12, batch=64, lr=1.5e-3, seed=21)


def read_idx(name, offset):
    with gzip.open(os.path.join(ROOT, name), "rb") as f:
        return np.frombuffer(f.read(), np.uint8, offset=offset)


def crowd_answers(truth, workers, rng):
    """One column per crowd worker; a worker agrees with the shop's catalogue about two times in three."""
    answers = np.repeat(truth[:, None], workers, axis=1)
    guess = rng.random(answers.shape) < 0.36
    return np.where(guess, (answers + rng.integers(1, 10, answers.shape)) % 10, answers)


def load(cfg):
    rng = np.random.default_rng(cfg["seed"])
    images = read_idx("train-images-idx3-ubyte.gz", 16).reshape(-1, 28, 28, 1)
    truth = read_idx("train-labels-idx1-ubyte.gz", 8).astype(int)
    pick = rng.permutation(len(images))[:cfg["images"]]
    x = images[pick].astype("float32") / 255.0
    answers = crowd_answers(truth[pick], cfg["workers"], rng)
    y = answers[:, 0]
    n_val = int(cfg["val_share"] * len(x))
    return (x[n_val:], y[n_val:]), (x[:n_val], y[:n_val])


class FashionCNN(keras.Model):
    def __init__(self, classes=10):
        super().__init__()
        self.c1 = keras.layers.Conv2D(16, 3, padding="same", activation="relu")
        self.c2 = keras.layers.Conv2D(32, 3, padding="same", activation="relu")
        self.pool = keras.layers.MaxPooling2D()
        self.flat = keras.layers.Flatten()
        self.drop = keras.layers.Dropout(0.3)
        self.fc = keras.layers.Dense(64, activation="relu")
        self.out = keras.layers.Dense(classes, activation="softmax")

    def call(self, x, training=None):
        x = self.pool(self.c1(x))
        x = self.pool(self.c2(x))
        x = self.drop(self.flat(x), training=training)
        return self.out(self.drop(self.fc(x), training=training))


keras.utils.set_random_seed(CFG["seed"])
train, val = load(CFG)
model = FashionCNN()
model.compile(optimizer=keras.optimizers.Adam(CFG["lr"]),
              loss=keras.losses.SparseCategoricalCrossentropy(),
              metrics=["accuracy"])
model.fit(*train, validation_data=val, epochs=CFG["epochs"], batch_size=CFG["batch"], verbose=2)
loss, acc = model.evaluate(*val, verbose=0)
print(f"val loss: {loss:.4f}, val accuracy: {acc:.4f}")
