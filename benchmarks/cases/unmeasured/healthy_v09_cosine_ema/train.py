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


keras.utils.set_random_seed(509)
rng = np.random.default_rng(509)
x, kind = make_scans(1600, rng, noise=0.5)
epochs, batch = 14, 30
rate = keras.optimizers.schedules.CosineDecay(0.0, 14 * 40 - 80, warmup_target=6e-3, warmup_steps=80)
adam = keras.optimizers.AdamW(rate, weight_decay=1e-3, use_ema=True, ema_momentum=0.95)
inputs = keras.Input((16, 16, 1))
h = layers.Conv2D(12, 5, strides=2, padding="same", activation="swish")(inputs)
h = layers.Conv2D(16, 3, padding="same", activation="swish")(h)
h = layers.MaxPooling2D()(h)
h = layers.Flatten()(h)
h = layers.Dropout(0.3)(h)
model = keras.Model(inputs, layers.Dense(6, activation="softmax")(h))
model.compile(optimizer=adam, loss="sparse_categorical_crossentropy", metrics=["accuracy"], jit_compile=True)
h = model.fit(x[:1200], kind[:1200], batch_size=batch, epochs=epochs, validation_data=(x[1200:], kind[1200:]), verbose=2).history
print(f"final loss={h['loss'][-1]:.4f} accuracy={h['accuracy'][-1]:.4f} val_loss={h['val_loss'][-1]:.4f} val_accuracy={h['val_accuracy'][-1]:.4f}")
