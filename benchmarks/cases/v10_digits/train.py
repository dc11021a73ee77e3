import keras
import numpy as np
from keras import layers
from sklearn.datasets import load_digits

keras.utils.set_random_seed(10)
images, labels = load_digits(return_X_y=True)
images = (images / 16).reshape(-1, 8, 8, 1).astype("float32")
order = np.random.default_rng(10).permutation(len(images))
images, labels = images[order], labels[order]

net = keras.Sequential()
net.add(keras.Input((8, 8, 1)))
net.add(layers.RandomTranslation(0.45, 0.45, fill_mode="constant"))
net.add(layers.RandomZoom((-0.5, 1.0), fill_mode="constant"))
net.add(layers.Conv2D(24, 3, padding="same", activation="relu"))
net.add(layers.MaxPooling2D())
net.add(layers.Conv2D(32, 3, padding="same", activation="relu"))
net.add(layers.Flatten())
net.add(layers.Dense(10, activation="softmax"))
net.compile(optimizer=keras.optimizers.Adam(2e-3), loss="sparse_categorical_crossentropy", metrics=["accuracy"])
h = net.fit(images[:1400], labels[:1400], batch_size=32, epochs=20, validation_data=(images[1400:], labels[1400:]), verbose=2).history
print(f"final accuracy={h['accuracy'][-1]:.4f} val_accuracy={h['val_accuracy'][-1]:.4f} val_loss={h['val_loss'][-1]:.4f}")
