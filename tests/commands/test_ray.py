"""A study and a mend by workers of a real Ray are those of one process."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("keras")
pytest.importorskip("ray")

from convalesce.cli import invoke

pytestmark = pytest.mark.filterwarnings("ignore::ResourceWarning")  # Ray's own processes
SCRIPT = """
import keras
import numpy as np

keras.utils.set_random_seed(1)
rng = np.random.default_rng(1)
x = rng.normal(size=(192, 6)).astype("float32")
y = (x[:, 0] + x[:, 1] > 0).astype("int64")


class Scaled(keras.layers.Layer):
    def call(self, x):
        return x * FACTOR


FACTOR = 0.5
model = keras.Sequential([
    keras.Input((6,)),
    keras.layers.Dense(8, activation="relu"),
    Scaled(),
    keras.layers.Dense(1, activation="sigmoid"),
])
model.compile(keras.optimizers.SGD(0.0001), "binary_crossentropy", metrics=["accuracy"])
model.fit(x[:128], y[:128], batch_size=16, epochs=20, validation_data=(x[128:], y[128:]), verbose=0)
"""


def told(command: list[str], folder: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """The report of a command that ends well, in a folder of its own."""
    folder.mkdir()
    monkeypatch.chdir(folder)
    (folder / "slow.py").write_text(SCRIPT)
    name, *options = command
    assert invoke([name, "--quiet", "--json", "told.json", *options, "slow.py"]) == 0
    return json.loads((folder / "told.json").read_text())


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RAY_worker_niceness", "0")
    monkeypatch.setenv("CONVALESCE_MLFLOW", "0")


def test_a_study_by_workers_is_the_study_of_one_process(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    command = ["study", "--budget", "0", "--trials", "6"]
    here = told(command, tmp_path / "here", monkeypatch)
    there = told([*command, "--ray", "--workers", "2"], tmp_path / "there", monkeypatch)
    shown = ("number", "state", "value", "changes", "reached")
    for one, other in zip(here["trials"], there["trials"], strict=True):
        assert {k: one.get(k) for k in shown} == {k: other.get(k) for k in shown}
    values = [[f["values"] for f in study["finalists"]] for study in (here, there)]
    assert values[0] == values[1]


def test_a_mend_is_verified_by_workers_as_by_one_process(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    here = told(["fix"], tmp_path / "here", monkeypatch)
    there = told(["fix", "--ray", "--workers", "2"], tmp_path / "there", monkeypatch)
    assert here["treatment"]["changes"] == there["treatment"]["changes"]
    assert here["treatment"]["verified"] == there["treatment"]["verified"]
    assert (tmp_path / "there" / "slow-mended.keras").is_file()
