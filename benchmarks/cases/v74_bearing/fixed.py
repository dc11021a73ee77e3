"""Which machine element is ringing?  Conv1D on 160-sample accelerometer windows."""
import numpy as np
import keras
from keras import layers


class ConvBlock(layers.Layer):
    def __init__(self, filters, kernel_size, strides=2, **kwargs):
        super().__init__(**kwargs)
        self.conv = layers.Conv1D(filters, kernel_size, strides=strides, padding="same", use_bias=False)
        self.norm = layers.BatchNormalization()
        self.act = layers.Activation("relu")

    def call(self, x):
        return self.act(self.norm(self.conv(x)))


class RingNet(keras.Model):
    def __init__(self, n_classes, widths=(24, 32, 48), **kwargs):
        super().__init__(**kwargs)
        self.blocks = [ConvBlock(w, 9) for w in widths]
        self.pool = layers.GlobalAveragePooling1D()
        self.drop = layers.Dropout(0.2)
        self.head = layers.Dense(n_classes)

    def call(self, x, training=False):
        for block in self.blocks:
            x = block(x)
        return self.head(self.drop(self.pool(x), training=training))


def windows(n, seed):
    rng = np.random.default_rng(seed)
    periods = [5.0, 7.5, 11.0, 16.0, 24.0]
    y = rng.integers(0, len(periods), n)
    t = np.arange(160)
    x = np.empty((n, 160, 1), "float32")
    for i, k in enumerate(y):
        p = periods[k] * rng.uniform(0.93, 1.07)
        tone = rng.uniform(0.6, 1.3) * np.sin(2 * np.pi * t / p + rng.uniform(0, 2 * np.pi))
        offset = 0.25 * (k - 2) + rng.normal(0, 0.45)      # slight mounting strain
        x[i, :, 0] = tone + offset + rng.normal(0, 0.7, 160)
    return x, y


keras.utils.set_random_seed(6)
x_train, y_train = windows(2500, 1)
x_val, y_val = windows(600, 2)

model = RingNet(5)
model.compile(
    optimizer=keras.optimizers.Adam(1e-3),
    loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True),
    metrics=["accuracy"],
)
model.fit(x_train, y_train, batch_size=64, epochs=14, validation_data=(x_val, y_val), verbose=2)
val_loss, val_acc = model.evaluate(x_val, y_val, verbose=0)
print(f"val_loss {val_loss:.4f} | val_accuracy {val_acc:.4f}")
