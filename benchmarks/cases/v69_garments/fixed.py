import numpy as np, keras
from keras import layers

import gzip
def fm(kind, n, start=0):
    d = "/usr/share/datasets/fashion-mnist/"
    x = np.frombuffer(gzip.open(d + kind + "-images-idx3-ubyte.gz").read(), np.uint8, offset=16).reshape(-1, 28, 28)
    y = np.frombuffer(gzip.open(d + kind + "-labels-idx1-ubyte.gz").read(), np.uint8, offset=8)
    return x[start:start+n], y[start:start+n].astype("int32")

keras.utils.set_random_seed(11)
x, y = fm("train", 4000); xv, yv = fm("t10k", 800)
x = x[..., None].astype("float32") / 255; xv = xv[..., None].astype("float32") / 255
m = keras.Sequential([keras.Input((28, 28, 1)), layers.Conv2D(16, 3, activation="relu"), layers.SpatialDropout2D(.1), layers.MaxPooling2D(), layers.Conv2D(32, 3, activation="relu"), layers.SpatialDropout2D(.1), layers.MaxPooling2D(), layers.Flatten(), layers.Dropout(.2), layers.Dense(64, activation="relu"), layers.Dropout(.2), layers.Dense(10, activation="softmax")])
m.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
m.fit(x, y, validation_data=(xv, yv), epochs=8, batch_size=64, verbose=2)
