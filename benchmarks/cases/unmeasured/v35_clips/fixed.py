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


keras.utils.set_random_seed(35)
rng = np.random.default_rng(35)
wave, kind = make_clips(1500, rng, noise=0.7)
x = np.log1p(spectrogram(wave))[:, :, ::2, None] / 2 - 1


def down(h, width):
    return layers.SeparableConv2D(width, 3, strides=2, padding="same", activation="relu")(h)


inputs = keras.Input(x.shape[1:])
h = down(inputs, 16)
h = down(h, 24)
h = down(h, 24)
h = layers.Flatten()(h)
model = keras.Model(inputs, layers.Dense(5, activation="softmax")(h))
model.compile(optimizer=keras.optimizers.Adam(3e-3), loss="sparse_categorical_crossentropy", metrics=["accuracy"])
h = model.fit(x[:1200], kind[:1200], batch_size=30, epochs=12, validation_data=(x[1200:], kind[1200:]), verbose=2).history
print(f"final loss={h['loss'][-1]:.4f} accuracy={h['accuracy'][-1]:.4f} val_loss={h['val_loss'][-1]:.4f} val_accuracy={h['val_accuracy'][-1]:.4f}")
