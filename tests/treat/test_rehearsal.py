"""An edited script is run in a copy: what fails in it alone is caught, and nothing is touched."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from convalesce import core
from convalesce.treat import stage
from convalesce.treat.rehearsal import Piece, Rehearsed, rehearse, run_whole

SCRIPT = """\
import json
import os
os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
import sys
import numpy as np
import keras
from helper import units

x = np.load("data/x.npy")
y = np.arange(len(x)) % 2
model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(units), keras.layers.Dense(2)])
model.compile("sgd", keras.losses.SparseCategoricalCrossentropy(from_logits=True))
history = model.fit(x, y, epochs=50, batch_size=4, verbose=0).history
os.makedirs("out")
with open("out/history.json", "w") as file:
    json.dump(history, file)
model.save("model.keras")
print(len(history["loss"]))
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    import numpy as np

    (tmp_path / "data").mkdir()
    np.save(tmp_path / "data" / "x.npy", np.ones((40, 4), "float32"))
    (tmp_path / "helper.py").write_text("units = 3\n")
    (tmp_path / "model.keras").write_text("mine")
    return tmp_path


def came_of(folder: Path, edited: str, original: str = SCRIPT) -> Rehearsed:
    script = folder / "train.py"
    script.write_text(original)
    before = {p: p.read_bytes() for p in folder.rglob("*") if p.is_file()}
    data = core.ReadFile(path="data/x.npy")
    found = rehearse(
        Piece(
            script=script,
            original=original.encode(),
            edited=edited.encode(),
            arguments=(),
            here=folder,
            reads=(data,),
        )
    )
    assert {p: p.read_bytes() for p in folder.rglob("*") if p.is_file()} == before
    return found


def test_a_sound_edit_runs_and_the_users_files_stay(folder: Path) -> None:
    found = came_of(folder, SCRIPT.replace('"sgd"', "keras.optimizers.SGD(0.1)"))
    assert found.ran is True, found.says


def test_a_name_that_does_not_exist_is_caught_with_its_line(folder: Path) -> None:
    found = came_of(folder, SCRIPT.replace("model.fit(x, y", "model.fit(x_scaled, y"))
    assert found.ran is False
    assert "NameError" in found.says and "x_scaled" in found.says and "line 13" in found.says


def test_shapes_that_no_longer_match_are_caught(folder: Path) -> None:
    wider = SCRIPT.replace("keras.layers.Dense(2)", "keras.layers.Dense(1)").replace(
        "from_logits=True", "from_logits=False"
    )
    cut = wider.replace("y = np.arange(len(x)) % 2", "y = np.zeros((40, 3, 2))")
    found = came_of(folder, cut)
    assert found.ran is False and "Error" in found.says


def test_what_already_fails_in_a_short_run_is_not_laid_to_the_edit(folder: Path) -> None:
    picky = SCRIPT + 'assert len(history["loss"]) == 50, "too few epochs"\n'
    found = came_of(folder, picky.replace("batch_size=4", "batch_size=8"), picky)
    assert found.ran is True and "as it does in the original" in found.says


def test_a_script_that_writes_elsewhere_is_kept_from_it_and_the_matter_is_open(
    folder: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    other = tmp_path_factory.mktemp("other") / "model.keras"
    other.write_text("mine")
    far = SCRIPT.replace('"model.keras"', repr(str(other)))
    found = came_of(folder, far.replace("batch_size=4", "batch_size=8"), far)
    assert found.ran is None and str(other) in found.says
    assert other.read_text() == "mine"


def test_of_a_large_folder_only_what_is_read_is_there(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stage, "LARGEST", 1000)
    monkeypatch.setattr(stage, "LINKED", 100)
    (folder / "huge.bin").write_bytes(bytes(2000))
    script = folder / "train.py"
    script.write_text(SCRIPT)
    top = folder / "top"
    top.mkdir()
    made = stage.staged(script, folder, (core.ReadFile(path="data/x.npy"),), top)
    assert not made.whole
    there = {p.relative_to(made.here).as_posix() for p in made.here.rglob("*") if not p.is_dir()}
    assert there == {"train.py", "helper.py", "data/x.npy"}
    assert (made.here / "data" / "x.npy").is_symlink()
    assert not made.script.is_symlink()


def test_a_script_below_the_working_directory_keeps_its_place(tmp_path: Path) -> None:
    (tmp_path / "src").mkdir()
    (tmp_path / ".venv").mkdir()
    (tmp_path / ".venv" / "x.py").write_text("")
    (tmp_path / "src" / "train.py").write_text("print()")
    top = tmp_path.parent / f"{tmp_path.name}-top"
    top.mkdir()
    made = stage.staged(tmp_path / "src" / "train.py", tmp_path, (), top)
    assert made.whole
    assert made.script == made.here / "src" / "train.py"
    assert not (made.here / ".venv").exists()
    apart = top / "apart"
    apart.mkdir()
    away = stage.staged(tmp_path / "src" / "train.py", tmp_path / ".venv", (), apart)
    assert away.here.name == "0" and away.script.parent.name == "1"


SEEDED = """\
import os
os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
import numpy as np
import keras

keras.utils.set_random_seed(3)
x = np.random.default_rng(3).normal(size=(64, 4))
model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(1)])
model.compile("sgd", "mse")
model.fit(x, x[:, :1], epochs=2, verbose=0, validation_data=(x, x[:, :1]))
"""


def test_a_whole_run_gives_its_record_and_other_seeds_give_another(tmp_path: Path) -> None:
    script = tmp_path / "train.py"
    script.write_text(SEEDED)
    source = SEEDED.encode()
    piece = Piece(
        script=script, original=source, edited=source, arguments=(), here=tmp_path, reads=()
    )
    ends = []
    for seed in (0, 0, 1):
        run = run_whole(source, piece, seed)
        assert run is not None and len(run.fits) == 1
        history = run.fits[0].signals.recorded[core.HISTORY]
        ends.append(history.metrics["val_loss"][-1])
    assert ends[0] == ends[1] != ends[2]
    kept = tmp_path / "mended.keras"
    run_whole(source, replace(piece, model=kept), 0)
    import keras

    model = keras.models.load_model(kept)
    x = np.random.default_rng(3).normal(size=(64, 4))
    assert model.evaluate(x, x[:, :1], verbose=0) == pytest.approx(ends[0], rel=1e-5)
    assert run_whole(b"import keras\nraise ValueError('broken')\n", piece, 0) is None
