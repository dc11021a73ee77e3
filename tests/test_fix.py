"""`fix --apply` on a real script whose rate stands in a file of settings, from end to end."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

CONFIG = """\
{
  "optimizer": {"learning_rate": 2.0, "momentum": 0.9},
  "epochs": 6
}
"""
SCRIPT = """\
import json

import keras
import numpy as np
from sklearn.datasets import load_digits

with open("config.json") as file:
    config = json.load(file)
keras.utils.set_random_seed(1)
x, y = load_digits(return_X_y=True)
order = np.random.default_rng(0).permutation(len(x))
x, y = x[order].reshape(-1, 8, 8, 1).astype("float32") / 16, y[order]
model = keras.Sequential([
    keras.Input((8, 8, 1)),
    keras.layers.Conv2D(8, 3, activation="relu"),
    keras.layers.Flatten(),
    keras.layers.Dense(32, activation="relu"),
    keras.layers.Dense(10, activation="softmax"),
])
optimizer = keras.optimizers.SGD(
    learning_rate=config["optimizer"]["learning_rate"],  # from the file
    momentum=config["optimizer"]["momentum"],
)
model.compile(optimizer, "sparse_categorical_crossentropy", metrics=["accuracy"])
history = model.fit(
    x[:1400], y[:1400], epochs=config["epochs"], validation_data=(x[1400:], y[1400:]), verbose=0
).history
with open("fits.txt", "a") as file:
    file.write(f"{len(history['loss'])}\\n")
"""


def convalesce(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "convalesce", *arguments],
        cwd=folder,
        env={
            **os.environ,
            "PYTHONPATH": os.pathsep.join(p for p in sys.path if p),
            "TF_CPP_MIN_LOG_LEVEL": "3",
        },
        capture_output=True,
        text=True,
        check=False,
    )


def test_a_rate_from_a_file_is_mended_in_the_script_and_proposed_for_the_file(
    tmp_path: Path,
) -> None:
    (tmp_path / "train.py").write_text(SCRIPT)
    (tmp_path / "config.json").write_text(CONFIG)
    ended = convalesce(tmp_path, "fix", "--apply", "--json", "r.json", "train.py")
    assert ended.returncode == 0, ended.stderr
    report = json.loads((tmp_path / "r.json").read_text())
    treatment = report["treatment"]
    assert treatment["proven"] and "hp.lr_high" in treatment["causes"]
    assert treatment["ran"] is True, treatment["ran_says"]
    edited = (tmp_path / "train.py").read_text()
    assert treatment["diff"] and edited != SCRIPT and "# from the file" in edited
    assert Path(treatment["applied"]).read_text() == SCRIPT
    (proposal,) = treatment["files"]
    assert proposal["path"] == "config.json"
    assert '-  "optimizer": {"learning_rate": 2.0, "momentum": 0.9},' in proposal["diff"]
    assert (tmp_path / "config.json").read_text() == CONFIG
    assert "proposed for config.json" in ended.stderr
    assert (tmp_path / "fits.txt").read_text() == "6\n"  # the trial run wrote to its copy
    plain = subprocess.run(
        [sys.executable, "train.py"], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert plain.returncode == 0, plain.stderr


RAISES = """\
import keras
import numpy as np

rng = np.random.default_rng(0)
x = rng.normal(size=(256, 8)).astype("float32")
y = 1 + (x[:, 0] > 0) + (x[:, 1] > 0)  # 1 to 3
model = keras.Sequential([keras.Input((8,)), keras.layers.Dense(3, activation="softmax")])
model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
model.fit(x, y, epochs=2, verbose=0)
print("trained")
"""


def test_a_script_that_raises_is_edited_until_it_runs_beyond(tmp_path: Path) -> None:
    (tmp_path / "train.py").write_text(RAISES)
    ended = convalesce(tmp_path, "fix", "--apply", "--json", "r.json", "train.py")
    assert ended.returncode == 0, ended.stderr
    report = json.loads((tmp_path / "r.json").read_text())
    treatment = report["treatment"]
    assert report["verdict"] == "crashed"
    assert treatment["proven"] and treatment["ran"] and treatment["verified"] is None
    assert treatment["causes"] == treatment["gone"] == ["data.labels"]
    assert "+y = y - 1" in treatment["diff"]
    assert "mended: the script runs beyond where it raised" in ended.stderr
    assert (tmp_path / "train.py.orig").read_text() == RAISES
    assert "model.fit(x, y, epochs=2, verbose=0)" in ended.stderr  # as it ran, not as edited
    plain = subprocess.run(
        [sys.executable, "train.py"], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert plain.returncode == 0 and "trained" in plain.stdout, plain.stderr
