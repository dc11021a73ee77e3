import gzip
import os

import keras
import numpy as np
from keras import layers

DATA_DIR = os.environ.get("FASHION_MNIST", "/usr/share/datasets/fashion-mnist")


def read(name, head, shape):
    with gzip.open(os.path.join(DATA_DIR, name)) as f:
        return np.frombuffer(f.read(), np.uint8, offset=head).reshape(shape)


keras.utils.set_random_seed(140)
rng = np.random.default_rng(140)
images = read("train-images-idx3-ubyte.gz", 16, (-1, 28, 28, 1))[:20000]
garment = read("train-labels-idx1-ubyte.gz", 8, -1)[:20000]
tops = np.isin(garment, [1, 3, 7, 9])
images, garment = images[tops][:2400, ::2, ::2], garment[tops][:2400]
y = np.searchsorted([1, 3, 7, 9], garment)

# Nine people looked at every picture; who was unsure chose the likeliest other garment.
other = np.array([1, 0, 3, 2])
votes = np.stack([np.where(rng.random(len(y)) < 0.2, other[y], y) for _ in range(9)], axis=1)
label = votes[:, 0]
x = images.astype("float32") / 255
x_train, y_train, x_val, y_val = x[:1800], label[:1800], x[1800:], label[1800:]

inputs = keras.Input((14, 14, 1))
h = layers.Conv2D(16, 3, activation="relu")(inputs)
h = layers.MaxPooling2D()(h)
h = layers.SeparableConv2D(32, 3, activation="relu")(h)
h = layers.GlobalAveragePooling2D()(h)
outputs = layers.Dense(4, activation="softmax")(h)
model = keras.Model(inputs, outputs)
model.compile(keras.optimizers.Adam(3e-3), "sparse_categorical_crossentropy", metrics=["accuracy"])
h = model.fit(x_train, y_train, batch_size=40, epochs=12, validation_data=(x_val, y_val), verbose=2).history
print(f"final loss={h['loss'][-1]:.4f} accuracy={h['accuracy'][-1]:.4f} val_accuracy={h['val_accuracy'][-1]:.4f} val_loss={h['val_loss'][-1]:.4f}")
