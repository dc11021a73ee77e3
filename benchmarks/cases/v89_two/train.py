"""Visual inspection of stamped parts: one head names the part, the other looks for a crack."""
import numpy as np
import keras
from keras import layers

keras.utils.set_random_seed(8)
rng = np.random.default_rng(8)
SIZE = 32


def render(part, crack):
    yy, xx = np.mgrid[:SIZE, :SIZE]
    cy, cx = rng.uniform(14, 18, 2)
    r = rng.uniform(9, 12)
    if part == 0:
        body = (yy - cy) ** 2 + (xx - cx) ** 2 < r * r
    elif part == 1:
        body = (abs(yy - cy) < r * 0.85) & (abs(xx - cx) < r * 0.85)
    else:
        d = (yy - cy) ** 2 + (xx - cx) ** 2
        body = (d < r * r) & (d > (0.45 * r) ** 2)
    img = 0.15 + 0.55 * body + rng.normal(0, 0.05, (SIZE, SIZE))
    # every part carries a rolling mark across it; a crack is a much deeper one
    depth = rng.normal(0.46, 0.10) if crack else rng.normal(0.15, 0.10)
    col = int(np.clip(cx + rng.integers(-5, 6), 3, SIZE - 4))
    img[8:24, col:col + 2] -= depth
    return img


def make(n, p_crack):
    part = rng.integers(0, 3, n)
    crack = (rng.random(n) < p_crack).astype("float32")
    x = np.stack([render(p, c) for p, c in zip(part, crack)])[..., None].astype("float32")
    return x, part, crack


x_train, part_train, crack_train = make(4000, 0.03)
x_val, part_val, crack_val = make(2000, 0.03)

inp = keras.Input((SIZE, SIZE, 1))
h = layers.Conv2D(16, 3, padding="same", activation="relu")(inp)
h = layers.MaxPooling2D()(h)
h = layers.Conv2D(24, 3, padding="same", activation="relu")(h)
h = layers.MaxPooling2D()(h)
h = layers.Conv2D(32, 3, padding="same", activation="relu")(h)
h = layers.GlobalMaxPooling2D()(h)
part_out = layers.Dense(3, activation="softmax", name="part")(h)
crack_out = layers.Dense(1, activation="sigmoid", name="crack")(layers.Dense(16, activation="relu")(h))
model = keras.Model(inp, {"part": part_out, "crack": crack_out})

model.compile(
    optimizer="adam",
    loss={"part": "sparse_categorical_crossentropy", "crack": "binary_crossentropy"},
    metrics={"part": ["accuracy"], "crack": ["accuracy", keras.metrics.Recall(name="recall")]},
)
model.fit(
    x_train, {"part": part_train, "crack": crack_train},
    validation_data=(x_val, {"part": part_val, "crack": crack_val}),
    epochs=10, batch_size=64, verbose=2,
)

pred = model.predict(x_val, verbose=0)
found = pred["crack"][:, 0] > 0.5
recall = found[crack_val == 1].mean()
specificity = (~found[crack_val == 0]).mean()
print(f"val part accuracy {np.mean(pred['part'].argmax(1) == part_val):.4f}")
print(f"val crack accuracy {np.mean(found == crack_val):.4f}")
print(f"val crack recall {recall:.4f} balanced accuracy {(recall + specificity) / 2:.4f}")
