"""A proven course, written into the script that ran."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from convalesce import core
from convalesce.treat import edits, written
from tests.confirm.bench import finding

SCRIPT = """import keras
model = keras.Sequential([keras.layers.Dense(1)])
model.compile(keras.optimizers.SGD(0.5), "mse")
model.fit(x, y)
"""
COURSE = core.Treatment(changes=(core.ScaleLearningRate(0.1), core.CollectData(2.0)))
RUN = core.Run(script="train.py", fits=(core.Fit(index=0, signals=core.Signals({})),))


def test_the_diff_and_what_is_left_are_told_and_nothing_is_edited(tmp_path: Path) -> None:
    script = tmp_path / "train.py"
    script.write_text(SCRIPT)
    found = written(COURSE, RUN, script, SCRIPT.encode(), edit=False)
    assert "+model.compile(keras.optimizers.SGD(0.05)" in found.diff
    assert "collected" in found.left[0]
    assert script.read_text() == SCRIPT


def test_the_edited_script_keeps_its_original_beside_it(tmp_path: Path) -> None:
    script = tmp_path / "train.py"
    script.write_text(SCRIPT)
    found = written(COURSE, RUN, script, SCRIPT.encode(), edit=True)
    assert "SGD(0.05)" in script.read_text()
    assert Path(found.applied).read_text() == SCRIPT


def test_a_script_that_changed_while_it_ran_is_left_alone(tmp_path: Path) -> None:
    script = tmp_path / "train.py"
    script.write_text(SCRIPT + "# edited meanwhile\n")
    with pytest.raises(ValueError, match="changed"):
        written(COURSE, RUN, script, SCRIPT.encode(), edit=True)
    assert script.read_text().endswith("# edited meanwhile\n")


def test_a_module_has_no_script_to_write_to() -> None:
    found = written(COURSE, RUN, Path("pkg.mod"), None, edit=False)
    assert found.diff == "" and "module" in found.left[0]


def test_each_remedy_that_can_be_written_has_a_diff_of_its_own(tmp_path: Path) -> None:
    script = tmp_path / "train.py"
    remedies = (core.ScaleLearningRate(0.1), core.CollectData(2.0), core.SetLearningRate(0.2))
    found = edits([replace(finding("hp.lr_high"), remedies=remedies)], RUN, script, SCRIPT.encode())
    assert set(found) == {(0, remedies[0]), (0, remedies[2])}
    assert "+model.compile(keras.optimizers.SGD(0.05)" in found[0, remedies[0]]
    assert "+model.compile(keras.optimizers.SGD(0.2)" in found[0, remedies[2]]
    assert edits([], RUN, script, b"\xff\xfe\x00") == {}
