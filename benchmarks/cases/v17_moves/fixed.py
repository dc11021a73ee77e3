import keras
import numpy as np
import tensorflow as tf
from keras import layers


def make_windows(n, rng, steps=64, noise=0.5):
    """Three axes in g, one of four activities a window: rest, walk, stairs, run."""
    t = np.arange(steps) / 32
    y = rng.integers(0, 4, n)
    pace = np.array([0.0, 1.8, 1.6, 2.7])[y] * rng.uniform(0.85, 1.15, n)
    swing = np.array([0.02, 0.35, 0.35, 0.9])[y] * rng.uniform(0.6, 1.4, n)
    phase = rng.uniform(0, 2 * np.pi, n)
    angle = 2 * np.pi * pace[:, None] * t + phase[:, None]
    x = np.stack([0.4 * np.sin(angle / 2), np.sin(angle), 0.6 * np.cos(angle)], -1) * swing[:, None, None]
    x[y == 2, :, 1] += 0.3 * np.sin(2 * angle[y == 2])
    x += rng.normal(0, 0.25, (n, 1, 3)) + np.array([0.0, 1.0, 0.0])
    return (x + rng.normal(0, noise * 0.3, x.shape)).astype("float32"), y


keras.utils.set_random_seed(17)
rng = np.random.default_rng(17)
x, y = make_windows(1400, rng)
x_val, y_val, x, y = x[1000:], y[1000:], x[:1000], y[:1000]
folders = {name: x[y == k] for k, name in enumerate(["rest", "walk", "stairs", "run"])}


def read_folders():
    for k, windows in enumerate(folders.values()):
        for window in windows:
            yield window, k


signature = (tf.TensorSpec((64, 3), tf.float32), tf.TensorSpec((), tf.int32))
train = tf.data.Dataset.from_generator(read_folders, output_signature=signature)
train = train.shuffle(1000, seed=17).batch(25).prefetch(2)
valid = tf.data.Dataset.from_tensor_slices((x_val, y_val)).batch(100)


def block(h, width, dilation):
    h = layers.Conv1D(width, 3, padding="same", dilation_rate=dilation)(h)
    h = layers.LayerNormalization()(h)
    return layers.ReLU()(h)


inputs = keras.Input((64, 3))
h = block(inputs, 16, 1)
h = block(h, 16, 2)
h = block(h, 24, 4)
h = layers.GlobalMaxPooling1D()(h)
model = keras.Model(inputs, layers.Dense(4, activation="softmax")(h))
model.compile(optimizer=keras.optimizers.Adam(3e-3), loss="sparse_categorical_crossentropy", metrics=["accuracy"])
h = model.fit(train, validation_data=valid, epochs=10, verbose=2).history
print(f"final loss={h['loss'][-1]:.4f} accuracy={h['accuracy'][-1]:.4f} val_accuracy={h['val_accuracy'][-1]:.4f} val_loss={h['val_loss'][-1]:.4f}")
