"""Bearing condition (healthy, outer race, inner race, ball) from two-axis vibration windows."""
import tomllib

import keras
import numpy as np
from keras import layers

keras.utils.set_random_seed(3)
with open("config.toml", "rb") as f:
    cfg = tomllib.load(f)["train"]

train = np.load("data/train.npz")
val = np.load("data/val.npz")
x_train, y_train = train["x"], train["y"]
x_val, y_val = val["x"], val["y"]

inputs = keras.Input((x_train.shape[1], x_train.shape[2]))
x = inputs
for filters, stride in ((16, 2), (32, 2), (48, 1)):
    x = layers.Conv1D(filters, 9, strides=stride, padding="same", activation="relu")(x)
x = layers.GlobalAveragePooling1D()(x)
x = layers.Dropout(0.2)(x)
outputs = layers.Dense(4, activation="softmax")(x)
model = keras.Model(inputs, outputs)

model.compile(
    optimizer=keras.optimizers.Adam(cfg["learning_rate"]),
    loss="sparse_categorical_crossentropy",
    metrics=["accuracy"],
)
model.fit(
    x_train,
    y_train,
    validation_data=(x_val, y_val),
    batch_size=cfg["batch_size"],
    epochs=cfg["epochs"],
    verbose=2,
)
loss, acc = model.evaluate(x_val, y_val, verbose=0)
print(f"validation accuracy: {acc:.4f}")
