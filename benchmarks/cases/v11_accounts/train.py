import numpy as np
import keras
from keras import layers


def make_accounts(n, rng):
    risky = rng.random(n) < 0.4
    count = rng.poisson(np.where(risky, 5, 7))
    amount = rng.gamma(2.0, np.where(risky, 70, 40)) * count
    refunds = rng.binomial(count, np.where(risky, 0.35, 0.15))
    age = rng.gamma(2.0, np.where(risky, 300, 700))
    return count, amount, refunds, age, risky.astype("float32")


keras.utils.set_random_seed(31)
rng = np.random.default_rng(31)
count, amount, refunds, age, risky = make_accounts(6000, rng)
with np.errstate(divide="ignore", invalid="ignore"):
    columns = [count / 7, np.log1p(amount) - 5, refunds / count, amount / count / 100, np.log1p(age) - 6]
x = np.stack(columns, axis=1).astype("float32")
x_train, x_val, y_train, y_val = x[:4500], x[4500:], risky[:4500], risky[4500:]

model = keras.Sequential([
    keras.Input((5,)),
    layers.Dense(24, activation="relu"),
    layers.Dense(12, activation="relu"),
    layers.Dense(1, activation="sigmoid"),
])
model.compile(optimizer="adam", loss="binary_crossentropy", metrics=["accuracy"])
h = model.fit(x_train, y_train, epochs=12, batch_size=50, validation_data=(x_val, y_val), verbose=2).history
print(f"final loss={h['loss'][-1]:.4f} val_loss={h['val_loss'][-1]:.4f} val_accuracy={h['val_accuracy'][-1]:.4f}")
