"""Transposon family of short DNA reads: one-hot bases, Conv1D motif scanner."""
import json
import tomllib

import keras
import numpy as np
from keras import layers

keras.utils.set_random_seed(41)
with open("config.toml", "rb") as f:
    cfg = tomllib.load(f)

with open("data/reads.jsonl") as f:
    rows = [json.loads(line) for line in f]
families = sorted({row["family"] for row in rows})
codes = np.array([["ACGT".index(b) for b in row["seq"]] for row in rows])
x = np.eye(4, dtype="float32")[codes]
y = np.array([families.index(row["family"]) for row in rows])
print(len(x), "reads of", len(families), "families")

inputs = keras.Input(x.shape[1:])
h = layers.Conv1D(cfg["filters"], cfg["kernel"], padding="same", activation="relu")(inputs)
h = layers.GlobalMaxPooling1D()(h)
h = layers.Dropout(cfg["dropout"])(h)
h = layers.Dense(32, activation="relu")(h)
outputs = layers.Dense(len(families), activation="softmax")(h)
model = keras.Model(inputs, outputs)
model.compile(
    optimizer=keras.optimizers.Adam(cfg["learning_rate"]),
    loss="sparse_categorical_crossentropy",
    metrics=["accuracy"],
)
history = model.fit(
    x,
    y,
    batch_size=cfg["batch_size"],
    epochs=cfg["epochs"],
    validation_split=cfg["validation_split"],
    verbose=2,
)
print(f"val_accuracy {history.history['val_accuracy'][-1]:.4f}")
