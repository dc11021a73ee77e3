import keras
import numpy as np
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


keras.utils.set_random_seed(39)
rng = np.random.default_rng(39)
x, y = make_strings(1400, rng, noise=0.45)
x_train, y_train, x_val, y_val = x[:800], y[:800], x[800:], y[800:]

model = keras.Sequential()
model.add(keras.Input((24,)))
model.add(layers.Embedding(43, 24))
model.add(layers.Conv1D(64, 3, activation="relu"))
model.add(layers.Flatten())
model.add(layers.Dense(64, activation="relu"))
model.add(layers.Dense(5, activation="softmax"))
model.compile(loss="sparse_categorical_crossentropy", optimizer=keras.optimizers.Adam(2e-3), metrics=["accuracy"])
h = model.fit(x_train, y_train, batch_size=32, epochs=20, validation_data=(x_val, y_val), verbose=2).history
print(f"final loss={h['loss'][-1]:.4f} accuracy={h['accuracy'][-1]:.4f} val_loss={h['val_loss'][-1]:.4f} val_accuracy={h['val_accuracy'][-1]:.4f}")
