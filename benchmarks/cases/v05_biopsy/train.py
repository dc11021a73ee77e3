import keras
import numpy as np
from keras import layers
from sklearn.datasets import load_breast_cancer

keras.utils.set_random_seed(5)
data = load_breast_cancer()
order = np.random.default_rng(5).permutation(len(data.target))
x, y = data.data[order].astype("float32"), data.target[order]
x_train, y_train, x_val, y_val = x[:400], y[:400], x[400:], y[400:]

inputs = keras.Input((30,), name="measurements")
h = layers.Dense(16, activation="tanh")(inputs)
h = layers.Dense(8, activation="tanh")(h)
malignant = layers.Dense(1, activation="sigmoid")(h)
model = keras.Model(inputs, malignant)
model.compile(optimizer=keras.optimizers.SGD(0.01, momentum=0.9), loss="binary_crossentropy", metrics=["accuracy"])
h = model.fit(x_train, y_train, batch_size=16, epochs=12, validation_data=(x_val, y_val), verbose=2).history
print(f"final loss={h['loss'][-1]:.4f} val_loss={h['val_loss'][-1]:.4f} val_accuracy={h['val_accuracy'][-1]:.4f}")
