import numpy as np
import tensorflow as tf
import keras
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


def vary(x, y):
    """Each clip louder or softer."""
    gain = tf.random.uniform([], 0.8, 1.2)

    return x * gain, y


keras.utils.set_random_seed(9)
rng = np.random.default_rng(9)
wave, kind = make_clips(1600, rng, noise=0.7)
x = np.log1p(spectrogram(wave))[..., None] - 2.5
train = tf.data.Dataset.from_tensor_slices((x[:1200], kind[:1200])).shuffle(1200, seed=2).map(vary).batch(24).prefetch(2)
valid = tf.data.Dataset.from_tensor_slices((x[1200:], kind[1200:])).batch(100)
model = keras.Sequential([
    keras.Input((28, 56, 1)),
    layers.Conv2D(16, 3, strides=2, activation="relu", name="edges"),
    layers.Conv2D(24, 3, strides=2, activation="relu", name="strokes"),
    layers.Flatten(),
    layers.Dropout(0.4),
    layers.Dense(5, activation="softmax", name="kind"),
])
model.compile(optimizer=keras.optimizers.RMSprop(1e-3), loss="sparse_categorical_crossentropy", metrics=["accuracy"])
h = model.fit(train, validation_data=valid, epochs=16, verbose=2).history
print(f"final accuracy={h['accuracy'][-1]:.4f} val_accuracy={h['val_accuracy'][-1]:.4f} val_loss={h['val_loss'][-1]:.4f}")
