"""Classify small voxel scans (14x14x14) of machined parts with a 3-D CNN."""
import keras
import numpy as np
import tensorflow as tf
from keras import layers

D = 14


class Scans:
    shapes = ["ball", "shell", "box", "rod"]

    def __init__(self, seed):
        self.rng = np.random.default_rng(seed)
        self.grid = np.stack(np.meshgrid(*[np.arange(D)] * 3, indexing="ij"), -1).astype(float)

    def one(self, kind):
        rng = self.rng
        p = self.grid - rng.uniform(5, 8, 3)
        r = rng.uniform(3.2, 4.6)
        dist = np.linalg.norm(p, axis=-1)
        if kind == 0:
            m = dist < r
        elif kind == 1:
            m = (dist < r) & (dist > r - 1.6)
        elif kind == 2:
            m = np.abs(p).max(-1) < r * 0.82
        else:
            m = np.linalg.norm(np.delete(p, rng.integers(3), axis=-1), axis=-1) < r * 0.55
        return m * rng.uniform(0.8, 1.2) + rng.normal(0, 0.35, m.shape)

    def draw(self, n):
        y = self.rng.integers(0, 4, n)
        x = np.stack([self.one(k) for k in y]).astype("float32")[..., None]
        return x, y


def main():
    keras.utils.set_random_seed(4)
    scans = Scans(4)
    x, y = scans.draw(1280)
    xv, yv = scans.draw(320)
    norm = layers.Normalization(axis=-1)
    norm.adapt(x)

    model = keras.Sequential([
        keras.Input((D, D, D, 1)),
        norm,
        layers.Conv3D(8, 3, activation="relu"),
        layers.MaxPooling3D(2),
        layers.Conv3D(16, 3, padding="same", activation="relu"),
        layers.MaxPooling3D(2),
        layers.Flatten(),
        layers.Dropout(0.2),
        layers.Dense(32, activation="relu"),
        layers.Dense(4, activation="softmax"),
    ])
    model.compile(optimizer=keras.optimizers.Adam(2e-3), loss="sparse_categorical_crossentropy",
                  metrics=["accuracy"])

    train = tf.data.Dataset.from_tensor_slices((x, y)).shuffle(len(x)).batch(32)
    val = tf.data.Dataset.from_tensor_slices((xv, yv)).batch(160)
    model.fit(train, validation_data=val, epochs=8, verbose=2)
    loss, acc = model.evaluate(val, verbose=0)
    print(f"val loss {loss:.4f} / val accuracy {acc:.4f}")


if __name__ == "__main__":
    main()
