"""Motor vibration waveforms -> type of defect. Gated dilated convolutions."""
import keras
import numpy as np
import tensorflow as tf
from keras import layers, ops

LENGTH = 128
DEFECTS = ["ok", "unbalance", "looseness", "bearing", "gear"]


def waveform(kind, rng):
    t = np.arange(LENGTH) / LENGTH
    f = rng.uniform(5, 8)
    ph = rng.uniform(0, 2 * np.pi, 4)
    s = np.sin(2 * np.pi * f * t + ph[0])
    if kind == 1:
        s = s + rng.uniform(0.8, 1.2) * np.sin(2 * np.pi * 2 * f * t + ph[1])
    elif kind == 2:
        s = np.clip(s * 2.5, -0.9, 0.9) + 0.3 * np.sin(2 * np.pi * 0.5 * f * t + ph[1])
    elif kind == 3:
        k = (np.arange(LENGTH) + rng.integers(0, 16)) % rng.integers(14, 20)
        s = s + 1.6 * np.exp(-k / 2.0) * np.cos(2.2 * k)
    elif kind == 4:
        s = s * (1 + 0.7 * np.sin(2 * np.pi * 6.5 * f * t / 2 + ph[2])) + 0.4 * np.sin(2 * np.pi * 26 * t + ph[3])
    return s * rng.uniform(0.7, 1.3) + rng.normal(0, 0.5, LENGTH)


def dataset(n, rng):
    y = rng.integers(0, len(DEFECTS), n)
    x = np.stack([waveform(k, rng) for k in y]).astype("float32")
    x = (x - x.mean(axis=1, keepdims=True)) / x.std(axis=1, keepdims=True)
    return x[..., None], y


class GatedBlock(layers.Layer):
    def __init__(self, channels, dilation):
        super().__init__()
        self.signal = layers.Conv1D(channels, 3, dilation_rate=dilation, padding="same", activation="tanh")
        self.gate = layers.Conv1D(channels, 3, dilation_rate=dilation, padding="same", activation="sigmoid")

    def call(self, x):
        return self.signal(x) * self.gate(x)


class WaveClassifier(keras.Model):
    def __init__(self, channels=16, dilations=(1, 2, 4, 8, 1, 2, 4, 8, 1, 2, 4, 8), classes=5):
        super().__init__()
        self.stem = layers.Conv1D(channels, 5, padding="same")
        self.blocks = [GatedBlock(channels, d) for d in dilations]
        self.pool = layers.GlobalAveragePooling1D()
        self.head = layers.Dense(classes)

    def call(self, x):
        h = self.stem(x)
        for block in self.blocks:
            h = h + block(h)
        return self.head(self.pool(ops.square(h) + h))


keras.utils.set_random_seed(5)
rng = np.random.default_rng(5)
x_train, y_train = dataset(1600, rng)
x_val, y_val = dataset(400, rng)
train = tf.data.Dataset.from_tensor_slices((x_train, y_train)).shuffle(1600, seed=5).batch(32)
val = tf.data.Dataset.from_tensor_slices((x_val, y_val)).batch(100)

model = WaveClassifier()
model.compile(keras.optimizers.SGD(0.02, momentum=0.9, nesterov=True),
              keras.losses.SparseCategoricalCrossentropy(from_logits=True), metrics=["accuracy"])
model.fit(train, validation_data=val, epochs=8, verbose=2)
print("validation loss, accuracy:", model.evaluate(val, verbose=0))
