"""A proven course, written into the script that ran."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from convalesce import core
from convalesce.treat import edits, written
from convalesce.treat.rehearsal import Rehearsed
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


def test_the_edited_script_is_run_before_it_is_offered(tmp_path: Path) -> None:
    script = tmp_path / "train.py"
    script.write_text(SCRIPT)
    seen = []

    def runs(edited: bytes) -> Rehearsed:
        seen.append(edited.decode())
        return Rehearsed(ran=True, says="it ran")

    found = written(COURSE, RUN, script, SCRIPT.encode(), edit=True, rehearse=runs)
    assert seen == [script.read_text()] and "SGD(0.05)" in seen[0]
    assert found.ran is True and found.ran_says == "it ran" and found.applied


def test_an_edit_that_fails_is_withdrawn_and_said_with_what_to_paste(tmp_path: Path) -> None:
    script = tmp_path / "train.py"
    script.write_text(SCRIPT)
    found = written(
        COURSE,
        RUN,
        script,
        SCRIPT.encode(),
        edit=True,
        rehearse=lambda _: Rehearsed(ran=False, says="NameError: name 'rate' (line 3)"),
    )
    assert script.read_text() == SCRIPT and list(tmp_path.iterdir()) == [script]
    assert (found.diff, found.applied, found.ran) == ("", "", False)
    assert "NameError" in found.left[0] and "SGD(0.05)" in found.left[0]
    assert found.changes == COURSE.changes


def test_an_edit_that_could_not_be_tried_is_offered_all_the_same(tmp_path: Path) -> None:
    script = tmp_path / "train.py"
    script.write_text(SCRIPT)
    open_ = Rehearsed(ran=None, says="it was not run")
    found = written(COURSE, RUN, script, SCRIPT.encode(), edit=False, rehearse=lambda _: open_)
    assert found.diff and found.ran is None and found.ran_says == "it was not run"


def test_where_nothing_is_edited_nothing_is_run(tmp_path: Path) -> None:
    course = core.Treatment(changes=(core.CollectData(2.0),))

    def fails(_: bytes) -> Rehearsed:
        raise AssertionError

    found = written(course, RUN, tmp_path / "t.py", SCRIPT.encode(), edit=False, rehearse=fails)
    assert not found.diff and found.ran is None
