import numpy as np
import keras
from keras import layers


def make_reads(n, rng, length=80):
    """DNA with two copies of a motif near each other (1) or far apart (0)."""
    reads = rng.integers(0, 4, (n, length))
    near = rng.integers(0, 2, n)
    motif = np.array([0, 3, 2, 0, 1, 3])
    for i in range(n):
        first = rng.integers(0, length // 2 - 16)
        gap = rng.integers(8, 14) if near[i] else rng.integers(22, 34)
        for start in (first, first + gap):
            reads[i, start:start + 6] = motif
            if rng.random() < 0.15:
                reads[i, start + rng.integers(6)] = rng.integers(4)
    return np.eye(4, dtype="float32")[reads], near


keras.utils.set_random_seed(36)
rng = np.random.default_rng(36)
x, near = make_reads(2200, rng)
model = keras.Sequential([
    keras.Input((80, 4)),
    layers.Conv1D(16, 6, padding="same", activation="relu", name="motif"),
    layers.Conv1D(24, 16, strides=2, padding="same", activation="relu", name="pair"),
    layers.GlobalMaxPooling1D(),
    layers.Dense(1, activation="sigmoid", name="near"),
])
model.compile(optimizer=keras.optimizers.Adam(3e-3), loss="binary_crossentropy", metrics=["accuracy"])
h = model.fit(x[:1700], near[:1700], batch_size=34, epochs=14, validation_data=(x[1700:], near[1700:]), verbose=2).history
print(f"final loss={h['loss'][-1]:.4f} accuracy={h['accuracy'][-1]:.4f} val_loss={h['val_loss'][-1]:.4f} val_accuracy={h['val_accuracy'][-1]:.4f}")
