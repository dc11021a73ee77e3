"""Which of five invented languages is a short phrase written in? Character-level Conv1D."""
import keras
import numpy as np
from keras import layers

keras.utils.set_random_seed(13)
rng = np.random.default_rng(13)

ONSETS = ["b", "br", "d", "f", "g", "k", "kr", "l", "m", "n", "p", "r", "s", "sh", "st", "t", "v", "z"]
VOWELS = ["a", "e", "i", "o", "u", "ai", "ei", "ou"]
CODAS = ["", "", "n", "r", "s", "l", "t"]


def language():
    return [rng.dirichlet(np.full(len(part), 0.9)) for part in (ONSETS, VOWELS, CODAS)]


LANGUAGES = [language() for _ in range(5)]


def phrase(k):
    words = []
    for _ in range(rng.integers(2, 4)):
        word = ""
        for _ in range(rng.integers(1, 4)):
            for part, p in zip((ONSETS, VOWELS, CODAS), LANGUAGES[k]):
                word += part[rng.choice(len(part), p=p)]
        words.append(word)
    return " ".join(words)


def corpus(n):
    labels = rng.integers(0, 5, n)
    return np.array([phrase(k) for k in labels]), labels


ALPHABET = " abcdefghijklmnopqrstuvwxyz"
LENGTH = 32


def encode(texts):
    codes = np.zeros((len(texts), LENGTH), "int32")
    for row, text in enumerate(texts):
        for col, ch in enumerate(text[:LENGTH]):
            codes[row, col] = ALPHABET.index(ch) + 1
    return codes


# two collections: the news phrases and the phrases sent in by readers
news_text, news_label = corpus(3000)
letters_text, letters_label = corpus(3000)
order = rng.permutation(len(letters_text))
letters_text = letters_text[order]
letters_label = letters_label[order]

x = encode(np.concatenate([news_text, letters_text]))
y = np.concatenate([news_label, letters_label])
order = rng.permutation(len(x))
x, y = x[order], y[order]
x_train, y_train, x_val, y_val = x[:4800], y[:4800], x[4800:], y[4800:]

inputs = keras.Input((LENGTH,), dtype="int32")
h = layers.Embedding(len(ALPHABET) + 1, 16)(inputs)
h = layers.SpatialDropout1D(0.05)(h)
h = layers.Conv1D(48, 3, padding="same", activation="relu")(h)
h = layers.Dropout(0.1)(h)
h = layers.Conv1D(48, 3, padding="same", activation="relu")(h)
h = layers.GlobalAveragePooling1D()(h)
h = layers.Dropout(0.1)(h)
outputs = layers.Dense(5, activation="softmax")(h)
model = keras.Model(inputs, outputs)
model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
history = model.fit(
    x_train, y_train, validation_data=(x_val, y_val), batch_size=64, epochs=12, verbose=2
)
print("val accuracy", history.history["val_accuracy"][-1])
