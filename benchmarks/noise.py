"""The spread of what is known at the end between arms that differ in their seed alone.

    python benchmarks/noise.py --seeds 6

Small nets on scikit-learn's digits and on made-up tables, trained from one snapshot each, so that
only the order of the examples and what dropout draws differ. `readings/pairs.py` takes its floor
from here.
"""

from __future__ import annotations

import argparse
import os

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

from typing import Any

import keras
import numpy as np
from sklearn.datasets import load_digits

from convalesce import core
from convalesce.lab import KerasLab
from convalesce.observe.fit import Course
from convalesce.observe.options import Options
from convalesce.observe.shelf import Shelf
from convalesce.readings.yardstick import measure

layers = keras.layers


def digits(rate: float, dropout: float, epochs: int) -> tuple[Any, dict[str, Any]]:
    """A CNN on scikit-learn's digits."""
    data = load_digits()
    x, y = data.images[..., None].astype("float32") / 16, data.target
    model = keras.Sequential(
        [
            keras.Input((8, 8, 1)),
            layers.Conv2D(16, 3, activation="relu"),
            layers.Flatten(),
            layers.Dropout(dropout),
            layers.Dense(10, activation="softmax"),
        ]
    )
    model.compile(keras.optimizers.SGD(rate, momentum=0.9), "sparse_categorical_crossentropy")
    split = {"x": x[:1200], "y": y[:1200], "validation_data": (x[1200:], y[1200:])}
    return model, {**split, "epochs": epochs, "batch_size": 32, "verbose": 0}


def table(noise: float, epochs: int) -> tuple[Any, dict[str, Any]]:
    """A regression on a made-up table, some of whose target is noise."""
    drawn = np.random.default_rng(0)
    x = drawn.normal(size=(1200, 12)).astype("float32")
    y = np.sin(x[:, 0]) + x[:, 1] * x[:, 2] + noise * drawn.normal(size=1200)
    model = keras.Sequential(
        [keras.Input((12,)), layers.Dense(32, activation="relu"), layers.Dense(1)]
    )
    model.compile(keras.optimizers.Adam(3e-3), "mse")
    split = {"x": x[:800], "y": y[:800], "validation_data": (x[800:], y[800:])}
    return model, {**split, "epochs": epochs, "batch_size": 32, "verbose": 0}


TRAININGS = {
    "digits": lambda: digits(0.01, 0.0, 4),
    "digits, dropout 0.5": lambda: digits(0.01, 0.5, 4),
    "digits, slow": lambda: digits(0.0005, 0.0, 4),
    "digits, restless": lambda: digits(0.2, 0.2, 4),
    "table": lambda: table(0.1, 10),
    "table, noisy": lambda: table(1.0, 10),
}


def main() -> int:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--seeds", type=int, default=6)
    asked = parser.parse_args()
    print(f"{'training':22s} {'yardstick':10s} {'mean':>6s} {'spread':>7s}")
    spreads: list[float] = []
    for name, make in TRAININGS.items():
        keras.utils.set_random_seed(1)
        model, arguments = make()
        shelf = Shelf()
        course = Course(Options(every=0, shelf=shelf))
        course.fit(type(model).fit, model, (), arguments, None)
        lab = KerasLab(shelf, tuple(course.fits))
        with lab.open():
            arms = [lab.train(0, core.Arm(seed=s), seconds=300) for s in range(asked.seeds)]
        for what in (core.Yardstick.LEARNED, core.Yardstick.KNOWN):
            values = [measure(signals, what) for signals in arms]
            spread = float(np.std(values, ddof=1))
            spreads.append(spread)
            print(f"{name:22s} {what.name.lower():10s} {np.mean(values):6.3f} {spread:7.4f}")
    pooled = float(np.sqrt(np.mean(np.square(spreads))))
    print(f"median {np.median(spreads):.4f}, root mean square {pooled:.4f}")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
