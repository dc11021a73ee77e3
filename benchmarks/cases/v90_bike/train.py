"""Next-hour bike rental demand from the last three days of one docking station."""
import keras
import numpy as np
from keras import layers

WINDOW = 72

keras.utils.set_random_seed(3)
rng = np.random.default_rng(3)


def simulate_rentals(days=260):
    h = np.arange(days * 24)
    hour = h % 24
    weekday = (h // 24) % 7
    commute = np.exp(-0.5 * ((hour - 8) / 1.3) ** 2) + 1.2 * np.exp(-0.5 * ((hour - 17.5) / 1.6) ** 2)
    leisure = 0.9 * np.exp(-0.5 * ((hour - 14) / 3.5) ** 2)
    shape = np.where(weekday < 5, commute, leisure)
    season = 1 + 0.3 * np.sin(2 * np.pi * h / (24 * 365) - 0.8)
    weather = np.zeros(len(h))
    for i in range(1, len(h)):
        weather[i] = 0.97 * weather[i - 1] + rng.normal(0, 0.05)
    rate = (5.5 + 60 * shape) * season * np.exp(weather)
    return rng.poisson(rate)


def robust_scale(v, reference):
    lo, mid, hi = np.percentile(reference, [25, 50, 75])
    return (v - mid) / (hi - lo)


def windows(series, hour_sin, hour_cos, week):
    feats = np.stack([series, hour_sin, hour_cos, week], axis=-1).astype("float32")
    x = np.stack([feats[i:i + WINDOW] for i in range(len(series) - WINDOW)])
    y = series[WINDOW:].astype("float32")
    return x, y


rentals = simulate_rentals()
hours = np.arange(len(rentals))
demand = np.log(rentals)
n_train = int(0.8 * len(rentals))
demand = robust_scale(demand, demand[:n_train])
X, Y = windows(demand, np.sin(2 * np.pi * hours / 24), np.cos(2 * np.pi * hours / 24),
               ((hours // 24) % 7 >= 5).astype(float))
cut = n_train - WINDOW
x_train, y_train = X[:cut], Y[:cut]
x_val, y_val = X[cut:], Y[cut:]
print("train", x_train.shape, "val", x_val.shape)

model = keras.Sequential(name="demand_tcn")
model.add(layers.Input((WINDOW, 4)))
for d in (1, 2, 4, 8):
    model.add(layers.Conv1D(24, 3, dilation_rate=d, padding="causal", activation="relu"))
model.add(layers.Lambda(lambda t: t[:, -24:, :]))
model.add(layers.Flatten())
model.add(layers.Dense(32, activation="relu"))
model.add(layers.Dense(1))
model.compile(optimizer=keras.optimizers.Adam(1e-3), loss="mse", metrics=["mae"])
model.fit(x_train, y_train, batch_size=64, epochs=10, validation_data=(x_val, y_val), verbose=2)
mse, mae = model.evaluate(x_val, y_val, verbose=0)
print(f"validation: mse={mse:.4f} mae={mae:.4f} baseline mae={np.abs(y_val - np.median(y_train)).mean():.4f}")
