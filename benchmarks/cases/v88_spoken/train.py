"""Keyword spotting on log-mel patches with a factorised (low-rank) 1x1 mixer."""
import numpy as np
import keras
from keras import layers, ops

WORDS = ["yes", "no", "stop", "go", "left", "right"]
MELS, FRAMES = 24, 32


class LowRankMixer(layers.Layer):
    """Channel mixing with two thin matrices in place of a full 1x1 convolution."""

    def __init__(self, units, rank, kernel_init="zeros", **kw):
        super().__init__(**kw)
        self.units, self.rank, self.kernel_init = units, rank, kernel_init

    def build(self, shape):
        self.down = self.add_weight(name="down", shape=(shape[-1], self.rank),
                                    initializer=self.kernel_init)
        self.up = self.add_weight(name="up", shape=(self.rank, self.units),
                                  initializer=self.kernel_init)
        self.bias = self.add_weight(name="bias", shape=(self.units,), initializer="zeros")

    def call(self, x):
        return ops.gelu(ops.matmul(ops.matmul(x, self.down), self.up) + self.bias)


def formants(word, rng):
    """Two formant tracks per word, in mel bins."""
    t = np.linspace(0, 1, FRAMES)
    tracks = {
        0: (6 + 6 * t, 18 - 2 * t), 1: (10 - 5 * t, 14 - 4 * t), 2: (5 + 0 * t, 12 + 6 * t),
        3: (8 - 3 * t, 9 + 0 * t), 4: (7 + 3 * t, 19 - 6 * t), 5: (12 - 5 * t, 15 + 5 * t),
    }[word]
    shift = rng.normal(0, 0.8)
    warp = np.clip(t * rng.uniform(0.85, 1.15) + rng.uniform(-0.1, 0.1), 0, 1)
    return [np.interp(warp, t, tr) + shift for tr in tracks]


def dataset(n, seed):
    rng = np.random.default_rng(seed)
    y = rng.integers(0, len(WORDS), n)
    mel = np.arange(MELS)[:, None]
    x = np.empty((n, MELS, FRAMES, 1), "float32")
    for i, w in enumerate(y):
        img = sum(rng.uniform(0.7, 1.2) * np.exp(-((mel - f[None]) ** 2) / 3) for f in formants(w, rng))
        x[i, ..., 0] = img + rng.normal(0, 0.35, img.shape)
    return x, keras.utils.to_categorical(y, len(WORDS))


def build_model():
    inp = keras.Input((MELS, FRAMES, 1))
    h = layers.Conv2D(24, 3, padding="same", activation="relu")(inp)
    h = layers.MaxPooling2D()(h)
    h = LowRankMixer(32, rank=8)(h)
    h = layers.Conv2D(32, 3, padding="same", activation="relu")(h)
    h = layers.MaxPooling2D()(h)
    h = layers.Flatten()(h)
    h = layers.Dropout(0.3)(h)
    return keras.Model(inp, layers.Dense(len(WORDS), activation="softmax")(h))


keras.utils.set_random_seed(1)
x_train, y_train = dataset(2000, 10)
x_val, y_val = dataset(500, 11)
x_mean, x_std = x_train.mean(), x_train.std()
x_train, x_val = (x_train - x_mean) / x_std, (x_val - x_mean) / x_std

model = build_model()
model.compile(optimizer=keras.optimizers.Adam(1e-3), loss="categorical_crossentropy", metrics=["accuracy"])
model.fit(x_train, y_train, epochs=10, batch_size=32, validation_data=(x_val, y_val), verbose=2)
print(dict(zip(["val_loss", "val_accuracy"], model.evaluate(x_val, y_val, verbose=0))))
