import argparse

import keras
import numpy as np
from keras import layers


def parse():
    parser = argparse.ArgumentParser(description="Predict the flow through a valve.")
    parser.add_argument("--hidden", type=int, nargs="+", default=[48, 48])
    parser.add_argument("--epochs", type=int, default=36)
    parser.add_argument("--rate", type=float, default=4e-3)
    return parser.parse_args()


def make_flow(n, rng):
    opening, pressure, heat = rng.uniform(-1, 1, (3, n))
    flow = np.sin(4 * opening) * np.cos(3 * pressure) + np.sin(5 * heat * opening) + 0.5 * np.abs(pressure + heat)
    flow += rng.normal(0, 0.08, n)
    return np.stack([opening, pressure, heat], axis=1).astype("float32"), flow.astype("float32")[:, None]


def build(hidden):
    inputs = keras.Input((3,))
    h = inputs
    for width in hidden:
        h = layers.Dense(width, activation="relu")(h)
    return keras.Model(inputs, layers.Dense(1)(h))


if __name__ == "__main__":
    args = parse()
    keras.utils.set_random_seed(310)
    rng = np.random.default_rng(310)
    x, y = make_flow(3200, rng)
    model = build(args.hidden)
    model.compile(optimizer=keras.optimizers.Adam(args.rate), loss="mse", metrics=["mae"])
    fitted = model.fit(x[:2560], y[:2560], batch_size=64, epochs=args.epochs, validation_data=(x[2560:], y[2560:]), verbose=2)
    h = fitted.history
    print(f"final loss={h['loss'][-1]:.4f} val_loss={h['val_loss'][-1]:.4f} val_mae={h['val_mae'][-1]:.4f}")
