"""Account takeover: the last 24 card transactions of a customer -> taken over or not."""
import keras
import numpy as np
from keras import layers

SEQ, FEATURES = 24, 6  # log amount, log gap, distance, night, online, new merchant


def customers(n, rng):
    y = (rng.random(n) < 0.5).astype("float32")
    amount = rng.normal(rng.normal(3, 0.7, (n, 1)), 0.6, (n, SEQ))
    gap = rng.normal(rng.normal(2, 0.5, (n, 1)), 0.7, (n, SEQ))
    dist = rng.normal(1, 0.6, (n, SEQ))
    night = (rng.random((n, SEQ)) < rng.uniform(0.02, 0.3, (n, 1))).astype(float)
    online = (rng.random((n, SEQ)) < rng.uniform(0.1, 0.6, (n, 1))).astype(float)
    fresh = (rng.random((n, SEQ)) < 0.2).astype(float)
    for i in np.flatnonzero(y):
        k = rng.integers(3, 7)
        s = rng.integers(0, SEQ - k)
        w = slice(s, s + k)
        amount[i, w] += np.linspace(0.2, 1.4, k)   # small test purchase first, then bigger ones
        gap[i, w] -= rng.uniform(0.6, 1.4)
        dist[i, w] += rng.uniform(0.2, 1.2)
        fresh[i, w] = rng.random(k) < 0.75
    x = np.stack([amount, gap, dist, night, online, fresh], axis=-1)
    return x.astype("float32"), y


def batches(x, y, size, seed):
    rng = np.random.default_rng(seed)
    while True:
        order = rng.permutation(len(x))
        for i in range(0, len(x) - size + 1, size):
            take = order[i:i + size]
            yield x[take], y[take]


def residual(x, filters):
    y = layers.Conv1D(filters, 3, padding="same", activation="relu")(x)
    y = layers.Conv1D(filters, 3, padding="same")(y)
    if x.shape[-1] != filters:
        x = layers.Conv1D(filters, 1)(x)
    return layers.Activation("relu")(layers.add([x, y]))


def train(batch=2, epochs=4, lr=0.02, seed=19):
    keras.utils.set_random_seed(seed)
    rng = np.random.default_rng(seed)
    x, y = customers(1800, rng)
    xv, yv = customers(500, rng)
    mu, sd = x.mean(axis=(0, 1)), x.std(axis=(0, 1))
    x, xv = (x - mu) / sd, (xv - mu) / sd

    inp = keras.Input((SEQ, FEATURES))
    h = residual(inp, 24)
    h = layers.GlobalMaxPooling1D()(h)
    h = layers.Dense(32, activation="relu")(h)
    model = keras.Model(inp, layers.Dense(1, activation="sigmoid")(h))
    model.compile(keras.optimizers.SGD(lr, momentum=0.9), "binary_crossentropy", metrics=["accuracy", keras.metrics.AUC(name="auc")])
    model.fit(batches(x, y, batch, seed), steps_per_epoch=len(x) // batch, epochs=epochs,
              validation_data=(xv, yv), validation_batch_size=100, verbose=2)
    return model.evaluate(xv, yv, verbose=0, return_dict=True)


if __name__ == "__main__":
    result = train()
    print("validation:", {k: round(v, 4) for k, v in result.items()})
