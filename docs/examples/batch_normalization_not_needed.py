"""Two convolutions on scikit-learn's digits: the signal stays in scale by itself."""

import os

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

import keras
from keras import layers
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split

keras.utils.set_random_seed(1)

digits = load_digits()
images = digits.images[..., None].astype("float32") / 16
x_train, x_test, y_train, y_test = train_test_split(
    images, digits.target, test_size=0.25, random_state=0, stratify=digits.target
)

model = keras.Sequential([keras.Input((8, 8, 1))])
for _ in range(2):
    model.add(layers.Conv2D(32, 3, padding="same", activation="relu"))
model.add(layers.Flatten())
model.add(layers.Dense(10, activation="softmax"))

model.compile(
    optimizer=keras.optimizers.SGD(learning_rate=0.02),
    loss="sparse_categorical_crossentropy",
    metrics=["accuracy"],
)
model.fit(x_train, y_train, batch_size=16, epochs=8, validation_data=(x_test, y_test), verbose=2)
