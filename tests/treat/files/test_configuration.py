"""A proven change as a mend of the settings that the script reads."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from convalesce import core
from convalesce.treat.files import Surroundings, configured
from convalesce.treat.files.setting import Setting
from convalesce.treat.files.settings import settings_of

SCRIPT = """import json, keras
cfg = json.load(open("config.json"))
model = keras.Sequential([keras.layers.Dense(1)])
model.compile(keras.optimizers.SGD(cfg["lr"]), "mse")
model.fit(x, y, batch_size=cfg["batch_size"])
"""
SETUP = core.Setup(
    losses=(core.Loss(name="mse"),),
    optimizer=core.Optimizer(name="SGD", learning_rate=0.800000012, momentum=0.9),
    batch_size=32,
    epochs=12,
    callbacks=(
        core.Callback(
            name="EarlyStopping", settings={"patience": 1000.0, "restore_best_weights": "False"}
        ),
    ),
)
FIT = core.Fit(index=0, signals=core.Signals({core.SETUP: SETUP}))
COURSE = (core.ScaleLearningRate(0.01),)


def read(folder: Path, **texts: str) -> Surroundings:
    """A folder with files in it, as a script would have read them."""
    files = []
    for name, text in texts.items():
        path = folder / name.replace("__", ".")
        path.write_text(text)
        found = path.stat()
        files.append(
            core.ReadFile(path=path.name, size=found.st_size, changed_ns=found.st_mtime_ns)
        )
    return Surroundings(here=folder, reads=tuple(files))


def mends(
    folder: Path,
    around: Surroundings,
    source: str = SCRIPT,
    course: tuple[core.Change, ...] = COURSE,
) -> tuple[core.FileMend, ...]:
    return configured(course, FIT, folder / "train.py", source, around)


def test_the_file_that_holds_the_value_is_shown_mended_and_not_touched(tmp_path: Path) -> None:
    text = '{\n  "lr": 0.8,\n  "batch_size": 32\n}\n'
    (mend,) = mends(tmp_path, read(tmp_path, config__json=text))
    assert mend.path == "config.json"
    assert mend.says == "learning rate: `lr` from 0.8 to 0.008"
    assert '-  "lr": 0.8,\n+  "lr": 0.008,\n' in mend.diff
    assert mend.diff.startswith("--- a/config.json\n+++ b/config.json\n")
    assert (tmp_path / "config.json").read_text() == text


def test_several_values_of_one_file_are_one_diff(tmp_path: Path) -> None:
    text = "[stop]\npatience = 1000\nrestore_best = false\n[train]\nlearning_rate = 0.8\n"
    around = read(tmp_path, config__toml=text)
    course = (core.StopEarly(patience=5), core.SetLearningRate(0.01))
    (mend,) = mends(tmp_path, around, course=course)
    for line in ("+patience = 5", "+restore_best = true", "+learning_rate = 0.01"):
        assert line in mend.diff
    assert "`stop.patience` from 1000 to 5" in mend.says


def test_two_places_are_named_and_neither_is_edited(tmp_path: Path) -> None:
    around = read(tmp_path, config__json='{"a": {"lr": 0.8}, "b": {"lr": 0.8}}')
    (mend,) = mends(tmp_path, around)
    assert not mend.diff
    assert "a.lr in config.json" in mend.says and "b.lr in config.json" in mend.says


def test_a_value_that_the_script_writes_itself_is_not_looked_for(tmp_path: Path) -> None:
    around = read(tmp_path, config__json='{"lr": 0.8}')
    own = SCRIPT.replace('cfg["lr"]', "0.8")
    assert mends(tmp_path, around, own) == ()
    constant = own.replace("SGD(0.8)", "SGD(RATE)").replace("import", "RATE = 8e-1\nimport", 1)
    assert mends(tmp_path, around, constant) == ()


def test_neither_another_name_nor_another_value_is_taken(tmp_path: Path) -> None:
    around = read(tmp_path, config__json='{"lr": 0.7, "scale": 0.8, "val_lr": 0.8, "lr_min": 0.8}')
    assert mends(tmp_path, around) == ()


def test_a_file_that_changed_since_it_was_read_is_left_out(tmp_path: Path) -> None:
    around = read(tmp_path, config__json='{"lr": 0.8}')
    (tmp_path / "config.json").write_text('{"lr": 0.8, "other": 1}')
    assert mends(tmp_path, around) == ()


def test_a_value_that_cannot_be_edited_alone_is_said(tmp_path: Path) -> None:
    around = read(tmp_path, config__json='{"run": {"\\u006cr": 0.8}}')
    (mend,) = mends(tmp_path, around)
    assert not mend.diff and "`run.lr` from 0.8 to 0.008" in mend.says and "by hand" in mend.says


ARGUMENTS = """import argparse, keras
parser = argparse.ArgumentParser()
parser.add_argument("--lr", type=float, default=0.8)
parser.add_argument("--decay", type=float, default=0.8)
args = parser.parse_args()
model = keras.Sequential([keras.layers.Dense(1)])
model.compile(keras.optimizers.SGD(args.lr), "mse")
model.fit(x, y)
"""


@pytest.mark.parametrize(
    ("given", "line"), [((), True), (("--lr", "0.8"), False), (("--lr=0.8",), False)]
)
def test_an_option_of_the_command_line_is_named(
    tmp_path: Path,
    given: tuple[str, ...],
    line: bool,  # noqa: FBT001 - a parameter
) -> None:
    (mend,) = mends(tmp_path, Surroundings(here=tmp_path, arguments=given), ARGUMENTS)
    assert mend.path == "the command line"
    assert "`--lr 0.008`" in mend.says
    assert ("default at line 3" in mend.says) is line
    assert mends(tmp_path, Surroundings(here=tmp_path, arguments=("--lr", "0.1")), ARGUMENTS) == ()


@pytest.mark.parametrize("asked", ['os.environ["LR"]', 'os.environ.get("LR")', 'os.getenv("LR")'])
def test_a_variable_of_the_environment_is_named(tmp_path: Path, asked: str) -> None:
    source = SCRIPT.replace('cfg["lr"]', f"float({asked})")
    around = Surroundings(here=tmp_path, environment={"LR": "0.8", "RATE": "0.8"})
    (mend,) = mends(tmp_path, around, source)
    assert mend.path == "the environment" and "LR=0.008" in mend.says


def test_a_smaller_batch_scales_the_rate_in_the_file_too(tmp_path: Path) -> None:
    around = read(tmp_path, config__json='{"lr": 0.8, "batch_size": 32}')
    (mend,) = mends(tmp_path, around, course=(core.SetBatchSize(64),))
    assert '"batch_size": 64' in mend.diff and '"lr": 1.6' in mend.diff


@pytest.mark.parametrize("planned", [25, None])
def test_the_batch_size_of_data_that_cut_batches_themselves_is_worked_out(
    tmp_path: Path, planned: int | None
) -> None:
    around = read(tmp_path, config__json='{"batch_size": 4}')
    train = core.Split(
        role="train",
        source="PyDataset",
        examples=98,
        scanned=98,
        whole=True,
        inputs=(),
        targets=(),
    )
    recorded = {
        core.SETUP: replace(SETUP, batch_size=None, steps_per_epoch=planned),
        core.TRAIN: train,
        core.HISTORY: core.History(metrics={"loss": (1.0, 0.9)}, steps=50),
    }
    fit = core.Fit(index=0, signals=core.Signals(recorded))
    (mend,) = configured((core.SetBatchSize(32),), fit, tmp_path / "t.py", SCRIPT, around)
    assert '+{"batch_size": 32}' in mend.diff


@pytest.mark.parametrize(
    ("key", "is_one"),
    [
        ("lr", True),
        ("LR", True),
        ("learningRate", True),
        ("base-lr", True),
        ("train_lr", True),
        ("lr_init", True),
        ("val_lr", False),
        ("warmup_lr", False),
        ("clr", False),
        ("learning", False),
    ],
)
def test_a_name_is_plausible_by_its_words(key: str, is_one: bool) -> None:  # noqa: FBT001
    (setting,) = settings_of(COURSE[0], FIT)
    assert setting.named(key) is is_one


def test_layers_give_the_old_values_of_their_settings() -> None:
    layers = (
        core.Layer(
            name="c",
            path="c",
            kind="Conv2D",
            kernel_shape=(3, 3, 1, 8),
            activation="relu",
            strides=(4, 4),
            l2=0.3,
        ),
        core.Layer(
            name="d",
            path="d",
            kind="Conv2D",
            kernel_shape=(3, 3, 8, 8),
            activation="relu",
            strides=(4, 4),
            l2=0.3,
        ),
        core.Layer(name="drop", path="drop", kind="Dropout", rate=0.25),
        core.Layer(name="out", path="out", kind="Dense", kernel_shape=(8, 1), activation="relu"),
    )
    model = core.Model(name="m", style="sequential", layers=layers, outputs=())
    fit = core.Fit(index=0, signals=core.Signals({core.SETUP: SETUP, core.MODEL: model}))

    def found(change: core.Change) -> list[tuple[object, object]]:
        return [(s.old, s.new) for s in settings_of(change, fit)]

    assert found(core.SetDropout(0.5)) == [(0.25, 0.5)]
    assert found(core.SetWeightPenalty(l2=1e-4)) == [(0.3, 1e-4)]
    assert found(core.SetOutputActivation("linear")) == [("relu", "linear")]
    assert found(core.SetActivation("gelu")) == [("relu", "gelu")]
    assert found(core.ScaleWidth(4.0)) == [((8.0, 8.0), (32.0, 32.0))]
    assert found(core.SetStrides(1)) == [((4.0, 4.0), (1.0, 1.0)), (4.0, 1.0)]
    assert found(core.SetOptimizer("Adam")) == [("SGD", "Adam")]
    assert found(core.SetMomentum(0.5)) == [(0.9, 0.5)]
    assert found(core.SetEpochs(40)) == [(12, 40)]
    assert found(core.AddResidual()) == []


def test_a_setting_holds_numbers_written_as_text() -> None:
    rate = Setting(what="learning rate", names=("lr",), old=0.001, new=0.1)
    assert not any(map(rate.holds, (True, None, [0.001])))
    assert rate.holds("1e-3") and rate.holds(0.001) and not rate.holds("x")


def test_a_change_without_a_value_to_put_there_is_advice(tmp_path: Path) -> None:
    decay = core.Schedule(name="ExponentialDecay", settings={"decay_steps": 6.0})
    optimizer = core.Optimizer(name="Adam", learning_rate=0.002, schedule=decay)
    layers = (
        core.Layer(
            name="flip",
            path="flip",
            kind="RandomFlip",
            settings={"mode": "horizontal_and_vertical"},
        ),
        core.Layer(name="turn", path="turn", kind="RandomRotation", settings={"factor_1": 0.5}),
        core.Layer(
            name="d",
            path="d",
            kind="Dense",
            fan_in=50,
            initializer="RandomNormal",
            initializer_values={"stddev": 1.0},
        ),
    )
    recorded = {
        core.SETUP: replace(SETUP, optimizer=optimizer, steps_per_epoch=25),
        core.MODEL: core.Model(name="m", style="sequential", layers=layers, outputs=()),
    }
    fit = core.Fit(index=0, signals=core.Signals(recorded))
    text = (
        "stddev = 1.0\n[schedule]\ndecay_steps = 6\n[augmentation]\n"
        'flip = "horizontal_and_vertical"\nrotation = 0.5\n'
    )
    around = read(tmp_path, config__toml=text)
    course = (
        core.SetSchedule("constant"),
        core.ScaleAugmentation("flip", 0.0),
        core.SetInitializer("he_normal"),
    )
    decayed, flipped, started = configured(course, fit, tmp_path / "t.py", SCRIPT, around)
    assert "schedule.decay_steps in config.toml is 6" in decayed.says and "300" in decayed.says
    assert "augmentation.flip" in flipped.says and "RandomFlip" in flipped.says
    assert "stddev in config.toml is 1" in started.says and "0.2 in" in started.says
    assert not any(mend.diff for mend in (decayed, flipped, started))
    milder = (core.ScaleAugmentation("turn", 0.2),)
    (turned,) = configured(milder, fit, tmp_path / "t.py", SCRIPT, around)
    assert "-rotation = 0.5\n+rotation = 0.1\n" in turned.diff
