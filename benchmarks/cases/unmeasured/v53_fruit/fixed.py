import keras
import numpy as np
import tensorflow as tf
from keras import layers


def make_fruit(n, rng, size=20):
    """A disk of one of four hues on a coloured ground, RGB in 0..1."""
    yy, xx = np.mgrid[0:size, 0:size]
    hues = np.array([[0.85, 0.25, 0.2], [0.9, 0.75, 0.2], [0.35, 0.75, 0.25], [0.4, 0.25, 0.7]])
    kind = rng.integers(0, 4, n)
    images = np.empty((n, size, size, 3), "float32")
    for i, k in enumerate(kind):
        ground = rng.uniform(0.2, 0.8, 3)
        cy, cx = rng.uniform(0.35 * size, 0.65 * size, 2)
        disk = np.hypot(yy - cy, xx - cx) < rng.uniform(3, 7)
        colour = hues[k] * rng.uniform(0.6, 1.1) + rng.normal(0, 0.06, 3)
        images[i] = np.where(disk[..., None], colour, ground) + rng.normal(0, 0.1, (size, size, 3))
    return np.clip(images, 0, 1), kind


keras.utils.set_random_seed(53)
rng = np.random.default_rng(53)
images, kinds = make_fruit(780, rng)
train = tf.data.Dataset.from_tensor_slices((images[:480], kinds[:480])).shuffle(480, seed=53).batch(24, drop_remainder=True)
valid = tf.data.Dataset.from_tensor_slices((images[480:], kinds[480:])).batch(100)


def conv(h, width):
    h = layers.Conv2D(width, 3, strides=2, padding="same", use_bias=False)(h)
    h = layers.BatchNormalization(momentum=0.9)(h)
    return layers.ReLU()(h)


inputs = keras.Input((20, 20, 3))
h = conv(inputs, 12)
h = conv(h, 16)
h = conv(h, 24)
h = layers.GlobalAveragePooling2D()(h)
model = keras.Model(inputs, layers.Dense(4, activation="softmax")(h))
model.compile(keras.optimizers.SGD(0.05, momentum=0.9), "sparse_categorical_crossentropy", metrics=["accuracy"])
h = model.fit(train, validation_data=valid, epochs=7, verbose=2).history
print(f"final loss={h['loss'][-1]:.4f} accuracy={h['accuracy'][-1]:.4f} val_loss={h['val_loss'][-1]:.4f} val_accuracy={h['val_accuracy'][-1]:.4f}")
