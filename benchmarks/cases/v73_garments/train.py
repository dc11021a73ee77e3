import gzip
import keras
import numpy as np
from keras import layers
from scipy import ndimage

keras.utils.set_random_seed(5)


def load(kind, n):
    base = "/usr/share/datasets/fashion-mnist/"
    xs = gzip.open(f"{base}{kind}-images-idx3-ubyte.gz").read()
    ys = gzip.open(f"{base}{kind}-labels-idx1-ubyte.gz").read()
    x = np.frombuffer(xs, np.uint8, offset=16).reshape(-1, 28, 28, 1)[:n] / 255.0
    return x.astype("float32"), np.frombuffer(ys, np.uint8, offset=8)[:n].astype("int64")


x, y = load("train", 3000)
x_val, y_val = load("t10k", 600)


class Feed(keras.utils.PyDataset):
    def __init__(self, x, y, size=64):
        super().__init__()
        self.x, self.y, self.size = x, y, size
        self.rng = np.random.default_rng(0)

    def __len__(self):
        return len(self.x) // self.size

    def __getitem__(self, i):
        rows = slice(i * self.size, (i + 1) * self.size)
        batch = self.x[rows].copy()
        for k in range(len(batch)):
            batch[k, ..., 0] = ndimage.rotate(batch[k, ..., 0], self.rng.uniform(-180, 180), reshape=False, order=1)
            cut = self.rng.integers(0, 14, 2)
            batch[k, cut[0]:cut[0] + 18, cut[1]:cut[1] + 18] = 0
            batch[k] += self.rng.normal(0, 0.4, batch[k].shape)
        return batch, self.y[rows]


model = keras.Sequential([
    keras.Input((28, 28, 1)),
    layers.Conv2D(16, 3, activation="relu"), layers.MaxPooling2D(),
    layers.Conv2D(32, 3, activation="relu"), layers.MaxPooling2D(),
    layers.Flatten(), layers.Dense(64, activation="relu"), layers.Dense(10, activation="softmax")])
model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
model.fit(Feed(x, y), validation_data=(x_val, y_val), epochs=8, verbose=2)
