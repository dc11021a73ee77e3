import keras
import numpy as np
from keras import layers


def make_scans(n, rng, size=16, noise=0.8):
    """Stripes under one of six angles, in noise."""
    yy, xx = np.mgrid[0:size, 0:size]
    kind = rng.integers(0, 6, n)
    angle = (kind * np.pi / 6 + rng.normal(0, 0.08, n)).reshape(-1, 1, 1)
    wave = 2 * np.pi * rng.uniform(0.12, 0.22, (n, 1, 1))
    stripes = np.sin(wave * (xx * np.cos(angle) + yy * np.sin(angle)) + rng.uniform(0, 6.3, (n, 1, 1)))
    return (stripes + rng.normal(0, noise, stripes.shape)).astype("float32")[..., None], kind


keras.utils.set_random_seed(49)
rng = np.random.default_rng(49)
x, kind = make_scans(1500, rng, noise=0.7)
epochs, batch = 16, 30
rate = keras.optimizers.schedules.CosineDecay(3e-3, decay_steps=epochs * 1200 // batch)
model = keras.Sequential([
    keras.Input((16, 16, 1)),
    layers.Conv2D(12, 5, strides=2, padding="same", use_bias=False),
    layers.GroupNormalization(3),
    layers.ReLU(),
    layers.Conv2D(16, 3, padding="same", use_bias=False),
    layers.GroupNormalization(4),
    layers.ReLU(),
    layers.MaxPooling2D(),
    layers.Flatten(),
    layers.Dropout(0.3),
    layers.Dense(6, activation="softmax"),
])
model.compile(optimizer=keras.optimizers.Adam(rate), loss="sparse_categorical_crossentropy", metrics=["accuracy"])
h = model.fit(x[:1200], kind[:1200], batch_size=batch, epochs=epochs, validation_data=(x[1200:], kind[1200:]), verbose=2).history
print(f"final loss={h['loss'][-1]:.4f} accuracy={h['accuracy'][-1]:.4f} val_loss={h['val_loss'][-1]:.4f} val_accuracy={h['val_accuracy'][-1]:.4f}")
