"""A real training, ended from outside at any moment: what was told of it is there."""

import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from convalesce import core, keeping
from convalesce.track import disk, index
from convalesce.track.replay import read_run

pytest.importorskip("keras")

SCRIPT = """
import keras, numpy as np
keras.utils.set_random_seed(1)
x = np.random.rand(64, 4).astype("float32")
model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(1)])
model.compile("sgd", "mse")

class Says(keras.callbacks.Callback):
    def on_epoch_end(self, epoch, logs=None):
        print(epoch, logs["loss"], flush=True)

for _ in range(2):
    model.fit(x, x[:, :1], epochs=EPOCHS, verbose=0, callbacks=[Says()])
"""


def start(folder: Path, epochs: int, *options: str) -> "subprocess.Popen[str]":
    script = folder / "train.py"
    script.write_text(SCRIPT.replace("EPOCHS", str(epochs)))
    return subprocess.Popen(
        [sys.executable, "-m", "convalesce", "run", "--quiet", *options, "train.py"],
        cwd=folder,
        env={**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3"},
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )


@pytest.mark.parametrize("seed", [1, 2])
def test_whatever_the_script_saw_before_it_was_killed_is_in_the_record(
    tmp_path: Path, seed: int
) -> None:
    child = start(tmp_path, 100_000)
    assert child.stdout is not None
    lines = [child.stdout.readline(), child.stdout.readline()]
    time.sleep(random.Random(seed).uniform(0.0, 0.4))  # noqa: S311 - any moment
    child.send_signal(signal.SIGKILL)
    lines += child.communicate()[0].splitlines(keepends=True)
    said = [float(x.split()[1]) for x in lines if x.endswith("\n")]
    store = tmp_path / ".convalesce"
    (entry,) = index.entries(store).entries
    assert entry.status == "interrupted" and index.entries(store).complaints == ()
    history = read_run(entry.folder).fits[0].signals[core.HISTORY]
    # The script's own callback runs before ours: the epoch in between may be missing.
    assert len(said) - 1 <= history.epochs <= len(said) + 1
    both = min(len(said), history.epochs)
    assert list(history.curve("loss")[:both]) == said[:both]
    assert keeping.recover(store) == []
    assert disk.read_json(entry.folder.summary)["epochs"] == history.epochs
    assert entry.folder.script.read_text() == SCRIPT.replace("EPOCHS", "100000")


def test_two_scripts_at_once_keep_a_run_each(tmp_path: Path) -> None:
    pytest.importorskip("tensorboard")
    for child in [start(tmp_path, 3), start(tmp_path, 3, "--tensorboard", "tb")]:
        child.communicate()
        assert child.returncode == 0
    found = index.entries(tmp_path / ".convalesce").entries
    assert [e.status for e in found] == ["finished", "finished"]
    for entry in found:
        run = read_run(entry.folder)
        assert [f.signals[core.HISTORY].epochs for f in run.fits] == [3, 3]
        told = [x["event"] for x in disk.read_lines(entry.folder.live)]
        assert told == ["fit", "epoch", "epoch", "epoch", "end"] * 2
        assert entry.summary["seeds"] == {"keras": 1, "tensorflow": 1}
    places = {p.parent.relative_to(tmp_path).as_posix() for p in tmp_path.rglob("*tfevents*")}
    assert places == {"tb/fit-1/train", "tb/fit-2/train"}
