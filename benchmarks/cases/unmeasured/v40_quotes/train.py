import keras
import numpy as np
from keras import layers
from sklearn.datasets import make_classification

keras.utils.set_random_seed(40)
x, y = make_classification(2000, n_features=40, n_informative=10, n_redundant=0, flip_y=0.08, class_sep=0.8, random_state=40)
x = x.astype("float32") / 2
inputs = keras.Input((40,))
h = layers.Dense(128, activation="relu")(inputs)
h = layers.Dense(128, activation="relu")(h)
outputs = layers.Dense(1, activation="sigmoid")(h)
model = keras.Model(inputs, outputs)
adam = keras.optimizers.Adam(1e-3, use_ema=True, ema_momentum=0.9)
model.compile(optimizer=adam, loss="binary_crossentropy", metrics=["accuracy"])
h = model.fit(x[:900], y[:900], batch_size=30, epochs=22, validation_data=(x[900:], y[900:]), verbose=2).history
print(f"final loss={h['loss'][-1]:.4f} accuracy={h['accuracy'][-1]:.4f} val_loss={h['val_loss'][-1]:.4f} val_accuracy={h['val_accuracy'][-1]:.4f}")
