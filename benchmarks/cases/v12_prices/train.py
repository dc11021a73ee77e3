import numpy as np
import tensorflow as tf
import keras
from keras import layers

keras.utils.set_random_seed(12)
rng = np.random.default_rng(12)


def make_demand(items, weeks):
    season = 1 + 0.5 * np.sin(2 * np.pi * (np.arange(weeks) / 26 + rng.random((items, 1))))
    level = rng.gamma(3.0, 6.0, (items, 1))
    return rng.poisson(level * season).astype("float32")


demand = make_demand(120, 60)
logs = np.log(demand, out=np.full_like(demand, -np.inf), where=demand > 0) - 2.5
windows = np.lib.stride_tricks.sliding_window_view(logs, 27, axis=1)[:, ::2]
past, target = windows[..., :26].reshape(-1, 26, 1), windows[..., 26].reshape(-1, 1)
seen = np.isfinite(past).all(axis=(1, 2))
past, target = past[seen], target[seen]
order = rng.permutation(len(past))
past, target = past[order], target[order]
cut = len(past) * 3 // 4
train = tf.data.Dataset.from_tensor_slices((past[:cut], target[:cut])).shuffle(cut, seed=4).batch(32)
valid = tf.data.Dataset.from_tensor_slices((past[cut:], target[cut:])).batch(64)

inputs = keras.Input((26, 1))
h = layers.Conv1D(16, 3, padding="causal", activation="relu")(inputs)
h = layers.Conv1D(16, 3, padding="causal", dilation_rate=3, activation="relu")(h)
h = layers.Conv1D(16, 3, padding="causal", dilation_rate=6, activation="relu")(h)
h = layers.GlobalAveragePooling1D()(h)
model = keras.Model(inputs, layers.Dense(1)(h))
model.compile(optimizer=keras.optimizers.Adam(2e-3), loss="mse", metrics=["mae"])
h = model.fit(train, validation_data=valid, epochs=15, verbose=2).history
print(f"final loss={h['loss'][-1]:.4f} val_loss={h['val_loss'][-1]:.4f} val_mae={h['val_mae'][-1]:.4f}")
