import numpy as np
import keras
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


class BeatNet(keras.Model):
    def __init__(self):
        super().__init__()
        self.convs = [layers.Conv1D(w, 7, strides=2, activation="relu") for w in (12, 16, 24)]
        self.pool = layers.GlobalAveragePooling1D()
        self.head = layers.Dense(1, activation="sigmoid")

    def call(self, x):
        for conv in self.convs:
            x = conv(x)
        return self.head(self.pool(x))


keras.utils.set_random_seed(404)
rng = np.random.default_rng(404)
x, y = make_beats(4200, rng, ectopic=0.06, noise=0.1)
x_val, y_val = x[2800:], y[2800:]
x, y = x[:2800], y[:2800]
again = rng.choice(np.flatnonzero(y == 1), (y == 0).sum() - (y == 1).sum())
order = rng.permutation(len(y) + len(again))
x, y = np.concatenate([x, x[again]])[order], np.concatenate([y, y[again]])[order]
model = BeatNet()
model.compile(
    optimizer=keras.optimizers.Adam(2e-3),
    loss="binary_crossentropy",
    metrics=[keras.metrics.Recall(name="recall"), keras.metrics.AUC(name="auc")],
)
h = model.fit(x, y, batch_size=64, epochs=8, validation_data=(x_val, y_val), verbose=2).history
print(f"final val_recall={h['val_recall'][-1]:.4f} val_auc={h['val_auc'][-1]:.4f}")
