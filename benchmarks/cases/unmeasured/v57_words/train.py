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


keras.utils.set_random_seed(57)
rng = np.random.default_rng(57)
x, y = make_strings(2000, rng, noise=0.2)


def build():
    codes = keras.Input((24,), dtype="int32")
    h = layers.Embedding(43, 16)(codes)
    h = layers.SeparableConv1D(32, 3, padding="same", activation="relu")(h)
    h = layers.SeparableConv1D(32, 3, padding="same", dilation_rate=2, activation="relu")(h)
    h = layers.GlobalAveragePooling1D()(h)
    return keras.Model(codes, layers.Dense(5, activation="softmax")(h))


model = build()
model.compile(optimizer=keras.optimizers.SGD(0.05), loss="sparse_categorical_crossentropy", metrics=["accuracy"])
h = model.fit(x[:1500], y[:1500], batch_size=30, epochs=14, validation_data=(x[1500:], y[1500:]), verbose=2).history
print(f"final loss={h['loss'][-1]:.4f} accuracy={h['accuracy'][-1]:.4f} val_loss={h['val_loss'][-1]:.4f} val_accuracy={h['val_accuracy'][-1]:.4f}")
