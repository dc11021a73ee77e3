import keras
import numpy as np
from keras import layers


def make_spirals(n, rng, arms=3):
    y = rng.integers(0, arms, n)
    r = rng.uniform(0.2, 1, n)
    angle = 4.5 * r + 2 * np.pi * y / arms + rng.normal(0, 0.12, n)
    return (r[:, None] * np.stack([np.cos(angle), np.sin(angle)], axis=1)).astype("float32"), y


class Spiral(keras.Model):
    def __init__(self, width):
        super().__init__()
        self.one = layers.Dense(width, kernel_initializer="he_normal")
        self.norm_one = layers.BatchNormalization(momentum=0.9)
        self.two = layers.Dense(width, kernel_initializer="he_normal")
        self.norm_two = layers.BatchNormalization(momentum=0.9)
        self.arm = layers.Dense(3)

    def call(self, x, training=False):
        x = keras.ops.relu(self.norm_one(self.one(x), training=training))
        x = keras.ops.relu(self.norm_two(self.two(x), training=training))
        return self.arm(x)


keras.utils.set_random_seed(300)
rng = np.random.default_rng(300)
x, y = make_spirals(2400, rng)
model = Spiral(48)
model.compile(
    optimizer=keras.optimizers.Adam(5e-3),
    loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True),
    metrics=["accuracy"],
)
h = model.fit(x[:1800], y[:1800], batch_size=60, epochs=20, validation_data=(x[1800:], y[1800:]), verbose=2).history
print(f"final loss={h['loss'][-1]:.4f} val_loss={h['val_loss'][-1]:.4f} val_accuracy={h['val_accuracy'][-1]:.4f}")
