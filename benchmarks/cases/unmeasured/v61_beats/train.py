import keras
import numpy as np
from keras import layers


def make_beats(n, rng, ectopic=0.5, length=96, noise=0.12):
    t = np.linspace(0, 1, length)
    y = (rng.random(n) < ectopic).astype("int32")

    def wave(height, centre, width):
        return height * np.exp(-((t - centre) ** 2) / (2 * width**2))

    x = np.empty((n, length, 1), "float32")
    for i, early in enumerate(y):
        shift = rng.normal(0, 0.03)
        width = rng.uniform(0.022, 0.04) if early else rng.uniform(0.014, 0.028)
        p = rng.uniform(0.0, 0.1) if early else rng.uniform(0.06, 0.2)
        beat = wave(p, 0.28 + shift, 0.03) + wave(1.0, 0.45 + shift, width)
        beat += wave(-0.25, 0.45 + shift + 2.2 * width, width) + wave(rng.uniform(0.15, 0.4), 0.7 + shift, 0.05)
        x[i, :, 0] = rng.uniform(0.8, 1.2) * beat + rng.normal(0, noise, length)
    return x, y


keras.utils.set_random_seed(61)
rng = np.random.default_rng(61)
x, y = make_beats(900, rng, noise=0.3)
x_val, y_val, x, y = x[400:], y[400:], x[:400], y[:400]

model = keras.Sequential()
model.add(keras.Input((96, 1)))
model.add(layers.Conv1D(16, 9, strides=2, activation="relu"))
model.add(layers.Conv1D(24, 5, strides=2, activation="relu"))
model.add(layers.Flatten())
model.add(layers.Dense(1, activation="sigmoid"))
model.compile(optimizer=keras.optimizers.Adam(1e-3), loss="binary_crossentropy", metrics=["accuracy"])
model.fit(x, y, batch_size=20, epochs=55, validation_data=(x_val, y_val), verbose=2)
val_loss, val_accuracy = model.evaluate(x_val, y_val, verbose=0)
print(f"final val_loss={val_loss:.4f} val_accuracy={val_accuracy:.4f}")
