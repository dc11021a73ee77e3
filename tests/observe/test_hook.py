import contextlib
import inspect
import io
import subprocess
import sys
import textwrap
import types
from pathlib import Path
from typing import Any

import keras
import pytest
from keras.src.backend.tensorflow.trainer import TensorFlowTrainer
from keras.src.layers.layer import Layer
from keras.src.optimizers.base_optimizer import BaseOptimizer
from keras.src.trainers.trainer import Trainer

from convalesce import core
from convalesce.observe import observe_script, sites
from convalesce.observe.hook import watching, why_not
from convalesce.observe.options import Options

PATCHED = [
    (TensorFlowTrainer, "fit"),
    (TensorFlowTrainer, "evaluate"),
    (TensorFlowTrainer, "train_on_batch"),
    (Trainer, "compile"),
    (Layer, "__new__"),
    (BaseOptimizer, "apply"),
]

BEGIN = """
import keras
import numpy as np
from keras import layers

x = np.zeros((8, 4), "float32")
y = np.zeros((8, 1), "float32")

def net():
    model = keras.Sequential([keras.Input((4,)), layers.Dense(1)])
    model.compile("sgd", "mse")
    return model
"""
LINES = BEGIN.count("\n")


def observed(folder: Path, text: str) -> core.Run:
    script = folder / "train.py"
    script.write_text(BEGIN + textwrap.dedent(text).lstrip(), encoding="utf-8")
    return observe_script(str(script), (), Options(every=0))


def line(fit: core.Fit) -> int:
    assert fit.site is not None
    return fit.site.line - LINES


def test_every_patch_is_gone_afterwards() -> None:
    before = [owner.__dict__[name] for owner, name in PATCHED]
    with watching(Options()):
        during = [owner.__dict__[name] for owner, name in PATCHED]
        assert all(a is not b for a, b in zip(before, during, strict=True))
    assert [owner.__dict__[name] for owner, name in PATCHED] == before


def test_a_script_that_raises_leaves_no_patch_either(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before = [owner.__dict__[name] for owner, name in PATCHED]
    assert observed(tmp_path, "net().fit(x, y[:3], verbose=0)").status == 1
    assert [owner.__dict__[name] for owner, name in PATCHED] == before


def test_a_traceback_of_keras_reads_as_without_us(tmp_path: Path) -> None:
    raising = """import traceback
model = keras.Sequential([keras.Input((4,)), layers.Dense(3)])
model.compile("sgd", "categorical_crossentropy")
try:
    model.fit(x, np.zeros((8, 5)), verbose=0)
except ValueError as error:
    lines = traceback.format_tb(error.__traceback__)
    print("".join(line for line in lines if "convalesce" not in line))
"""
    script = tmp_path / "train.py"
    script.write_text(BEGIN + raising, encoding="utf-8")
    plain = subprocess.run(
        [sys.executable, script], capture_output=True, text=True, check=True
    ).stdout
    with contextlib.redirect_stdout(io.StringIO()) as watched:
        run = observed(tmp_path, raising)
    assert run.status == 0, run
    assert watched.getvalue() == plain and "in categorical_crossentropy" in plain


def test_names_signatures_and_documentation_stay() -> None:
    plain = [
        (inspect.signature(f), f.__doc__, f.__qualname__)
        for f in (getattr(owner, name) for owner, name in PATCHED)
    ]
    layer = inspect.signature(keras.layers.Dense)
    with watching(Options()):
        assert plain == [
            (inspect.signature(f), f.__doc__, f.__qualname__)
            for f in (getattr(owner, name) for owner, name in PATCHED)
        ]
        assert inspect.signature(keras.layers.Dense) == layer


def test_what_others_patched_meanwhile_is_left_to_them() -> None:
    original = TensorFlowTrainer.__dict__["fit"]
    with watching(Options()):
        ours = TensorFlowTrainer.__dict__["fit"]

        def theirs(*args: Any, **kwargs: Any) -> Any:
            return ours(*args, **kwargs)

        TensorFlowTrainer.fit = theirs
    try:
        assert TensorFlowTrainer.__dict__["fit"] is theirs
        model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1)])
        model.compile("sgd", "mse")
        assert model.fit(keras.ops.zeros((4, 2)), keras.ops.zeros((4, 1)), verbose=0) is not None
    finally:
        TensorFlowTrainer.fit = original


def test_every_fit_of_a_script_is_seen_with_its_line(tmp_path: Path) -> None:
    run = observed(
        tmp_path,
        """
        for fold in range(2):
            net().fit(x, y, verbose=0)
        class Job:
            def go(self):
                return net().fit(x, y, verbose=0, epochs=2)
        print(len(Job().go().history["loss"]))
        """,
    )
    assert [line(f) for f in run.fits] == [2, 2, 5]
    assert [f.index for f in run.fits] == [0, 1, 2]
    assert run.status == 0 and not run.remarks


def test_a_fit_that_calls_its_parents_is_seen_once(tmp_path: Path) -> None:
    run = observed(
        tmp_path,
        """
        class Own(keras.Model):
            def __init__(self):
                super().__init__()
                self.dense = layers.Dense(1)
            def call(self, x):
                return self.dense(x)
            def fit(self, *args, **kwargs):
                return super().fit(*args, **kwargs)
        own = Own()
        own.compile("sgd", "mse")
        own.fit(x, y, verbose=0)
        """,
    )
    assert len(run.fits) == 1


def test_a_fit_in_a_thread_is_seen(tmp_path: Path) -> None:
    run = observed(
        tmp_path,
        """
        import threading
        model = net()
        threading.Thread(target=lambda: model.fit(x, y, verbose=0)).start()
        """,
    )
    assert len(run.fits) == 1


def test_a_fit_inside_a_fit_is_left_alone_and_said(tmp_path: Path) -> None:
    run = observed(
        tmp_path,
        """
        other = net()
        class Also(keras.callbacks.Callback):
            def on_epoch_end(self, epoch, logs=None):
                other.fit(x, y, verbose=0)
        net().fit(x, y, verbose=0, callbacks=[Also()])
        """,
    )
    assert len(run.fits) == 1
    assert "A fit inside another fit, by a callback, was not observed." in run.remarks


def test_layers_know_the_line_that_built_them_and_models_that_of_compile() -> None:
    with watching(Options()):
        first = inspect.currentframe().f_lineno + 1  # type: ignore[union-attr]
        layer = keras.layers.Dense(1)
        model = keras.Sequential([keras.Input((2,)), layer])
        model.compile("sgd", "mse")
    built, compiled = sites.site_of(layer), sites.site_of(model, "compile")
    assert built is not None and compiled is not None
    assert (built.line, compiled.line) == (first, first + 2)


def test_a_layer_inside_a_layer_of_the_users_is_placed_inside_it() -> None:
    class Block(keras.layers.Layer):  # type: ignore[misc]
        def __init__(self) -> None:
            super().__init__()
            self.dense = keras.layers.Dense(1)

    with watching(Options()):
        line = inspect.currentframe().f_lineno + 1  # type: ignore[union-attr]
        block = Block()
    outer, inner = sites.site_of(block), sites.site_of(block.dense)
    assert outer is not None and outer.line == line
    assert inner is not None and inner.line == Block.__init__.__code__.co_firstlineno + 2


def test_an_error_of_ours_is_a_remark_and_training_goes_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def broken(*_: Any) -> None:
        raise ZeroDivisionError("ours")

    monkeypatch.setattr("convalesce.observe.watch.Watch.begin", broken)
    monkeypatch.setattr(sites, "note", broken)
    run = observed(tmp_path, "print(len(net().fit(x, y, epochs=3, verbose=0).history['loss']))")
    assert run.status == 0 and capsys.readouterr().out == "3\n"
    assert any("failed in convalesce itself: ZeroDivisionError: ours" in r for r in run.remarks)


def fake(version: str, backend: str = "tensorflow") -> Any:
    inner = types.SimpleNamespace(backend=lambda: backend)
    return types.SimpleNamespace(__version__=version, backend=inner)


@pytest.mark.parametrize(
    ("found", "says"),
    [
        (fake("2.15.0"), "Keras 2.15.0 is older than 3.15, the oldest that is covered"),
        (fake("3.9.0"), "Upgrade with `pip install -U keras`"),
        (fake("3.15.1", "jax"), "Keras runs on the jax backend; only TensorFlow is covered"),
        (fake("3.16.0.dev1", "torch"), "Set KERAS_BACKEND=tensorflow"),
    ],
)
def test_what_is_not_covered_is_said_and_what_to_do(found: Any, says: str) -> None:
    assert says in why_not(found)


def test_an_old_tensorflow_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tensorflow.__version__", "2.20.0")
    assert "TensorFlow 2.20.0 is older than 2.21" in why_not(fake("3.15.0"))


def test_what_is_installed_here_is_covered() -> None:
    assert why_not(keras) == ""


def test_legacy_keras_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.delitem(sys.modules, "tf_keras", raising=False)
    (tmp_path / "tf_keras.py").write_text("")
    run = observed(tmp_path, "import tf_keras")
    sys.modules.pop("tf_keras")
    assert "tf_keras, the legacy Keras 2, which is not covered" in run.remarks[0]


def test_a_script_that_never_fits_is_told_so(tmp_path: Path) -> None:
    run = observed(tmp_path, "net().predict(x, verbose=0)")
    assert run.fits == () and "called no `fit` of Keras" in run.remarks[0]
