"""Fashion-MNIST from one 'shard' per garment class, through tf.data."""
import gzip
import os

import numpy as np
import tensorflow as tf
import keras
from keras import layers

ROOT = "/usr/share/datasets/fashion-mnist"
PER_CLASS, BATCH, EPOCHS = 600, 64, 11


def idx(name, skip):
    with gzip.open(os.path.join(ROOT, name)) as f:
        return np.frombuffer(f.read(), np.uint8, offset=skip)


def load(prefix):
    images = idx(f"{prefix}-images-idx3-ubyte.gz", 16).reshape(-1, 28, 28, 1)
    return images, idx(f"{prefix}-labels-idx1-ubyte.gz", 8)


def shard(images, labels, cls):
    pick = np.flatnonzero(labels == cls)[:PER_CLASS]
    return tf.data.Dataset.from_tensor_slices((images[pick], labels[pick]))


def prepare(image, label):
    return tf.cast(image, tf.float32) / 255.0, tf.cast(label, tf.int32)


keras.utils.set_random_seed(42)

images, labels = load("train")
train_ds = shard(images, labels, 0)
for cls in range(1, 10):
    train_ds = train_ds.concatenate(shard(images, labels, cls))
train_ds = (train_ds
            .cache()
            .shuffle(128, seed=42)
            .map(prepare)
            .batch(BATCH)
            .prefetch(tf.data.AUTOTUNE))

test_images, test_labels = load("t10k")
val_ds = (tf.data.Dataset.from_tensor_slices((test_images[:1500], test_labels[:1500]))
          .map(prepare).batch(250))

model = keras.Sequential([
    keras.Input((28, 28, 1)),
    layers.Conv2D(16, 3, activation="relu"),
    layers.MaxPooling2D(),
    layers.Conv2D(32, 3, activation="relu"),
    layers.MaxPooling2D(),
    layers.Flatten(),
    layers.Dropout(0.25),
    layers.Dense(64, activation="relu"),
    layers.Dense(10),
])
model.compile(
    optimizer=keras.optimizers.Adam(1e-3),
    loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True),
    metrics=["accuracy"],
)
model.fit(train_ds, validation_data=val_ds, epochs=EPOCHS, verbose=2)
print("validation:", model.evaluate(val_ds, verbose=0, return_dict=True))
