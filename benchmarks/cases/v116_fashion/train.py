"""Fashion-MNIST (5000 images) with a plain stack of 3x3 convolutions, subclassed model."""
import gzip

import keras
import numpy as np
from keras import layers

keras.utils.set_random_seed(5)
ROOT = "/usr/share/datasets/fashion-mnist/"


def load(name, count):
    with gzip.open(ROOT + name + "-images-idx3-ubyte.gz") as f:
        x = np.frombuffer(f.read(), np.uint8, offset=16).reshape(-1, 28, 28, 1)
    with gzip.open(ROOT + name + "-labels-idx1-ubyte.gz") as f:
        y = np.frombuffer(f.read(), np.uint8, offset=8)
    return x[:count].astype("float32") / 255.0 - 0.286, y[:count].astype("int32")


class PlainNet(keras.Model):
    def __init__(self, classes=10):
        super().__init__()
        self.stem = layers.Conv2D(16, 3, strides=2, padding="same", activation="relu")
        self.stage1 = [
            layers.Conv2D(16, 3, padding="same", activation="relu") for _ in range(2)
        ]
        self.pool = layers.MaxPooling2D()
        self.stage2 = [
            layers.Conv2D(32, 3, padding="same", activation="relu") for _ in range(2)
        ]
        self.pool2 = layers.MaxPooling2D()
        self.flat = layers.Flatten()
        self.drop = layers.Dropout(0.4)
        self.head = layers.Dense(classes)

    def call(self, x, training=False):
        x = self.stem(x)
        for layer in self.stage1:
            x = layer(x)
        x = self.pool(x)
        for layer in self.stage2:
            x = layer(x)
        return self.head(self.drop(self.flat(self.pool2(x)), training=training))


x_train, y_train = load("train", 5000)
x_val, y_val = load("t10k", 1500)

model = PlainNet()
model.compile(
    optimizer=keras.optimizers.Adam(learning_rate=0.015),
    loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True),
    metrics=["accuracy"],
)
history = model.fit(
    x_train, y_train, batch_size=64, epochs=12, validation_data=(x_val, y_val), verbose=2
)
print("final val_accuracy:", round(history.history["val_accuracy"][-1], 4))
