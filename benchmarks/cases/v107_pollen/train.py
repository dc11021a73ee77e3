"""Pollen species from grey micrographs stored in one folder per species."""
import tomllib

import keras
from keras import layers

keras.utils.set_random_seed(8)
with open("config.toml", "rb") as f:
    cfg = tomllib.load(f)

size = (cfg["image_size"], cfg["image_size"])
common = dict(
    directory="data/grains",
    validation_split=0.2,
    seed=8,
    color_mode="grayscale",
    image_size=size,
    batch_size=cfg["batch_size"],
    verbose=False,
)
train_ds = keras.utils.image_dataset_from_directory(subset="training", **common)
val_ds = keras.utils.image_dataset_from_directory(subset="validation", **common)
classes = train_ds.class_names
train_ds = train_ds.cache().shuffle(100).prefetch(2)
val_ds = val_ds.cache().prefetch(2)

model = keras.Sequential(
    [
        keras.Input(size + (1,)),
        layers.Rescaling(1 / 127.5, offset=-1),
        layers.Conv2D(16, 5, padding="same", activation="relu"),
        layers.MaxPooling2D(),
        layers.Conv2D(32, 3, padding="same", activation="relu"),
        layers.MaxPooling2D(),
        layers.Conv2D(48, 3, padding="same", activation="relu"),
        layers.MaxPooling2D(),
        layers.Flatten(),
        layers.Dropout(cfg["dropout"]),
        layers.Dense(len(classes), activation="softmax"),
    ]
)
model.compile(
    keras.optimizers.Adam(cfg["learning_rate"]),
    loss="sparse_categorical_crossentropy",
    metrics=["accuracy"],
)
history = model.fit(train_ds, validation_data=val_ds, epochs=cfg["epochs"], verbose=2)
print("classes:", classes)
print(f"val_accuracy = {history.history['val_accuracy'][-1]:.4f}")
