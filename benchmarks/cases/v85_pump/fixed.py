"""Condition monitoring on a pump test rig: 5 states from 96-sample windows of 4 channels."""
import numpy as np
import keras
from keras import layers

keras.utils.set_random_seed(11)
rng = np.random.default_rng(11)

STATES = ["ok", "cavitation", "leak", "unbalance", "sticky_valve"]
N, T = 3000, 96


def record(state):
    t = np.arange(T)
    pressure = 101325 + rng.normal(0, 250) + rng.normal(0, 60, T)      # Pa
    flow = 35 + rng.normal(0, 0.8) + rng.normal(0, 0.25, T)            # l/min
    speed = 2950 + rng.normal(0, 6) + rng.normal(0, 2.0, T)            # rpm
    vib = rng.normal(0, 0.12, T)                                       # mm/s
    if state == 1:
        start = rng.integers(5, 60)
        vib[start:start + 25] += rng.normal(0, 0.5, 25)
        flow[start:start + 25] -= rng.uniform(0.4, 1.0)
    elif state == 2:
        pressure -= rng.uniform(5, 9) * t
    elif state == 3:
        vib += rng.uniform(0.25, 0.5) * np.sin(2 * np.pi * t / 8 + rng.uniform(0, 6.28))
    elif state == 4:
        flow += rng.uniform(0.6, 1.2) * np.sign(np.sin(2 * np.pi * t / 24 + rng.uniform(0, 6.28)))
    return np.stack([pressure, flow, speed, vib], axis=-1)


y = rng.integers(0, len(STATES), N)
x = np.stack([record(s) for s in y]).astype("float32")
x_train, y_train = x[:2400], y[:2400]
x_val, y_val = x[2400:], y[2400:]

norm = layers.Normalization(axis=-1)
norm.adapt(x_train)

model = keras.Sequential([
    layers.Input((T, 4)),
    norm,
    layers.Conv1D(32, 7, padding="same", activation="relu"),
    layers.MaxPooling1D(2),
    layers.Conv1D(48, 5, padding="same", activation="relu"),
    layers.MaxPooling1D(2),
    layers.Conv1D(48, 5, padding="same", activation="relu"),
    layers.GlobalAveragePooling1D(),
    layers.Dense(32, activation="relu"),
    layers.Dense(len(STATES), activation="softmax"),
])
model.compile(optimizer=keras.optimizers.Adam(1e-3),
              loss="sparse_categorical_crossentropy", metrics=["accuracy"])
model.fit(x_train, y_train, validation_data=(x_val, y_val), epochs=14, batch_size=32, verbose=2)

loss, acc = model.evaluate(x_val, y_val, verbose=0)
print(f"val_loss={loss:.4f} val_accuracy={acc:.4f}")
