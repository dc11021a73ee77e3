import gzip
import os

import keras
import numpy as np
from keras import layers

DATA_DIR = os.environ.get("FASHION_MNIST", "/usr/share/datasets/fashion-mnist")


def read(part, count):
    with gzip.open(f"{DATA_DIR}/{part}-images-idx3-ubyte.gz") as f:
        x = np.frombuffer(f.read(16 + count * 784), np.uint8, offset=16).reshape(count, 28, 28, 1)
    with gzip.open(f"{DATA_DIR}/{part}-labels-idx1-ubyte.gz") as f:
        y = np.frombuffer(f.read(8 + count), np.uint8, offset=8)
    return x[:, ::2, ::2].astype("float32") / 255, y.astype("int32")


keras.utils.set_random_seed(55)
x_train, y_train = read("train", 1920)
x_val, y_val = read("t10k", 800)
model = keras.Sequential([
    keras.Input((14, 14, 1)),
    layers.Conv2D(16, 3, activation="relu"),
    layers.MaxPooling2D(),
    layers.SeparableConv2D(32, 3, activation="relu"),
    layers.Flatten(),
    layers.Dropout(0.3),
    layers.Dense(10, activation="softmax"),
])
adam = keras.optimizers.Adam(2e-3, gradient_accumulation_steps=30)
model.compile(optimizer=adam, loss="sparse_categorical_crossentropy", metrics=["accuracy"])
h = model.fit(x_train, y_train, batch_size=32, epochs=10, validation_data=(x_val, y_val), verbose=2).history
print(f"final loss={h['loss'][-1]:.4f} accuracy={h['accuracy'][-1]:.4f} val_loss={h['val_loss'][-1]:.4f} val_accuracy={h['val_accuracy'][-1]:.4f}")
