import numpy as np, keras
from keras import layers, regularizers

import gzip
def fm(kind, n, start=0):
    d = "/usr/share/datasets/fashion-mnist/"
    x = np.frombuffer(gzip.open(d + kind + "-images-idx3-ubyte.gz").read(), np.uint8, offset=16).reshape(-1, 28, 28)
    y = np.frombuffer(gzip.open(d + kind + "-labels-idx1-ubyte.gz").read(), np.uint8, offset=8)
    return x[start:start+n], y[start:start+n].astype("int32")

keras.utils.set_random_seed(21)
x, y = fm("train", 4000); xv, yv = fm("t10k", 800)
x = x[..., None].astype("float32") / 255; xv = xv[..., None].astype("float32") / 255
class Net(keras.Model):
    def __init__(self):
        super().__init__()
        reg = regularizers.L2(0.1)
        self.a = layers.Conv2D(24, 3, activation="relu", kernel_regularizer=reg)
        self.p = layers.MaxPooling2D()
        self.b = layers.Conv2D(48, 3, activation="relu", kernel_regularizer=reg)
        self.g = layers.Flatten()
        self.c = layers.Dense(64, activation="relu", kernel_regularizer=reg)
        self.o = layers.Dense(10)
    def call(self, t):
        return self.o(self.c(self.g(self.p(self.b(self.p(self.a(t)))))))
m = Net()
m.compile("adam", keras.losses.SparseCategoricalCrossentropy(from_logits=True), metrics=["accuracy"])
m.fit(x, y, epochs=6, batch_size=64, validation_data=(xv, yv), verbose=2)
