import numpy as np
import keras
from keras import layers


def make_scans(n, rng, size=16):
    """Stripes under one of six angles, in noise."""
    yy, xx = np.mgrid[0:size, 0:size]
    kind = rng.integers(0, 6, n)
    angle = (kind * np.pi / 6 + rng.normal(0, 0.08, n)).reshape(-1, 1, 1)
    wave = 2 * np.pi * rng.uniform(0.12, 0.22, (n, 1, 1))
    stripes = np.sin(wave * (xx * np.cos(angle) + yy * np.sin(angle)) + rng.uniform(0, 6.3, (n, 1, 1)))
    return (stripes + rng.normal(0, 0.8, stripes.shape)).astype("float32")[..., None], kind


def unit(x, name):
    h = layers.Conv2D(16, 3, padding="same", kernel_initializer="he_normal", name=name + "_a")(x)
    h = layers.ReLU()(h)
    h = layers.Conv2D(16, 3, padding="same", kernel_initializer="he_normal", name=name + "_b")(h)
    return layers.Add()([x, h])


keras.utils.set_random_seed(210)
rng = np.random.default_rng(210)
x, kind = make_scans(1000, rng)
inputs = keras.Input((16, 16, 1))
h = layers.Conv2D(16, 3, strides=2, padding="same", activation="relu", name="stem")(inputs)
for i in range(6):
    h = unit(h, f"unit{i}")
h = layers.GlobalAveragePooling2D()(layers.ReLU()(h))
model = keras.Model(inputs, layers.Dense(6, activation="softmax", name="angle")(h))
model.compile(optimizer=keras.optimizers.SGD(0.05, momentum=0.9), loss="sparse_categorical_crossentropy", metrics=["accuracy"])
h = model.fit(x[:800], kind[:800], batch_size=25, epochs=6, validation_data=(x[800:], kind[800:]), verbose=2).history
print(f"final loss={h['loss'][-1]:.4f} accuracy={h['accuracy'][-1]:.4f} val_accuracy={h['val_accuracy'][-1]:.4f}")
