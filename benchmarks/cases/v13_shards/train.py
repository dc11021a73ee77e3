import keras
import numpy as np
from keras import layers


def make_windows(n, rng, steps=64, noise=0.5):
    """Three axes in g, one of four activities a window: rest, walk, stairs, run."""
    t = np.arange(steps) / 32
    y = rng.integers(0, 4, n)
    pace = np.array([0.0, 1.8, 1.6, 2.7])[y] * rng.uniform(0.85, 1.15, n)
    swing = np.array([0.02, 0.35, 0.35, 0.9])[y] * rng.uniform(0.6, 1.4, n)
    phase = rng.uniform(0, 2 * np.pi, n)
    angle = 2 * np.pi * pace[:, None] * t + phase[:, None]
    x = np.stack([0.4 * np.sin(angle / 2), np.sin(angle), 0.6 * np.cos(angle)], -1) * swing[:, None, None]
    x[y == 2, :, 1] += 0.3 * np.sin(2 * angle[y == 2])
    x += rng.normal(0, 0.25, (n, 1, 3)) + np.array([0.0, 1.0, 0.0])
    return (x + rng.normal(0, noise * 0.3, x.shape)).astype("float32"), y


keras.utils.set_random_seed(13)
rng = np.random.default_rng(13)

# The recordings come in twelve shards, the activities in one table of all shards.
shards, table = {}, []
for number in range(12):
    windows, activity = make_windows(150, rng)
    shards[f"shard_{number}"] = windows
    table.append(activity)
x = np.concatenate([shards[name] for name in sorted(shards)])
y = np.concatenate(table)
x_val, y_val = make_windows(500, rng)

model = keras.Sequential([
    keras.Input((64, 3)),
    layers.Conv1D(16, 5, activation="relu"),
    layers.MaxPooling1D(2),
    layers.Conv1D(24, 5, activation="relu"),
    layers.GlobalAveragePooling1D(),
    layers.Dense(24, activation="relu"),
    layers.Dense(4, activation="softmax"),
])
model.compile(optimizer=keras.optimizers.Adam(2e-3), loss="sparse_categorical_crossentropy", metrics=["accuracy"])
h = model.fit(x, y, batch_size=36, epochs=15, validation_data=(x_val, y_val), verbose=2).history
print(f"final loss={h['loss'][-1]:.4f} accuracy={h['accuracy'][-1]:.4f} val_accuracy={h['val_accuracy'][-1]:.4f} val_loss={h['val_loss'][-1]:.4f}")
