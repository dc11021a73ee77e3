import math

import keras
import numpy as np
from keras import layers

# wrist accelerometer, 3 axes, 64 samples per gesture
GESTURES = ["swipe_left", "swipe_right", "raise", "lower", "push", "pull", "circle_cw", "circle_ccw"]
STEPS = 64


def record(g, rng):
    x = np.zeros((STEPS, 3))
    t = np.arange(STEPS)
    centre = rng.uniform(24, 40)
    width = rng.uniform(5, 9)
    u = (t - centre) / width
    stroke = -u * np.exp(-u ** 2 / 2) * rng.uniform(1.0, 2.0)  # speed up, then brake
    if g < 6:
        axis, direction = g // 2, 1 if g % 2 else -1
        x[:, axis] += direction * stroke
        x[:, (axis + 1) % 3] += rng.normal(0, 0.15) * stroke
    else:
        phase = 2 * np.pi * (t - centre) / (4 * width) + rng.uniform(0, 2 * np.pi)
        envelope = np.exp(-(u / 2) ** 2) * rng.uniform(0.8, 1.5)
        s = 1 if g == 6 else -1
        x[:, 0] += envelope * np.cos(phase)
        x[:, 1] += s * envelope * np.sin(phase)
    x += rng.normal(0, 0.55, x.shape) + rng.normal(0, 0.08, 3)
    return x


def build_dataset(n, rng):
    y = rng.integers(0, len(GESTURES), n)
    x = np.stack([record(g, rng) for g in y]).astype("float32")
    return x, y


class GestureSequence(keras.utils.PyDataset):
    def __init__(self, x, y, batch_size=32, augment=False, seed=0, **kw):
        super().__init__(**kw)
        self.x, self.y = x, y
        self.batch_size = batch_size
        self.augment = augment
        self.rng = np.random.default_rng(seed)
        self.order = np.arange(len(x))
        self.on_epoch_end()

    def __len__(self):
        return math.ceil(len(self.x) / self.batch_size)

    def on_epoch_end(self):
        if self.augment:
            self.rng.shuffle(self.order)

    def __getitem__(self, i):
        idx = self.order[i * self.batch_size:(i + 1) * self.batch_size]
        x, y = self.x[idx], self.y[idx]
        if self.augment:
            x = self.scale(x)
            x = self.shift(x)
            x = self.mirror(x)
        return x.astype("float32"), y

    def scale(self, x):
        return x * self.rng.uniform(0.9, 1.1, (len(x), 1, 1))

    def shift(self, x):
        return np.stack([np.roll(s, self.rng.integers(-4, 5), axis=0) for s in x])

    def mirror(self, x):
        # worn on either wrist
        return x * self.rng.choice([-1.0, 1.0], (len(x), 1, 3))


keras.utils.set_random_seed(11)
rng = np.random.default_rng(11)
x_tr, y_tr = build_dataset(2400, rng)
x_va, y_va = build_dataset(600, rng)
scale = x_tr.std(axis=(0, 1))
x_tr, x_va = x_tr / scale, x_va / scale

train_seq = GestureSequence(x_tr, y_tr, augment=True, seed=1)
val_seq = GestureSequence(x_va, y_va, batch_size=100)

inp = keras.Input((STEPS, 3))
h = inp
for filters in (32, 48, 64):
    h = layers.Conv1D(filters, 5, padding="same", use_bias=False)(h)
    h = layers.BatchNormalization(momentum=0.9)(h)
    h = layers.ReLU()(h)
    h = layers.MaxPooling1D(2)(h)
h = layers.GlobalMaxPooling1D()(h)
h = layers.Dropout(0.2)(h)
out = layers.Dense(len(GESTURES), activation="softmax")(h)
model = keras.Model(inp, out, name="gesture_net")
model.compile(optimizer=keras.optimizers.Adam(1e-3),
              loss="sparse_categorical_crossentropy", metrics=["accuracy"])
model.fit(train_seq, validation_data=val_seq, epochs=10, verbose=2)
val_loss, val_acc = model.evaluate(val_seq, verbose=0)
print("val loss %.4f  val accuracy %.4f" % (val_loss, val_acc))
