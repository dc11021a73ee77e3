"""Card review queue: does the last of 24 card transactions belong to a thief?

Three tables: the previous quarter, this quarter (train + validation) and the month after it,
on which the model is replayed as it would run live.
"""
import numpy as np
import keras
from keras import layers

STEPS, MERCHANTS = 24, 3000


def make_table(n, seed):
    rng = np.random.default_rng(seed)
    fraud = rng.integers(0, 2, n)
    merchant = rng.integers(0, MERCHANTS, n)
    log_amount = rng.normal(3.2, 0.8, (n, STEPS))
    gap_hours = rng.exponential(18, (n, STEPS))
    declined = (rng.random((n, STEPS)) < 0.06).astype(float)
    for i in np.flatnonzero(fraud):
        k = rng.integers(3, 6)              # a few small probes, then the big one
        log_amount[i, -k:-1] -= rng.uniform(0.5, 1.7)
        log_amount[i, -1] += rng.uniform(0.2, 1.3)
        gap_hours[i, -k:] *= rng.uniform(0.1, 0.8)
        declined[i, -k:-1] = rng.random(k - 1) < 0.25
    series = np.stack([(log_amount - 3.2) / 0.8, np.log1p(gap_hours) - 2.5, declined], axis=-1)
    return {"series": series, "merchant": merchant, "fraud": fraud}


def merchant_rate(table):
    """Share of frauds per merchant, as a lookup array (0.5 where a merchant is unknown)."""
    hits = np.bincount(table["merchant"], weights=table["fraud"], minlength=MERCHANTS)
    seen = np.bincount(table["merchant"], minlength=MERCHANTS)
    return np.where(seen > 0, hits / np.maximum(seen, 1), 0.5)


def features(table, rate):
    r = rate[table["merchant"]] * 2 - 1
    r = np.repeat(r[:, None, None], STEPS, axis=1)
    return np.concatenate([table["series"], r], axis=-1).astype("float32")


keras.utils.set_random_seed(5)
previous = make_table(4500, seed=1)
quarter = make_table(4500, seed=2)
next_month = make_table(1500, seed=3)

x = features(quarter, merchant_rate(quarter))
y = quarter["fraud"].astype("float32")
order = np.random.permutation(len(x))
train, val = order[:3600], order[3600:]

model = keras.Sequential([
    keras.Input((STEPS, 4)),
    layers.Conv1D(24, 3, padding="same", activation="relu"),
    layers.Conv1D(32, 3, strides=2, padding="same", activation="relu"),
    layers.Conv1D(32, 3, strides=2, padding="same", activation="relu"),
    layers.Flatten(),
    layers.Dropout(0.4),
    layers.Dense(1, activation="sigmoid"),
])
model.compile(optimizer=keras.optimizers.Adam(1e-3), loss="binary_crossentropy",
              metrics=["accuracy", keras.metrics.AUC(name="auc")])
model.fit(x[train], y[train], validation_data=(x[val], y[val]), epochs=8, batch_size=64, verbose=2)

_, acc, auc = model.evaluate(x[val], y[val], verbose=0)
print(f"val_accuracy={acc:.4f} val_auc={auc:.4f}")

x_live = features(next_month, merchant_rate(quarter))
_, acc, auc = model.evaluate(x_live, next_month["fraud"].astype("float32"), verbose=0)
print(f"live_accuracy={acc:.4f} live_auc={auc:.4f}")
