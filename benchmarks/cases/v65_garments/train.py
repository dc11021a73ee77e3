import numpy as np, keras
from keras import layers

import gzip
def fm(kind, n, start=0):
    d = "/usr/share/datasets/fashion-mnist/"
    x = np.frombuffer(gzip.open(d + kind + "-images-idx3-ubyte.gz").read(), np.uint8, offset=16).reshape(-1, 28, 28)
    y = np.frombuffer(gzip.open(d + kind + "-labels-idx1-ubyte.gz").read(), np.uint8, offset=8)
    return x[start:start+n], y[start:start+n].astype("int32")

keras.utils.set_random_seed(3)
x, y = fm("train", 700)
x = x[..., None].astype("float32") / 255
big, lab = [x], [y]
for dx, dy in ((1, 0), (0, 1), (-1, 1)):
    big.append(np.roll(x, (dx, dy), (1, 2))); lab.append(y)
x, y = np.concatenate(big), np.concatenate(lab)
order = np.random.permutation(len(x)); x, y = x[order], y[order]
cut = int(.8 * len(x))
model = keras.Sequential([keras.Input((28, 28, 1)), layers.Conv2D(24, 3, activation="relu"), layers.MaxPooling2D(), layers.Conv2D(48, 3, activation="relu"), layers.MaxPooling2D(), layers.Flatten(), layers.Dropout(.3), layers.Dense(64, activation="relu"), layers.Dense(10)])
model.compile("adam", keras.losses.SparseCategoricalCrossentropy(from_logits=True), metrics=["accuracy"])
model.fit(x[:cut], y[:cut], validation_data=(x[cut:], y[cut:]), epochs=8, batch_size=32, verbose=2)
