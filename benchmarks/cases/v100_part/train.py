import keras
import numpy as np
from keras import layers

# camera on a pick-and-place machine: which part is it and how far is it off the centre of the tray
PARTS = ("washer", "plate", "cross", "bar")
S = 32


def render(kind, dx, dy, rng):
    yy, xx = np.mgrid[:S, :S].astype(float)
    cy, cx = S / 2 + dy * 10, S / 2 + dx * 10
    y, x = yy - cy, xx - cx
    r = rng.uniform(3.5, 5.0)
    if kind == 0:
        d = np.hypot(x, y)
        m = (d < r) & (d > r * 0.45)
    elif kind == 1:
        m = (abs(x) < r * 0.9) & (abs(y) < r * 0.9)
    elif kind == 2:
        m = ((abs(x) < 1.2) & (abs(y) < r)) | ((abs(y) < 1.2) & (abs(x) < r))
    else:
        m = (abs(x) < r * 1.2) & (abs(y) < 1.3)
    img = 0.25 + 0.55 * m + rng.normal(0, 0.06, (S, S))
    return np.clip(img, 0, 1)


def make(n, rng):
    kind = rng.integers(0, len(PARTS), n)
    off = rng.uniform(-1, 1, (n, 2))
    x = np.stack([render(k, dx, dy, rng) for k, (dx, dy) in zip(kind, off)])
    return x[..., None].astype("float32"), kind, off.astype("float32")


def conv_block(x, filters):
    x = layers.Conv2D(filters, 3, padding="same", activation="relu")(x)
    return layers.MaxPooling2D()(x)


def head(x, units, name, activation="relu"):
    x = layers.Dense(48, activation="relu")(x)
    return layers.Dense(units, activation=activation, name=name)(x)


keras.utils.set_random_seed(2)
rng = np.random.default_rng(2)
x_train, part_train, off_train = make(2400, rng)
x_val, part_val, off_val = make(500, rng)

inputs = keras.Input((S, S, 1))
h = layers.Rescaling(2.0, offset=-1.0)(inputs)
for f in (16, 32, 32):
    h = conv_block(h, f)
h = layers.Flatten()(h)
part = head(h, len(PARTS), "part", activation="softmax")
offset = head(h, 2, "offset")
model = keras.Model(inputs, {"part": part, "offset": offset})

model.compile(
    optimizer="adam",
    loss={"part": "sparse_categorical_crossentropy", "offset": "mse"},
    loss_weights={"part": 1.0, "offset": 4.0},
    metrics={"part": "accuracy", "offset": "mae"},
)
model.fit(x_train, {"part": part_train, "offset": off_train},
          validation_data=(x_val, {"part": part_val, "offset": off_val}),
          batch_size=32, epochs=10, verbose=2)
res = model.evaluate(x_val, {"part": part_val, "offset": off_val}, return_dict=True, verbose=0)
print("val:", {k: round(float(v), 4) for k, v in res.items()})
