"""Time to `convalesce --help`, and what `check` adds to a script's own start and data loading.

    python benchmarks/start.py [--repeats 7]

The script trains a small CNN on Fashion-MNIST (60 000 images, uint8 divided by 255). Its own start
and data loading is timed by the same script without its fit; arms are interleaved.
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

LOAD = """
import gzip, os
import numpy as np
import keras
from keras import layers

root = os.environ.get("FASHION_MNIST", "/usr/share/datasets/fashion-mnist")

def read(name, offset):
    with gzip.open(os.path.join(root, name)) as f:
        return np.frombuffer(f.read(), np.uint8, offset=offset)

x = read("train-images-idx3-ubyte.gz", 16).reshape(-1, 28, 28, 1) / np.float32(255)
y = read("train-labels-idx1-ubyte.gz", 8).astype("int32")
x_val = read("t10k-images-idx3-ubyte.gz", 16).reshape(-1, 28, 28, 1) / np.float32(255)
y_val = read("t10k-labels-idx1-ubyte.gz", 8).astype("int32")
model = keras.Sequential([
    keras.Input((28, 28, 1)),
    layers.Conv2D(16, 3, activation="relu"),
    layers.MaxPooling2D(),
    layers.Conv2D(32, 3, activation="relu"),
    layers.MaxPooling2D(),
    layers.Flatten(),
    layers.Dense(10, activation="softmax"),
])
model.compile(optimizer="adam", loss="sparse_categorical_crossentropy", metrics=["accuracy"])
"""
FIT = "model.fit(x, y, epochs=5, validation_data=(x_val, y_val), verbose=0)\n"


def main() -> int:
    """Print the table; exit status 0."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--repeats", type=int, default=7)
    repeats = parser.parse_args().repeats
    with tempfile.TemporaryDirectory() as folder:
        load, whole = Path(folder, "load.py"), Path(folder, "train.py")
        load.write_text(LOAD)
        whole.write_text(LOAD + FIT)
        store = ["--store", str(Path(folder, "store"))]
        arms = {
            "convalesce --help": [sys.executable, "-m", "convalesce", "--help"],
            "python -c pass": [sys.executable, "-c", "pass"],
            "start and data loading": [sys.executable, str(load)],
            "the same again (A/A)": [sys.executable, str(load)],
            "convalesce check": [sys.executable, "-m", "convalesce", "check", *store, str(whole)],
        }
        seconds: dict[str, list[float]] = {name: [] for name in arms}
        for _ in range(repeats):
            for name, command in arms.items():
                seconds[name].append(_wall(command, folder))
    print(f"{'':26s} {'median s':>9s} {'least':>7s} {'most':>7s}   ({repeats} interleaved runs)")
    for name, values in seconds.items():
        middle = statistics.median(values)
        print(f"{name:26s} {middle:9.2f} {min(values):7.2f} {max(values):7.2f}")
    pairs = zip(seconds["convalesce check"], seconds["start and data loading"], strict=True)
    added = sorted(a - b for a, b in pairs)
    print(f"check adds {statistics.median(added):.2f} s (from {added[0]:.2f} to {added[-1]:.2f})")
    return 0


def _wall(command: list[str], place: str) -> float:
    environment = {**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3"}
    begun = time.perf_counter()
    subprocess.run(command, cwd=place, env=environment, capture_output=True, check=False)
    return time.perf_counter() - begun


if __name__ == "__main__":
    sys.exit(main())
