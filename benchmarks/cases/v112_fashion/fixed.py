"""Clothing classifier on a subset of Fashion-MNIST, fed with tf.data."""
import gzip

import keras
import numpy as np
import tensorflow as tf
from keras import layers

keras.utils.set_random_seed(21)
ROOT = "/usr/share/datasets/fashion-mnist"


def read(prefix, n):
    with gzip.open(f"{ROOT}/{prefix}-images-idx3-ubyte.gz") as f:
        images = np.frombuffer(f.read(), np.uint8, offset=16).reshape(-1, 28, 28, 1)
    with gzip.open(f"{ROOT}/{prefix}-labels-idx1-ubyte.gz") as f:
        labels = np.frombuffer(f.read(), np.uint8, offset=8)
    return images[:n], labels[:n].astype("int64")


MEAN, STD = 0.286, 0.353


def prepare(image, label):
    image = tf.cast(image, tf.float32) / 255.0
    return (image - MEAN) / STD, label


def prepare_eval(image, label):
    image = tf.cast(image, tf.float32) / 255.0
    return (image - MEAN) / STD, label


x_train, y_train = read("train", 6000)
x_val, y_val = read("t10k", 1500)

train_ds = (
    tf.data.Dataset.from_tensor_slices((x_train, y_train))
    .shuffle(6000)
    .map(prepare, num_parallel_calls=tf.data.AUTOTUNE)
    .batch(64)
    .prefetch(2)
)
val_ds = (
    tf.data.Dataset.from_tensor_slices((x_val, y_val))
    .map(prepare_eval, num_parallel_calls=tf.data.AUTOTUNE)
    .batch(250)
    .prefetch(2)
)

model = keras.Sequential(
    [
        keras.Input((28, 28, 1)),
        layers.Conv2D(16, 3, padding="same", activation="relu"),
        layers.MaxPooling2D(),
        layers.Conv2D(32, 3, padding="same", activation="relu"),
        layers.MaxPooling2D(),
        layers.Flatten(),
        layers.Dropout(0.3),
        layers.Dense(48, activation="relu"),
        layers.Dropout(0.3),
        layers.Dense(10),
    ]
)
model.compile(
    optimizer=keras.optimizers.SGD(learning_rate=0.02, momentum=0.9),
    loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True),
    metrics=["accuracy"],
)
model.fit(train_ds, validation_data=val_ds, epochs=8, verbose=2)
print("val_accuracy: %.4f" % model.evaluate(val_ds, verbose=0)[1])
