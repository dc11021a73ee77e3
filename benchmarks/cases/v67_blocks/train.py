import numpy as np, keras, tensorflow as tf
from keras import layers
keras.utils.set_random_seed(8)
rng = np.random.default_rng(8)
def make(n):
    y = rng.integers(0, 6, n); x = rng.normal(.4, .1, (n, 24, 24, 3)).astype("float32")
    hue = np.array([[.5,0,0],[0,.5,0],[0,0,.5],[.4,.4,0],[0,.4,.4],[.4,0,.4]])
    for i in range(n):
        r, c = rng.integers(2, 12, 2); s = rng.integers(5, 10)
        x[i, r:r+s, c:c+s] += hue[y[i]] * rng.uniform(.4, 1)
    return np.clip(x, 0, 1), y
x, y = make(2400); xv, yv = make(600)
xv = xv[..., ::-1]
train = tf.data.Dataset.from_tensor_slices((x, y)).shuffle(2400).batch(32)
val = tf.data.Dataset.from_tensor_slices((xv, yv)).batch(32)
m = keras.Sequential([keras.Input((24, 24, 3)), layers.Conv2D(16, 3, activation="relu"), layers.MaxPooling2D(), layers.Conv2D(32, 3, activation="relu"), layers.GlobalMaxPooling2D(), layers.Dense(6, activation="softmax")])
m.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
m.fit(train, validation_data=val, epochs=8, verbose=2)
