import numpy as np, keras
from keras import layers
keras.utils.set_random_seed(2)
rng = np.random.default_rng(2)
V = 400; pos = rng.integers(1, V, 40)
def make(n):
    X = rng.integers(1, V, (n, 30)); y = rng.integers(0, 2, n)
    for i in range(n):
        if y[i]: X[i, rng.integers(0, 30, 3)] = rng.choice(pos, 3)
        else: X[i][np.isin(X[i], pos)] = V - 1
    return X, y
X, y = make(2500); Xv, yv = make(600)
m = keras.Sequential([keras.Input((30,)), layers.Embedding(V, 3, trainable=False, embeddings_initializer="zeros"), layers.Conv1D(32, 3, activation="relu"), layers.GlobalMaxPooling1D(), layers.Dense(1, activation="sigmoid")])
m.compile("adam", "binary_crossentropy", metrics=["accuracy"])
m.fit(X, y, validation_data=(Xv, yv), epochs=8, batch_size=32, verbose=2)
