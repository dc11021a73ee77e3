import keras
import numpy as np
from keras import layers


def make_clips(n, rng, length=1024, rate=8000, noise=0.8):
    t = np.arange(length) / rate
    kinds = rng.integers(0, 5, n)
    low = rng.uniform(500, 1400, (n, 1))
    high = low + rng.uniform(600, 1400, (n, 1))
    sweep = (high - low) * t**2 / (2 * t[-1])
    wave = np.select(
        [kinds[:, None] == k for k in range(5)],
        [
            np.sin(2 * np.pi * (low * t + sweep)),
            np.sin(2 * np.pi * (high * t - sweep)),
            np.sin(2 * np.pi * low * t) * (1 + np.sin(2 * np.pi * rng.uniform(15, 30, (n, 1)) * t)),
            0.7 * np.sin(2 * np.pi * low * t) + 0.7 * np.sin(2 * np.pi * high * t),
            np.sin(2 * np.pi * (low * t + 8 * np.sin(2 * np.pi * 10 * t))),
        ],
    )
    wave = wave * rng.uniform(0.6, 1.4, (n, 1)) + rng.normal(0, noise, (n, length))
    return wave.astype("float32"), kinds


def spectrogram(wave, frame=128, hop=32):
    frames = np.lib.stride_tricks.sliding_window_view(wave, frame, axis=1)[:, ::hop]
    power = np.abs(np.fft.rfft(frames * np.hanning(frame), axis=2)) ** 2
    return power[:, :28, 4:60].astype("float32")


def to_decibel(power, ref=1.0, floor=1e-3):
    return (10 * np.log10(power / ref + floor) / 20).astype("float32")[..., None]


class Clips(keras.utils.PyDataset):
    def __init__(self, waves, kinds, batch, top=None, **kwargs):
        super().__init__(**kwargs)
        self.waves, self.kinds, self.batch, self.top = waves, kinds, batch, top
        self.order = np.arange(len(waves))

    def __len__(self):
        return len(self.waves) // self.batch

    def __getitem__(self, i):
        rows = self.order[i * self.batch:(i + 1) * self.batch]
        power = spectrogram(self.waves[rows])
        ref = power.max() if self.top is None else self.top
        return to_decibel(power, ref), self.kinds[rows]

    def on_epoch_end(self):
        np.random.shuffle(self.order)


keras.utils.set_random_seed(23)
rng = np.random.default_rng(23)
waves, kinds = make_clips(1300, rng, noise=0.6)
train = Clips(waves[:1000], kinds[:1000], 25, top=1.0)
valid = Clips(waves[1000:], kinds[1000:], 50)
model = keras.Sequential([
    keras.Input((28, 56, 1)),
    layers.Conv2D(12, (3, 5), strides=2, activation="relu"),
    layers.Conv2D(16, 3, strides=2, activation="relu"),
    layers.Conv2D(24, 3, activation="relu"),
    layers.Flatten(),
    layers.Dropout(0.4),
    layers.Dense(5, activation="softmax"),
])
model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
h = model.fit(train, validation_data=valid, epochs=14, verbose=2).history
print(f"final accuracy={h['accuracy'][-1]:.4f} val_accuracy={h['val_accuracy'][-1]:.4f} val_loss={h['val_loss'][-1]:.4f}")
