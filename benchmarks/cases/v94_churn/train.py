"""Which customers leave? 18 months of usage per customer, 5 measures a month."""
import os
import tempfile

import keras
import numpy as np
from keras import layers

MONTHS = 18


def simulate(n, rng):
    y = (rng.random(n) < 0.5).astype("float32")
    t = np.arange(MONTHS)
    minutes = rng.normal(0, 1, (n, 1)) + 0.5 * rng.normal(size=(n, MONTHS))
    data = rng.normal(0, 1, (n, 1)) + 0.6 * rng.normal(size=(n, MONTHS))
    calls = rng.poisson(0.5, (n, MONTHS)).astype(float)
    bill = 0.6 * minutes + 0.4 * data + 0.5 * rng.normal(size=(n, MONTHS))
    late = (rng.random((n, MONTHS)) < 0.1).astype(float)
    for i in np.flatnonzero(y):
        start = rng.integers(8, MONTHS - 4)
        drop = rng.uniform(0.3, 1.4)
        ramp = np.clip((t - start) / 4, 0, 1)
        minutes[i] -= drop * ramp
        data[i] -= 0.6 * drop * ramp
        calls[i, start - 2:start + 3] += rng.poisson(0.45, 5)
    return np.stack([minutes, data, calls, bill, late], -1).astype("float32"), y


class UsageNet(keras.Model):
    def __init__(self):
        super().__init__()
        self.convs = [layers.Conv1D(64, 3, padding="same", activation="relu"),
                      layers.Conv1D(64, 3, padding="same", activation="relu")]
        self.pool = layers.MaxPooling1D(2)
        self.flatten = layers.Flatten()
        self.drop = layers.Dropout(0.3)
        self.hidden = layers.Dense(64, activation="relu")
        self.out = layers.Dense(1, activation="sigmoid")

    def call(self, x, training=None):
        for c in self.convs:
            x = c(x)
        x = self.pool(x)
        x = self.drop(self.flatten(x), training=training)
        return self.out(self.hidden(x))


def main():
    keras.utils.set_random_seed(41)
    rng = np.random.default_rng(41)
    x, y = simulate(2000, rng)
    xv, yv = simulate(800, rng)
    mu, sd = x.mean((0, 1)), x.std((0, 1))
    x, xv = (x - mu) / sd, (xv - mu) / sd

    model = UsageNet()
    model.compile(keras.optimizers.Adam(1e-3), "binary_crossentropy",
                  metrics=["accuracy", keras.metrics.AUC(name="auc")])
    stop = keras.callbacks.EarlyStopping(monitor="loss", patience=7, restore_best_weights=True)
    model.fit(x, y, validation_data=(xv, yv), batch_size=64, epochs=60, callbacks=[stop], verbose=2)

    path = os.path.join(tempfile.mkdtemp(), "usage.weights.h5")
    model.save_weights(path)
    res = model.evaluate(xv, yv, verbose=0, return_dict=True)
    print("saved", os.path.basename(path), {"val_" + k: round(v, 4) for k, v in res.items()})


if __name__ == "__main__":
    main()
