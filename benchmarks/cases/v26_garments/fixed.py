import gzip
import os

import keras
import numpy as np
from keras import layers

DATA_DIR = os.environ.get("FASHION_MNIST", "/usr/share/datasets/fashion-mnist")


def read(kind, count):
    with gzip.open(os.path.join(DATA_DIR, f"{kind}-images-idx3-ubyte.gz")) as f:
        images = np.frombuffer(f.read(16 + 784 * count), np.uint8, offset=16).reshape(-1, 28, 28, 1)
    with gzip.open(os.path.join(DATA_DIR, f"{kind}-labels-idx1-ubyte.gz")) as f:
        labels = np.frombuffer(f.read(8 + count), np.uint8, offset=8)
    return (images[:, ::2, ::2] / np.float32(127.5)) - 1, labels.astype("int32")


keras.utils.set_random_seed(260)
x_train, y_train = read("train", 1800)
x_val, y_val = read("t10k", 600)


def conv(width, **kwargs):
    draw = keras.initializers.HeNormal()
    return layers.Conv2D(width, 3, padding="same", activation="relu", kernel_initializer=draw, **kwargs)


model = keras.Sequential([
    keras.Input((14, 14, 1)),
    conv(8), conv(8), layers.MaxPooling2D(2),
    conv(16), conv(16), layers.MaxPooling2D(2),
    layers.Flatten(),
    layers.Dropout(0.3),
    layers.Dense(10, activation="softmax"),
])
model.compile(optimizer=keras.optimizers.SGD(0.03, momentum=0.9), loss="sparse_categorical_crossentropy", metrics=["accuracy"])
h = model.fit(x_train, y_train, batch_size=40, epochs=14, validation_data=(x_val, y_val), verbose=2).history
print(f"final loss={h['loss'][-1]:.4f} accuracy={h['accuracy'][-1]:.4f} val_loss={h['val_loss'][-1]:.4f} val_accuracy={h['val_accuracy'][-1]:.4f}")
