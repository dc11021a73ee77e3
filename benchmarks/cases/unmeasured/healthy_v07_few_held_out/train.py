import keras
import numpy as np
from keras import layers
from sklearn.datasets import load_digits

keras.utils.set_random_seed(507)
images, digit = load_digits(return_X_y=True)
images = (images.reshape(-1, 8, 8, 1) / 16).astype("float32")
order = np.random.default_rng(507).permutation(len(images))
images, digit = images[order], digit[order]
held = 50

net = keras.Sequential(name="digits")
net.add(keras.Input((8, 8, 1)))
net.add(layers.Conv2D(24, 3, activation="relu", padding="same"))
net.add(layers.MaxPooling2D())
net.add(layers.Conv2D(32, 3, activation="relu", padding="same"))
net.add(layers.Flatten())
net.add(layers.Dropout(0.4))
net.add(layers.Dense(10, activation="softmax"))
net.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
h = net.fit(images[held:], digit[held:], batch_size=32, epochs=14, validation_data=(images[:held], digit[:held]), verbose=2).history
print(f"final loss={h['loss'][-1]:.4f} accuracy={h['accuracy'][-1]:.4f} val_loss={h['val_loss'][-1]:.4f} val_accuracy={h['val_accuracy'][-1]:.4f}")
