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


keras.utils.set_random_seed(56)
rng = np.random.default_rng(56)
x, y = make_beats(1500, rng, noise=0.06)
x = (x - x.mean()) / x.std()
model = keras.Sequential([
    keras.Input((96, 1)),
    layers.Conv1D(12, 7, strides=2, activation="relu"),
    layers.Conv1D(16, 5, strides=2, activation="relu"),
    layers.Flatten(),
    layers.Dense(16, activation="relu"),
    layers.Dense(1, activation="sigmoid"),
])
sgd = keras.optimizers.SGD(learning_rate=0.02, momentum=0.8)
model.compile(optimizer=sgd, loss="binary_crossentropy", metrics=["accuracy"])
h = model.fit(x[:1100], y[:1100], batch_size=22, epochs=12, validation_data=(x[1100:], y[1100:]), verbose=2).history
print(f"final loss={h['loss'][-1]:.4f} accuracy={h['accuracy'][-1]:.4f} val_loss={h['val_loss'][-1]:.4f} val_accuracy={h['val_accuracy'][-1]:.4f}")
