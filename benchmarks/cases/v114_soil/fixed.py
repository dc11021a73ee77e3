"""Two targets from a day of soil-probe readings: temperature anomaly tomorrow and frost risk."""
import keras
import numpy as np
from keras import layers

keras.utils.set_random_seed(29)
rng = np.random.default_rng(29)
STEPS = 48


def days(n):
    t = np.arange(STEPS) / STEPS
    phase = rng.uniform(0, 1, (n, 1))
    swing = rng.uniform(0.4, 1.2, (n, 1))
    trend = rng.normal(0, 0.8, (n, 1))
    front = rng.uniform(0.2, 0.9, (n, 1))
    drop = rng.gamma(2.0, 0.4, (n, 1)) * rng.choice([-1, 1], (n, 1))
    air = swing * np.sin(2 * np.pi * (t + phase)) + trend * t + drop / (1 + np.exp(-(t - front) * 40))
    soil = np.stack([np.convolve(a, np.ones(9) / 9, mode="same") for a in air])
    humid = -0.6 * air + 0.5 * np.sign(drop) + rng.normal(0, 0.3, (n, STEPS))
    x = np.stack([air, soil, humid], -1) + rng.normal(0, 0.15, (n, STEPS, 3))
    # large fronts keep working on; a wide swing damps them
    anomaly = np.abs(drop) * np.sign(drop) * (1.4 - swing) + 0.5 * trend * np.abs(trend)
    anomaly = anomaly[:, 0]
    risk = (np.abs(anomaly) + rng.normal(0, 0.08, n) > 0.45)
    anomaly = anomaly + rng.normal(0, 0.1, n)
    return x.astype("float32"), anomaly[:, None].astype("float32"), risk[:, None].astype("float32")


x_train, a_train, r_train = days(6000)
x_val, a_val, r_val = days(1000)


class SoilNet(keras.Model):
    def __init__(self):
        super().__init__()
        self.c1 = layers.Conv1D(24, 7, strides=2, padding="same", activation="relu")
        self.c2 = layers.Conv1D(32, 5, strides=2, padding="same", activation="relu")
        self.flat = layers.Flatten()
        self.drop = layers.Dropout(0.1)
        self.d1 = layers.Dense(32, activation="relu")
        self.d2 = layers.Dense(16, activation="relu")
        self.anomaly = layers.Dense(1, name="anomaly_head")
        self.risk = layers.Dense(1, activation="sigmoid", name="risk_head")

    def call(self, x, training=False):
        h = self.d2(self.d1(self.drop(self.flat(self.c2(self.c1(x))), training=training)))
        return {"anomaly": self.anomaly(h), "risk": self.risk(h)}


model = SoilNet()
model.compile(
    optimizer=keras.optimizers.Adam(1e-3),
    loss={"anomaly": "mse", "risk": "binary_crossentropy"},
    metrics={"anomaly": ["mae"], "risk": ["accuracy"]},
)
history = model.fit(
    x_train,
    {"anomaly": a_train, "risk": r_train},
    validation_data=(x_val, {"anomaly": a_val, "risk": r_val}),
    batch_size=64,
    epochs=14,
    verbose=2,
)
last = {k: round(v[-1], 4) for k, v in history.history.items() if k.startswith("val_")}
print(last)
