"""Mended scripts run by plain Python: the edits are right for Keras, not only for the eye."""

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from convalesce import core
from convalesce.treat.patch import Facts, patch
from tests.treat.patch.scripts import facts_of, script, split

SEQUENTIAL = script("""
    import numpy as np
    import keras
    from keras import layers

    keras.utils.set_random_seed(0)
    rng = np.random.default_rng(0)
    x, y = rng.random((60, 8, 8, 1), "float32") * 255, np.arange(60) % 3
    y[:20] = 0
    x[3] = np.nan
    x_train, y_train = x[:48], y[:48]
    x_val, y_val = x[48:], y[48:]
    x_val[0] = x_train[0]
    model = keras.Sequential([
        layers.Conv2D(4, 3, padding="same", activation="sigmoid", input_shape=(8, 8, 1)),
        layers.Conv2D(4, 3, padding="same", activation="sigmoid"),
        layers.MaxPooling2D(),
        layers.Flatten(),
        layers.Dense(8, activation="relu"),
        layers.Dense(3, activation="softmax"),
    ])
    model.compile("sgd", "sparse_categorical_crossentropy", metrics=["accuracy"])
    h = model.fit(x_train, y_train, epochs=2, validation_data=(x_val, y_val), verbose=0).history
    print("val_loss", h["val_loss"], h["val_accuracy"])
    """)
FUNCTIONAL = script("""
    import numpy as np
    import tensorflow as tf

    tf.keras.utils.set_random_seed(0)
    x = np.random.rand(64, 6).astype("float32")
    y = 1000 * x.sum(axis=1, keepdims=True)
    inputs = tf.keras.Input((6,))
    h = tf.keras.layers.Dense(8)(inputs)
    h = tf.keras.layers.Dense(8, activation="tanh")(h)
    h = tf.keras.layers.Dense(8, activation="tanh")(h)
    model = tf.keras.Model(inputs, tf.keras.layers.Dense(1)(h))
    model.compile(optimizer=tf.keras.optimizers.SGD(0.1), loss="mse", metrics=["mae"])
    model.fit(x, y, epochs=2, validation_split=0.25, verbose=0)
    print("mean", model.predict(x, verbose=0).mean())
    """)
OWN = script("""
    import keras
    import numpy as np
    from keras import layers

    class Net(keras.Model):
        def __init__(self):
            super().__init__()
            self.conv = layers.Conv2D(4, 3, activation="sigmoid")
            self.flat = layers.Flatten()
            self.head = layers.Dense(2)

        def call(self, inputs):
            return self.head(self.flat(self.conv(inputs)))

    x, y = np.random.rand(32, 8, 8, 1).astype("float32"), np.arange(32) // 16
    model = Net()
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(keras.optimizers.Adam(0.5), loss)
    model.fit(x, y, batch_size=8, validation_split=0.25, verbose=0)
    print("layers", len(model.layers))
    """)
PIPED = script("""
    import numpy as np
    import tensorflow as tf
    from tensorflow import keras

    BATCH = 4
    x, y = np.random.rand(40, 5).astype("float32"), (np.arange(40) > 34).astype("float32")
    data = tf.data.Dataset.from_tensor_slices((x, y)).batch(BATCH)
    model = keras.models.Sequential()
    model.add(keras.layers.Dense(4, activation="relu", input_dim=5))
    model.add(keras.layers.Dense(1, activation="sigmoid"))
    model.compile(loss="binary_crossentropy", optimizer="rmsprop")
    model.fit(data, epochs=2, verbose=0)
    print("weights", model.count_params())
    """)
RARE = split(x={"nonfinite": 64, "nonfinite_rows": 1}, scanned=48)
TABLE = split("continuous", counts=(), y={"shape": (1,)}, x={"kind": "tabular", "shape": (6,)})
CASES: list[tuple[str, str, list[core.Change], dict[str, Any]]] = [
    (
        "sequential data",
        SEQUENTIAL,
        [
            core.Shuffle(),
            core.DropNonfinite(),
            core.Deduplicate(),
            core.Normalize(),
            core.Augment(),
            core.WeightClasses(),
            core.Oversample("smote"),
        ],
        {"train": RARE},
    ),
    (
        "sequential model",
        SEQUENTIAL,
        [
            core.DropNonfinite(),
            core.Rescale(1 / 255),
            core.SetActivation("leaky_relu"),
            core.SetInitializer("he_normal"),
            core.InsertBatchNormalization(),
            core.SetDropout(0.2),
            core.SetWeightPenalty(l2=1e-4),
            core.PoolGlobally(),
            core.ScaleWidth(2.0),
            core.SetSchedule("cosine"),
            core.ClipGradients(1.0),
            core.SetMetric("sparse_categorical_accuracy"),
            core.SetEpochs(3),
        ],
        {"train": RARE},
    ),
    (
        "functional",
        FUNCTIONAL,
        [
            core.AddResidual(),
            core.Normalize(),
            core.StandardizeTargets(),
            core.WarmUp(10),
            core.SetMomentum(0.9),
            core.StopEarly(2),
        ],
        {"train": TABLE, "style": "functional", "shape": (8,), "inputs": ((6,),)},
    ),
    (
        "subclassed",
        OWN,
        [
            core.Normalize(),
            core.InsertBatchNormalization(),
            core.SetDropout(0.3),
            core.SetBatchSize(16),
            core.Resplit(),
            core.SetLoss("sparse_categorical_crossentropy", from_logits=False),
            core.SetOutputActivation("softmax"),
        ],
        {"train": split(counts=(16, 16)), "style": "subclassed"},
    ),
    (
        "pipeline",
        PIPED,
        [
            core.Shuffle(),
            core.SetBatchSize(8),
            core.Oversample("random"),
            core.Rescale(0.5, 1.0),
            core.SetOptimizer("AdamW"),
            core.SetWeightDecay(0.01),
            core.SetLearningRate(0.003),
            core.SetSchedule("plateau"),
        ],
        {"train": split("binary", y={"dtype": "float32"}, counts=(35, 5)), "inputs": ((5,),)},
    ),
]


@pytest.mark.parametrize("case", CASES, ids=lambda c: c[0])
def test_a_mended_script_runs_without_convalesce(
    case: tuple[str, str, list[core.Change], dict[str, Any]], tmp_path: Path
) -> None:
    _, source, changes, told = case
    facts: Facts = facts_of(source, **told)
    result = patch(source, changes, facts)
    assert not result.left
    (tmp_path / "mended.py").write_text(result.source)
    told_env = {k: v for k, v in os.environ.items() if k != "PYTHONPATH"}
    ran = subprocess.run(
        [sys.executable, "mended.py"],
        cwd=tmp_path,
        env=told_env | {"TF_CPP_MIN_LOG_LEVEL": "3", "CUDA_VISIBLE_DEVICES": ""},
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.returncode == 0, result.source + ran.stderr[-2000:]
    word = source.rpartition('print("')[2].partition('"')[0]
    assert ran.stdout.startswith(word)
    assert "nan" not in ran.stdout
