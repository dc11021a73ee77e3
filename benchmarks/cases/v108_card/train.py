"""Fraud flag from the last 16 purchases of a card (4 features each), Conv1D over the purchases."""
import csv
import tomllib

import keras
import numpy as np
from keras import layers

keras.utils.set_random_seed(17)
with open("config.toml", "rb") as f:
    cfg = tomllib.load(f)


def load(path):
    with open(path) as f:
        names = next(csv.reader(f))
        table = np.loadtxt(f, delimiter=",", dtype="float32")
    target = names.index("fraud")
    features = np.delete(table, target, axis=1)
    return features.reshape(len(table), 16, 4), table[:, target]


x_train, y_train = load("data/train.csv")
x_val, y_val = load("data/val.csv")

model = keras.Sequential([keras.Input((16, 4))])
for filters in cfg["model"]["filters"]:
    model.add(layers.Conv1D(filters, 3, padding="same", activation="relu"))
    model.add(layers.Dropout(cfg["model"]["dropout"]))
model.add(layers.GlobalMaxPooling1D())
model.add(layers.Dense(1, activation="sigmoid"))
model.compile(
    optimizer=keras.optimizers.Adam(cfg["fit"]["learning_rate"]),
    loss="binary_crossentropy",
    metrics=["accuracy", keras.metrics.Recall(name="recall"), keras.metrics.AUC(name="auc")],
)
model.fit(
    x_train,
    y_train,
    validation_data=(x_val, y_val),
    epochs=cfg["fit"]["epochs"],
    batch_size=cfg["fit"]["batch_size"],
    verbose=2,
)
flagged = model.predict(x_val, verbose=0)[:, 0] > 0.5
recall = flagged[y_val == 1].mean()
specificity = 1 - flagged[y_val == 0].mean()
print(f"recall {recall:.3f}  specificity {specificity:.3f}")
print(f"balanced accuracy {(recall + specificity) / 2:.4f}")
