import numpy as np
import keras
from keras import layers

LETTERS = "abcdefghijklmnopqrstuvwxyz0123456789-./:@_"


def make_strings(n, rng, width=24, noise=0.08):
    """Dates, addresses, versions, hashes and paths; some characters are misread."""
    pool = np.array(list(LETTERS))
    kinds = rng.integers(0, 5, n)
    codes = np.zeros((n, width), "int32")
    for i, kind in enumerate(kinds):
        word = ["".join(rng.choice(pool[:26], rng.integers(2, 7))) for _ in range(3)]
        num = [str(v) for v in rng.integers(1, 60, 4)]
        text = [
            f"{1950 + int(num[0])}-{num[1]}-{num[2]}",
            f"{word[0]}.{word[1]}@{word[2]}.{word[0][:2]}",
            f"{word[0]}-{num[0]}.{num[1]}.{num[2]}",
            "".join(rng.choice(list("0123456789abcdef"), rng.integers(10, 20))),
            f"/{word[0]}/{word[1]}_{num[0]}.{word[2][:3]}",
        ][kind]
        letters = np.array(list(text[:width]))
        wrong = rng.random(len(letters)) < noise
        letters[wrong] = rng.choice(pool, wrong.sum())
        start = rng.integers(0, width - len(letters) + 1)
        codes[i, start:start + len(letters)] = [LETTERS.index(c) + 1 for c in letters]
    return codes, kinds


keras.utils.set_random_seed(24)
rng = np.random.default_rng(24)
x, y = make_strings(2400, rng)
inputs = keras.Input((24,), dtype="int32")
h = layers.Embedding(len(LETTERS) + 1, 8)(inputs)
h = layers.Conv1D(12, 4)(h)
h = layers.ReLU()(h)
h = layers.Conv1D(12, 4)(h)
h = layers.ReLU()(h)
h = layers.GlobalMaxPooling1D()(h)
model = keras.Model(inputs, layers.Dense(5, activation="softmax")(h))
model.compile(keras.optimizers.Adam(3e-3), "sparse_categorical_crossentropy", metrics=["accuracy"])
h = model.fit(x[:1800], y[:1800], batch_size=36, epochs=12, validation_data=(x[1800:], y[1800:]), verbose=2).history
print(f"final loss={h['loss'][-1]:.4f} accuracy={h['accuracy'][-1]:.4f} val_accuracy={h['val_accuracy'][-1]:.4f}")
