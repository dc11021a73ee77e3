"""Denoising autoencoder for whistle spectrograms, with its own train_step."""
import numpy as np
import tensorflow as tf
import keras
from keras import layers, ops

CONFIG = {
    "bins": 32,
    "frames": 32,
    "n_train": 1600,
    "n_val": 300,
    "noise": 0.25,
    "noise_gate": 1.0,     # what lies below the gate is taken for hiss
    "filters": (16, 32),
    "lr": 2e-3,
    "epochs": 10,
    "batch": 32,
}


def whistles(n, rng, cfg):
    f = np.arange(cfg["bins"])[:, None]
    t = np.arange(cfg["frames"])[None, :]
    out = np.zeros((n, cfg["bins"], cfg["frames"], 1), "float32")
    for i in range(n):
        img = np.zeros((cfg["bins"], cfg["frames"]))
        for _ in range(rng.integers(2, 5)):
            line = rng.uniform(4, 28) + rng.uniform(-0.4, 0.4) * t + rng.uniform(0, 3) * np.sin(t / rng.uniform(3, 8))
            img += rng.uniform(0.5, 1.0) * np.exp(-((f - line) ** 2) / 3.0)
        out[i, ..., 0] = np.clip(img, 0, 1)
    return out


class Denoiser(keras.Model):
    def __init__(self, cfg):
        super().__init__()
        a, b = cfg["filters"]
        gate = cfg["noise_gate"]
        self.enc1 = layers.Conv2D(a, 3, strides=2, padding="same")
        self.act1 = layers.ReLU(threshold=gate)
        self.enc2 = layers.Conv2D(b, 3, strides=2, padding="same")
        self.act2 = layers.ReLU(threshold=gate)
        self.dec1 = layers.Conv2DTranspose(b, 3, strides=2, padding="same", activation="relu")
        self.dec2 = layers.Conv2DTranspose(a, 3, strides=2, padding="same", activation="relu")
        self.out = layers.Conv2D(1, 3, padding="same")
        self.loss_tracker = keras.metrics.Mean(name="loss")
        self.mse = keras.metrics.MeanSquaredError(name="mse")

    def call(self, x):
        h = self.act1(self.enc1(x))
        h = self.act2(self.enc2(h))
        return self.out(self.dec2(self.dec1(h)))

    @property
    def metrics(self):
        return [self.loss_tracker, self.mse]

    def train_step(self, data):
        noisy, clean = data
        with tf.GradientTape() as tape:
            rec = self(noisy, training=True)
            loss = ops.mean(ops.square(clean - rec))
        grads = tape.gradient(loss, self.trainable_variables)
        self.optimizer.apply_gradients(zip(grads, self.trainable_variables))
        self.loss_tracker.update_state(loss)
        self.mse.update_state(clean, rec)
        return {m.name: m.result() for m in self.metrics}

    def test_step(self, data):
        noisy, clean = data
        rec = self(noisy, training=False)
        self.loss_tracker.update_state(ops.mean(ops.square(clean - rec)))
        self.mse.update_state(clean, rec)
        return {m.name: m.result() for m in self.metrics}


def main(cfg):
    keras.utils.set_random_seed(4)
    rng = np.random.default_rng(4)
    clean = whistles(cfg["n_train"] + cfg["n_val"], rng, cfg)
    noisy = (clean + rng.normal(0, cfg["noise"], clean.shape)).astype("float32")
    k = cfg["n_train"]

    model = Denoiser(cfg)
    model.compile(optimizer=keras.optimizers.Adam(cfg["lr"]))
    model.fit(noisy[:k], clean[:k], validation_data=(noisy[k:], clean[k:]),
              epochs=cfg["epochs"], batch_size=cfg["batch"], verbose=2)

    rec = model.predict(noisy[k:], verbose=0)
    mse = float(np.mean((rec - clean[k:]) ** 2))
    print(f"val mse {mse:.5f}  explained {1 - mse / float(clean[k:].var()):.4f}")


if __name__ == "__main__":
    main(CONFIG)
