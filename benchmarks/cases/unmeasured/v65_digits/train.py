import keras
import numpy as np
from keras import layers
from sklearn.datasets import load_digits

keras.utils.set_random_seed(65)
images, digit = load_digits(return_X_y=True)
images = (images.reshape(-1, 8, 8, 1) / 16).astype("float32")
order = np.random.default_rng(65).permutation(len(images))
images, target = images[order], keras.utils.to_categorical(digit[order], 10)
x_train, y_train, x_val, y_val = images[:1300], target[:1300], images[1300:], target[1300:]

inputs = keras.Input((8, 8, 1))
h = layers.Conv2D(12, 3, activation="relu")(inputs)
h = layers.Conv2D(12, 3, activation="relu")(h)
h = layers.GlobalAveragePooling2D()(h)
model = keras.Model(inputs, layers.Dense(10, activation="softmax")(h))
model.compile(optimizer=keras.optimizers.Adam(1e-3), loss="categorical_crossentropy", metrics=["binary_accuracy"])
stop = keras.callbacks.EarlyStopping(monitor="val_binary_accuracy", mode="max", min_delta=0.001, patience=3)
model.fit(x_train, y_train, batch_size=32, epochs=50, callbacks=[stop], validation_data=(x_val, y_val), verbose=2)
right = model.predict(x_val, verbose=0).argmax(axis=1) == y_val.argmax(axis=1)
print(f"final val_right={right.mean():.4f}")
