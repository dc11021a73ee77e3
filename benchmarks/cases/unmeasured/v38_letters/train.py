import keras
import numpy as np
from keras import layers
from sklearn.datasets import load_digits

keras.utils.set_random_seed(38)
images, digit = load_digits(return_X_y=True)
images = (images.reshape(-1, 8, 8, 1) / 16).astype("float32")
few, many = images[digit < 2], images[digit >= 2]
y_few, y_many = digit[digit < 2], digit[digit >= 2] - 2

base = keras.Sequential([
    keras.Input((8, 8, 1)),
    layers.Conv2D(16, 3, activation="relu"),
    layers.Conv2D(16, 3, activation="relu"),
    layers.GlobalMaxPooling2D(),
], name="base")

# The base learns 0 against 1 first.
first = keras.Sequential([base, layers.Dense(1, activation="sigmoid")])
first.compile("adam", "binary_crossentropy", metrics=["accuracy"])
first.fit(few, y_few, epochs=3, batch_size=32, verbose=0)

# Then the other eight digits: the head alone, and after that all of it.
base.trainable = False
model = keras.Sequential([base, layers.Dense(8, activation="softmax")])
model.compile(keras.optimizers.Adam(3e-3), "sparse_categorical_crossentropy", metrics=["accuracy"])
split = 1050
held = (many[split:], y_many[split:])
model.fit(many[:split], y_many[:split], epochs=2, batch_size=32, validation_data=held, verbose=2)
base.trainable = True
h = model.fit(many[:split], y_many[:split], epochs=16, batch_size=32, validation_data=held, verbose=2).history
print(f"final loss={h['loss'][-1]:.4f} accuracy={h['accuracy'][-1]:.4f} val_loss={h['val_loss'][-1]:.4f} val_accuracy={h['val_accuracy'][-1]:.4f}")
