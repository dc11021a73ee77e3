"""Nodule position in small CT cubes (four regions of the slice), 3-D convolutions, own training step."""
import keras
import numpy as np
import tensorflow as tf
from keras import layers

keras.utils.set_random_seed(6)
rng = np.random.default_rng(6)
S = 14
zz, yy, xx = np.mgrid[0:S, 0:S, 0:S]


def blob(z, y, x, r):
    return np.exp(-((zz - z) ** 2 + (yy - y) ** 2 + (xx - x) ** 2) / (2 * r * r))


def cube(region):
    """region 0 upper left, 1 upper right, 2 lower left, 3 lower right of a vessel cross."""
    cy, cx = rng.uniform(5.5, 7.5, 2)
    v = 0.5 * np.exp(-((yy - cy) ** 2) / 1.5) + 0.5 * np.exp(-((xx - cx) ** 2) / 1.5)
    dy, dx = rng.uniform(2.2, 4.5, 2)
    z = rng.uniform(2, S - 3)
    v += rng.uniform(0.6, 1.1) * blob(z, cy + (dy if region >= 2 else -dy), cx + (dx if region % 2 else -dx), rng.uniform(1.1, 1.7))
    for _ in range(2):  # small calcifications anywhere
        v += 0.5 * blob(*rng.uniform(0, S, 3), 0.8)
    return v + rng.normal(0, 0.32, v.shape)


def sample(n):
    region = rng.integers(0, 4, n)
    return np.stack([cube(k) for k in region])[..., None].astype("float32") - 0.3, region


x_train, y_train = sample(1600)
x_val, y_val = sample(400)


class CubeNet(keras.Model):
    """Mirrors the cubes of each training batch along the axes in `mirror`."""

    def __init__(self, mirror, **kwargs):
        super().__init__(**kwargs)
        self.mirror = mirror
        self.loss_metric = keras.metrics.Mean(name="loss")
        self.acc_metric = keras.metrics.SparseCategoricalAccuracy(name="accuracy")

    def train_step(self, data):
        x, y = data
        for axis in self.mirror:
            x = tf.where(tf.random.uniform([tf.shape(x)[0], 1, 1, 1, 1]) < 0.5, tf.reverse(x, [axis]), x)
        with tf.GradientTape() as tape:
            y_pred = self(x, training=True)
            loss = self.compute_loss(x, y, y_pred)
        grads = tape.gradient(loss, self.trainable_variables)
        self.optimizer.apply_gradients(zip(grads, self.trainable_variables))
        self.loss_metric.update_state(loss)
        self.acc_metric.update_state(y, y_pred)
        return {"loss": self.loss_metric.result(), "accuracy": self.acc_metric.result()}

    def test_step(self, data):
        x, y = data
        y_pred = self(x, training=False)
        self.loss_metric.update_state(self.compute_loss(x, y, y_pred))
        self.acc_metric.update_state(y, y_pred)
        return {"loss": self.loss_metric.result(), "accuracy": self.acc_metric.result()}

    @property
    def metrics(self):
        return [self.loss_metric, self.acc_metric]


INIT = keras.initializers.RandomNormal(stddev=1.0, seed=1)
inputs = keras.Input((S, S, S, 1))
h = layers.Conv3D(8, 3, padding="same", activation="relu", kernel_initializer=INIT)(inputs)
h = layers.MaxPooling3D()(h)
h = layers.Conv3D(16, 3, padding="same", activation="relu", kernel_initializer=INIT)(h)
h = layers.MaxPooling3D()(h)
h = layers.Flatten()(h)
h = layers.Dropout(0.2)(h)
h = layers.Dense(32, activation="relu", kernel_initializer=INIT)(h)
outputs = layers.Dense(4)(h)
model = CubeNet(mirror=[1], inputs=inputs, outputs=outputs)
model.compile(
    optimizer=keras.optimizers.Adam(1e-3),
    loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True),
)
history = model.fit(x_train, y_train, validation_data=(x_val, y_val), batch_size=32, epochs=8, verbose=2)
print("val_accuracy", round(history.history["val_accuracy"][-1], 4))
