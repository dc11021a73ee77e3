import argparse

import keras
import numpy as np
from keras import layers

parser = argparse.ArgumentParser()
parser.add_argument("--clips", type=int, default=70)
parser.add_argument("--epochs", type=int, default=40)
args = parser.parse_args()


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


keras.utils.set_random_seed(11)
rng = np.random.default_rng(11)
wave, kind = make_clips(1800, rng, noise=1.0)
x = np.log1p(spectrogram(wave))[..., None]
x_train, y_train = x[:args.clips], kind[:args.clips]
x_val, y_val = x[-400:], kind[-400:]
scale = layers.Normalization()
scale.adapt(x_train)

model = keras.Sequential(name="clip_net")
model.add(keras.Input(x.shape[1:]))
model.add(scale)
model.add(layers.Conv2D(12, 3, strides=2, activation="relu"))
model.add(layers.SeparableConv2D(24, 3, strides=2, activation="relu"))
model.add(layers.SeparableConv2D(32, 3, activation="relu"))
model.add(layers.Flatten())
model.add(layers.Dropout(0.3))
model.add(layers.Dense(5, activation="softmax"))
model.compile(optimizer=keras.optimizers.Nadam(2e-3), loss="sparse_categorical_crossentropy", metrics=["accuracy"])
log = model.fit(x_train, y_train, batch_size=20, epochs=args.epochs, validation_data=(x_val, y_val), verbose=2).history
print(f"final accuracy={log['accuracy'][-1]:.4f} val_accuracy={log['val_accuracy'][-1]:.4f} val_loss={log['val_loss'][-1]:.4f}")
