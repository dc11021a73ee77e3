"""What is packed here is whole in another process, where the user's files are not."""

from __future__ import annotations

import importlib.util
import json
import os
import pickle
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("keras")
pytest.importorskip("ray")

import keras
import numpy as np
import tensorflow as tf

from convalesce.lab.ray.pickling import pack

MODULE = """
import keras
import tensorflow as tf

@tf.function
def halved(x):
    if tf.reduce_sum(x) > 0:  # needs its source, to be traced
        return x / 2
    return x

class Own(keras.Model):
    def __init__(self):
        super().__init__()
        self.parts = {"first": keras.layers.Dense(4), "last": keras.layers.Dense(1)}

    def call(self, x):
        return self.parts["last"](halved(self.parts["first"](x)))

def shared():
    layer = keras.layers.Dense(3, name="twice")
    given = keras.Input((3,))
    return keras.Model(given, keras.layers.Dense(1)(layer(layer(given))))
"""
OTHER = """
import json, pickle, sys
import keras
import numpy as np
from convalesce.lab.ray.pickling import unpack

data, buffers = pickle.load(open(sys.argv[1], "rb"))
models, flagged, x = unpack(data, buffers)
y = np.ones((len(x), 1), "float32")
told = {"frozen": [layer is models[1].get_layer("twice") for layer in flagged], "losses": []}
for model in models:
    keras.utils.set_random_seed(1)
    told["losses"].append(model.fit(x, y, batch_size=4, verbose=0).history["loss"])
told["config"] = len(models[1].get_config()["layers"][1]["inbound_nodes"])
told["view"] = any(np.shares_memory(x, b) for b in buffers)
print(json.dumps(told))
"""


def module(folder: Path) -> Any:
    """A module of the user's, loaded from a file."""
    path = folder / "users_own.py"
    path.write_text(MODULE)
    spec = importlib.util.spec_from_file_location("users_own", path)
    assert spec is not None and spec.loader is not None
    made = importlib.util.module_from_spec(spec)
    sys.modules["users_own"] = made
    spec.loader.exec_module(made)
    return made


@pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")
def test_models_go_on_training_where_the_users_files_are_not(tmp_path: Path) -> None:
    users = module(tmp_path)
    x = np.linspace(-1, 1, 48, dtype="float32").reshape(16, 3)
    y = np.ones((16, 1), "float32")
    keras.utils.set_random_seed(1)
    models = [users.Own(), users.shared()]
    for model in models:
        model.compile(keras.optimizers.AdamW(0.01), "mse", metrics=["mae"])
        model.fit(x, y, batch_size=4, verbose=0)
    packed = pack((models, [models[1].get_layer("twice")], x))
    (tmp_path / "packed").write_bytes(pickle.dumps(packed))
    expected = []
    for model in models:
        keras.utils.set_random_seed(1)
        expected.append(model.fit(x, y, batch_size=4, verbose=0).history["loss"])
    (tmp_path / "users_own.py").unlink()
    del sys.modules["users_own"]
    ran = subprocess.run(
        [sys.executable, "-c", OTHER, str(tmp_path / "packed")],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(p for p in sys.path if p)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.returncode == 0, ran.stderr[-2000:]
    told = json.loads(ran.stdout.splitlines()[-1])
    assert told == {"frozen": [True], "losses": expected, "config": 2, "view": True}


def test_a_strategy_of_several_devices_does_not_travel() -> None:
    with pytest.raises(pickle.PicklingError, match="OneDeviceStrategy"):
        pack(tf.distribute.OneDeviceStrategy("/cpu:0"))
