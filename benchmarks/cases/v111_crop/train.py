"""Crop type from four-band satellite tiles kept in TFRecord files."""
import tomllib

import keras
import tensorflow as tf
from keras import layers

keras.utils.set_random_seed(14)
with open("config.toml", "rb") as f:
    cfg = tomllib.load(f)

SPEC = {
    "tile": tf.io.FixedLenFeature([], tf.string),
    "crop": tf.io.FixedLenFeature([], tf.int64),
}


def parse(record):
    row = tf.io.parse_example(record, SPEC)
    tile = tf.io.decode_raw(row["tile"], tf.float32)
    return tf.reshape(tile, (-1, 16, 16, 4)), row["crop"]


def dataset(path, shuffle):
    ds = tf.data.TFRecordDataset(path)
    if shuffle:
        ds = ds.cache().shuffle(4000)
    return ds.batch(cfg["batch"]).map(parse).prefetch(2)


class CropNet(keras.Model):
    def __init__(self, classes):
        super().__init__()
        self.conv1 = layers.Conv2D(16, 3, padding="same", activation="relu")
        self.conv2 = layers.Conv2D(24, 3, padding="same", activation="relu")
        self.conv3 = layers.Conv2D(32, 3, padding="same", activation="relu")
        self.pool = layers.MaxPooling2D()
        self.gap = layers.GlobalAveragePooling2D()
        self.drop = layers.Dropout(0.1)
        self.head = layers.Dense(classes)

    def call(self, x, training=False):
        x = self.conv1(x)
        x = self.pool(self.conv2(x))
        x = self.gap(self.conv3(x))
        return self.head(self.drop(x, training=training))


model = CropNet(cfg["classes"])
model.compile(
    optimizer=keras.optimizers.SGD(cfg["sgd"]["rate"], momentum=cfg["sgd"]["momentum"]),
    loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True),
    metrics=["accuracy"],
)
history = model.fit(
    dataset("data/train.tfrecord", True),
    validation_data=dataset("data/val.tfrecord", False),
    epochs=cfg["epochs"],
    verbose=2,
)
print(f"val_accuracy {history.history['val_accuracy'][-1]:.4f}")
