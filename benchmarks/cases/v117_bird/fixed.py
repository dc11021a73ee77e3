"""Bird call type from 32x32 log-mel spectrograms (synthesised), read through a PyDataset."""
import keras
import numpy as np
from keras import layers

keras.utils.set_random_seed(4)
CALLS = ["rise", "fall", "arch", "dip", "slow trill", "fast trill", "two tone", "harmonic"]
T = F = 32


def spectrogram(call, rng):
    t = np.arange(T)
    start = rng.integers(2, 9)
    length = rng.integers(15, 22)
    u = np.clip((t - start) / length, 0, 1)
    on = ((t >= start) & (t <= start + length)).astype(float)
    base = rng.uniform(9, 20)
    swing = rng.uniform(4, 8)
    f = np.full(T, base)
    if call == 0:
        f = base + swing * (u - 0.5)
    elif call == 1:
        f = base - swing * (u - 0.5)
    elif call == 2:
        f = base + swing * (np.sin(np.pi * u) - 0.5)
    elif call == 3:
        f = base - swing * (np.sin(np.pi * u) - 0.5)
    elif call == 4:
        f = base + 2 * np.sin(2 * np.pi * t / rng.uniform(8, 10))
    elif call == 5:
        f = base + 2 * np.sin(2 * np.pi * t / rng.uniform(4, 5))
    elif call == 6:
        f = base + np.where(u < rng.uniform(0.35, 0.65), 0.0, swing * rng.choice([-1, 1]))
    bins = np.arange(F)[:, None]
    s = on * np.exp(-((bins - f) ** 2) / 1.6)
    if call == 7:
        s += 0.7 * on * np.exp(-((bins - f - rng.uniform(5, 8)) ** 2) / 1.6)
    s *= rng.uniform(0.5, 1.1)
    for _ in range(rng.integers(2, 6)):  # other birds, far away
        s += rng.uniform(0.2, 0.7) * np.exp(
            -((bins - rng.uniform(0, F)) ** 2) / 2 - ((t - rng.uniform(0, T)) ** 2) / 12
        )
    s += 0.25 * np.exp(-bins / 6.0) + np.abs(rng.normal(0, 0.3, (F, T)))
    return np.log1p(3 * s)


class Calls(keras.utils.PyDataset):
    def __init__(self, count, seed, batch=32, shuffle=False):
        super().__init__()
        rng = np.random.default_rng(seed)
        self.y = rng.integers(0, len(CALLS), count)
        x = np.stack([spectrogram(c, rng) for c in self.y])[..., None]
        self.x = (x - 0.55).astype("float32") * 2
        self.batch, self.shuffle, self.rng = batch, shuffle, rng
        self.order = np.arange(count)
        self.on_epoch_end()

    def __len__(self):
        return -(-len(self.x) // self.batch)

    def __getitem__(self, i):
        k = self.order[i * self.batch : (i + 1) * self.batch]
        return self.x[k], self.y[k]

    def on_epoch_end(self):
        if self.shuffle:
            self.rng.shuffle(self.order)


def build(width=10):
    inputs = keras.Input((F, T, 1))
    x = inputs
    for k in (1, 1, 2):
        x = layers.Conv2D(width * k, 3, padding="same", activation="relu")(x)
        x = layers.MaxPooling2D()(x)
    x = layers.Conv2D(width * 3, 3, padding="same", activation="relu")(x)
    x = layers.GlobalAveragePooling2D()(x)
    return keras.Model(inputs, layers.Dense(len(CALLS), activation="softmax")(x))


train, val = Calls(3200, 1, shuffle=True), Calls(800, 2)
model = build()
model.compile(
    keras.optimizers.Adam(4e-3), loss="sparse_categorical_crossentropy", metrics=["accuracy"]
)
history = model.fit(train, validation_data=val, epochs=16, verbose=2)
print("val_accuracy", round(history.history["val_accuracy"][-1], 4))
