import keras
import numpy as np
import tensorflow as tf
from keras import layers


def make_parts(n, rng, size=24):
    """A part (disk, square or cross) somewhere in the picture, and its centre in pixels."""
    yy, xx = np.mgrid[0:size, 0:size]
    kind = rng.integers(0, 3, n)
    centre = rng.uniform(6, size - 6, (n, 2))
    images = np.empty((n, size, size, 1), "float32")
    for i, (cy, cx) in enumerate(centre):
        dy, dx, r = np.abs(yy - cy), np.abs(xx - cx), rng.uniform(3, 5)
        if kind[i] == 0:
            shape = np.hypot(dy, dx) < r
        elif kind[i] == 1:
            shape = np.maximum(dy, dx) < 0.85 * r
        else:
            shape = (np.minimum(dy, dx) < 1) & (np.maximum(dy, dx) < 1.2 * r)
        images[i, ..., 0] = shape + rng.normal(0, 0.12, (size, size))
    return images, kind, centre.astype("float32")


class TwoHeads(keras.Model):
    """One trunk, a kind and a centre; the step is written out."""

    def train_step(self, data):
        x, (kind, centre) = data
        with tf.GradientTape() as tape:
            kind_scores, centre_found = self(x, training=True)
            loss_kind = tf.reduce_mean(keras.losses.sparse_categorical_crossentropy(kind, kind_scores))
            loss_centre = tf.reduce_mean(tf.square(centre - centre_found))
            loss = loss_kind + loss_centre
        grads = tape.gradient(loss, self.trainable_variables)
        self.optimizer.apply_gradients(zip(grads, self.trainable_variables))
        return {"loss": loss, "loss_kind": loss_kind, "loss_centre": loss_centre}

    def test_step(self, data):
        x, (kind, centre) = data
        kind_scores, centre_found = self(x, training=False)
        loss_kind = tf.reduce_mean(keras.losses.sparse_categorical_crossentropy(kind, kind_scores))
        loss_centre = tf.reduce_mean(tf.square(centre - centre_found))
        return {"loss": loss_kind + loss_centre, "loss_kind": loss_kind, "loss_centre": loss_centre}


keras.utils.set_random_seed(511)
rng = np.random.default_rng(511)
images, kind, centre = make_parts(1300, rng)
centre = (centre - 12) / 4
inputs = keras.Input((24, 24, 1))
h = layers.Conv2D(12, 3, strides=2, padding="same", activation="relu")(inputs)
h = layers.Conv2D(16, 3, strides=2, padding="same", activation="relu")(h)
kind_out = layers.Dense(3, activation="softmax")(layers.GlobalMaxPooling2D()(h))
where = layers.Dense(24, activation="relu")(layers.Flatten()(h))
model = TwoHeads(inputs, [kind_out, layers.Dense(2)(where)])
model.compile(optimizer=keras.optimizers.Adam(2e-3))
h = model.fit(images[:1000], (kind[:1000], centre[:1000]), batch_size=20, epochs=12, validation_data=(images[1000:], (kind[1000:], centre[1000:])), verbose=2).history
print(f"final loss={h['loss'][-1]:.4f} val_loss={h['val_loss'][-1]:.4f} val_loss_kind={h['val_loss_kind'][-1]:.4f} val_loss_centre={h['val_loss_centre'][-1]:.4f}")
