# Which of five (invented) dialects is a snippet written in?  Character-level Conv1D.
import random

import numpy as np
import keras
from keras import layers

SEED = 20
keras.utils.set_random_seed(SEED)
rnd = random.Random(SEED)

SYLLABLES = {
    "north": "kar tor vik sten gra hol brek nor".split(),
    "coast": "lua mea ona sile rea nio tala vei".split(),
    "hill": "dzo gri tchu pek zhal mak krit dro".split(),
    "river": "wen shi lao min fang yue tian kou".split(),
    "delta": "amba kuti nde mosi zula pori temba ngo".split(),
}
NAMES = list(SYLLABLES)
MAXLEN, MIN_CHARS = 48, 12


def snippet(dialect):
    words = []
    for _ in range(rnd.randint(1, 7)):
        w = ""
        for _ in range(rnd.randint(1, 3)):
            # loan syllables from the neighbours are common
            src = dialect if rnd.random() > 0.3 else rnd.choice(NAMES)
            w += rnd.choice(SYLLABLES[src])
        words.append(w)
    return " ".join(words)


# --- corpus -------------------------------------------------------------------
texts, labels = [], []
for _ in range(5000):
    d = rnd.randrange(len(NAMES))
    texts.append(snippet(NAMES[d]))
    labels.append(d)

# very short snippets are useless, leave them out
texts = [t for t in texts if len(t) >= MIN_CHARS]
labels = np.array(labels[:len(texts)])
print(len(texts), "snippets kept")

# --- encode -------------------------------------------------------------------
alphabet = sorted(set("".join(texts)))
lookup = {ch: i + 1 for i, ch in enumerate(alphabet)}
ids = np.zeros((len(texts), MAXLEN), dtype="int32")
for row, t in enumerate(texts):
    codes = [lookup[ch] for ch in t[:MAXLEN]]
    ids[row, :len(codes)] = codes

n_val = 800
x_train, x_val = ids[:-n_val], ids[-n_val:]
y_train, y_val = labels[:-n_val], labels[-n_val:]

# --- model --------------------------------------------------------------------
inputs = keras.Input((MAXLEN,), dtype="int32")
h = layers.Embedding(len(alphabet) + 1, 16)(inputs)
h = layers.Conv1D(48, 4, activation="relu", padding="same")(h)
h = layers.Conv1D(48, 3, activation="relu", padding="same")(h)
h = layers.GlobalAveragePooling1D()(h)
h = layers.Dropout(0.2)(h)
outputs = layers.Dense(len(NAMES), activation="softmax")(h)
model = keras.Model(inputs, outputs)

model.compile(optimizer=keras.optimizers.Adam(2e-3),
              loss="sparse_categorical_crossentropy", metrics=["accuracy"])
hist = model.fit(x_train, y_train, epochs=10, batch_size=64,
                 validation_data=(x_val, y_val), verbose=2)
print("final val_accuracy: %.4f" % hist.history["val_accuracy"][-1])
print("final val_loss: %.4f" % hist.history["val_loss"][-1])
