import keras
import numpy as np
from keras import layers

keras.utils.set_random_seed(16)
rng = np.random.default_rng(16)
n = 5000
age = rng.uniform(18, 80, n)
sum_claimed = rng.lognormal(7.5, 0.8, n)
months = rng.exponential(30, n)
earlier = rng.poisson(0.6, n)
score = -0.6 + 0.9 * (np.log(sum_claimed) - 7.5) + 0.7 * earlier - 0.02 * months + 0.01 * (50 - age)
fraud = (rng.random(n) < 1 / (1 + np.exp(-score))).astype("float32")
hours_spent = rng.gamma(3.0, 1.0, n) + np.where(fraud == 1, rng.gamma(9.0, 1.5, n), 0)
closed_by = np.where(rng.random(n) < 0.93, fraud, 1 - fraud)

columns = {
    "age": (age - 49) / 18,
    "sum": np.log(sum_claimed) - 7.5,
    "months": np.log1p(months) - 3,
    "earlier": earlier - 0.6,
    "hours": (hours_spent - 6) / 5,
    "department": closed_by - 0.4,
}
x = np.stack(list(columns.values()), axis=1).astype("float32")
x_train, y_train, x_val, y_val = x[:3500], fraud[:3500], x[3500:], fraud[3500:]

inputs = keras.Input((x.shape[1],))
h = layers.Dense(16, activation="gelu")(inputs)
h = layers.Dense(8, activation="gelu")(h)
model = keras.Model(inputs, layers.Dense(1, activation="sigmoid")(h))
model.compile("adam", "binary_crossentropy", metrics=[keras.metrics.AUC(name="auc"), "accuracy"])
h = model.fit(x_train, y_train, batch_size=50, epochs=14, validation_data=(x_val, y_val), verbose=2).history

new = x_val.copy()
if "hours" in columns:  # a claim that comes in today has been worked on by nobody
    new[:, 4], new[:, 5] = -1.2, -0.4
test_auc = keras.metrics.AUC()(y_val, model.predict(new, verbose=0)[:, 0])
print(f"final val_auc={h['val_auc'][-1]:.4f} val_accuracy={h['val_accuracy'][-1]:.4f} val_loss={h['val_loss'][-1]:.4f} test_auc={float(test_auc):.4f}")
