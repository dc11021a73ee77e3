"""Tell four invented languages apart from 40 characters of text."""
import keras
import numpy as np
from keras import layers

CONFIG = {
    "alphabet": "abcdefghijklmnopqrstuvwxyz ",
    "maxlen": 40,
    "embedding": 16,
    "filters": 24,
    "conv_layers": 3,
    "batch_size": 64,
    "epochs": 8,
    "learning_rate": 4e-3,
}


def make_language(rng):
    # all languages use the same letters; they differ in the syllables that they favour
    cons, vow = "bdfgklmnprstvz", "aeiou"
    syll = [c + v for c in cons for v in vow] + [v + c for v in vow for c in cons]
    weight = rng.gamma(0.3, 1.0, len(syll))
    return syll, weight / weight.sum()


def sentence(lang, rng, length):
    syll, p = lang
    out = []
    while sum(map(len, out)) < length:
        word = "".join(rng.choice(syll, rng.integers(1, 4), p=p))
        out.append(word + " ")
    return "".join(out)[:length]


def corpus(langs, per_lang, cfg, rng):
    index = {c: i for i, c in enumerate(cfg["alphabet"])}
    x, y = [], []
    for k, lang in enumerate(langs):
        for _ in range(per_lang):
            x.append([index[c] for c in sentence(lang, rng, cfg["maxlen"])])
            y.append(k)
    x, y = np.array(x), np.array(y)
    order = rng.permutation(len(x))
    return x[order], y[order]


def build_model(cfg, classes):
    model = keras.Sequential()
    model.add(layers.Input((cfg["maxlen"],), dtype="int32"))
    model.add(layers.Embedding(len(cfg["alphabet"]), cfg["embedding"]))
    for _ in range(cfg["conv_layers"]):
        model.add(layers.Conv1D(cfg["filters"], 3, padding="same", activation="relu"))
    model.add(layers.GlobalAveragePooling1D())
    model.add(layers.Dense(classes, activation="softmax"))
    model.compile(optimizer=keras.optimizers.Adam(cfg["learning_rate"]),
                  loss="sparse_categorical_crossentropy", metrics=["accuracy"])
    return model


def main(cfg=CONFIG):
    keras.utils.set_random_seed(13)
    rng = np.random.default_rng(13)
    langs = [make_language(rng) for _ in range(4)]
    x_train, y_train = corpus(langs, 800, cfg, rng)
    x_val, y_val = corpus(langs, 150, cfg, rng)
    model = build_model(cfg, len(langs))
    model.fit(x_train, y_train, validation_data=(x_val, y_val),
              batch_size=cfg["batch_size"], epochs=cfg["epochs"], verbose=2)
    loss, acc = model.evaluate(x_val, y_val, verbose=0)
    print(f"val_loss {loss:.4f} val_accuracy {acc:.4f}")


if __name__ == "__main__":
    main()
