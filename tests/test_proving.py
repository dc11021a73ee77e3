"""Experiments stand beside the diagnosis: whatever becomes of them, it is told."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from convalesce import confirm, core, proving, treat
from convalesce.lab import staffed
from convalesce.observe.shelf import Shelf
from tests.confirm.bench import WrittenLab, finding, record


class Opened(WrittenLab):
    """A written lab that can be opened as the real one is."""

    @contextlib.contextmanager
    def open(self) -> Iterator[WrittenLab]:
        yield self


def examined(*findings: core.Finding, cut: bool = False) -> core.Examined:
    run = core.Run(script="train.py", fits=(core.Fit(index=0, signals=record(0.1)),), cut=cut)
    diagnosis = core.Diagnosis(health=core.Health.UNDECIDED, findings=tuple(findings))
    return core.Examined(run=run, diagnosis=diagnosis)


def kept() -> Any:
    shelf = Shelf()
    shelf.kept[0] = None  # type: ignore[assignment]  # something is kept; the lab is a written one
    return shelf


@pytest.mark.parametrize("error", [RuntimeError("no memory"), KeyboardInterrupt()])
def test_a_fault_of_the_experiments_leaves_the_diagnosis_and_is_said(
    error: BaseException, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(*_: Any, **__: Any) -> None:
        raise error

    monkeypatch.setattr(staffed, "KerasLab", lambda *_: Opened(lambda _: 0.0))
    monkeypatch.setattr(confirm, "confirm", fails)
    before = examined(finding("hp.lr_high"))
    after = proving.prove(before, kept(), None, (), lambda _: None)
    assert after.diagnosis.findings == before.diagnosis.findings
    (remark,) = after.diagnosis.remarks
    assert "no memory" in remark or "interrupted" in remark


def test_a_fault_of_the_mend_leaves_the_diagnosis_and_is_said(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def fails(*_: Any, **__: Any) -> None:
        raise RuntimeError("no memory")

    monkeypatch.setattr(staffed, "KerasLab", lambda *_: Opened(lambda _: 0.0))
    monkeypatch.setattr(treat, "treat", fails)
    diagnosis = core.Diagnosis(health=core.Health.UNHEALTHY, findings=(finding("hp.lr_high"),))
    before = core.Examined(run=examined().run, diagnosis=diagnosis)
    script = proving.Script(path=Path("train.py"), original=b"")
    after = proving.mend(before, kept(), script, (), lambda _: None)
    assert after.treatment is None
    assert "no memory" in after.diagnosis.remarks[-1]


def proven(*_: Any, **__: Any) -> core.Treatment:
    return core.Treatment(changes=(core.ScaleLearningRate(0.1),))


CONFIGURED = """import json, keras
rate = json.load(open("config.json"))["lr"]
model = keras.Sequential([keras.layers.Dense(1)])
model.compile(keras.optimizers.SGD(rate), "mse")
model.fit(x, y)
"""


def configured(folder: Path) -> tuple[core.Examined, proving.Script]:
    """A script that reads its rate from a file, confirmed to be too high."""
    (folder / "train.py").write_text(CONFIGURED)
    (folder / "config.json").write_text('{"lr": 0.5}')
    found = (folder / "config.json").stat()
    setup = core.Setup(
        losses=(core.Loss(name="mse"),), optimizer=core.Optimizer(name="SGD", learning_rate=0.5)
    )
    run = core.Run(
        script="train.py",
        fits=(core.Fit(index=0, signals=core.Signals({core.SETUP: setup})),),
        reads=(
            core.ReadFile(path="config.json", size=found.st_size, changed_ns=found.st_mtime_ns),
        ),
    )
    diagnosis = core.Diagnosis(health=core.Health.UNHEALTHY, findings=(finding("hp.lr_high"),))
    script = proving.Script(
        path=folder / "train.py", original=CONFIGURED.encode(), edit=True, here=folder
    )
    return core.Examined(run=run, diagnosis=diagnosis), script


@pytest.fixture
def mendable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(staffed, "KerasLab", lambda *_: Opened(lambda _: 0.0))
    monkeypatch.setattr(treat, "treat", proven)
    monkeypatch.setattr(proving, "_saved", lambda treatment, *_: treatment)


@pytest.mark.usefixtures("mendable")
def test_a_mend_edits_the_script_alone_and_proposes_the_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before, script = configured(tmp_path)
    came = treat.Rehearsed(ran=True, says="it ran")
    monkeypatch.setattr(treat, "rehearse", lambda _: came)
    treatment = proving.mend(before, kept(), script, (), lambda _: None).treatment
    assert treatment is not None and treatment.ran is True
    assert "rate = 5e-2" in script.path.read_text()
    assert Path(treatment.applied).read_text() == CONFIGURED
    assert '+{"lr": 0.05}' in treatment.files[0].diff
    assert (tmp_path / "config.json").read_text() == '{"lr": 0.5}'


@pytest.mark.usefixtures("mendable")
def test_a_script_that_changed_meanwhile_is_left_alone_and_run_once_only(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before, script = configured(tmp_path)
    script.path.write_text(CONFIGURED + "# meanwhile\n")
    runs = []

    def counted(piece: treat.Piece) -> treat.Rehearsed:
        runs.append(piece)
        return treat.Rehearsed(ran=True, says="it ran")

    monkeypatch.setattr(treat, "rehearse", counted)
    treatment = proving.mend(before, kept(), script, (), lambda _: None).treatment
    assert treatment is not None and treatment.diff and not treatment.applied
    assert "changed since" in treatment.left[-1]
    assert len(runs) == 1
    assert sorted(p.name for p in tmp_path.iterdir()) == ["config.json", "train.py"]


@pytest.mark.usefixtures("mendable")
@pytest.mark.parametrize("error", [RuntimeError("boom"), KeyboardInterrupt()])
def test_a_trial_run_that_breaks_off_leaves_the_diff_and_is_said(
    error: BaseException, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before, script = configured(tmp_path)

    def broken(_: treat.Piece) -> treat.Rehearsed:
        raise error

    monkeypatch.setattr(treat, "rehearse", broken)
    treatment = proving.mend(before, kept(), script, (), lambda _: None).treatment
    assert treatment is not None and treatment.diff and treatment.ran is None
    assert "boom" in treatment.ran_says or "interrupted" in treatment.ran_says


@pytest.mark.usefixtures("mendable")
def test_a_module_has_the_mend_of_its_file_though_no_script_is_edited(tmp_path: Path) -> None:
    before, _ = configured(tmp_path)
    module = proving.Script(path=Path("pkg.train"), original=None, here=tmp_path)
    treatment = proving.mend(before, kept(), module, (), lambda _: None).treatment
    assert treatment is not None and not treatment.diff
    assert '+{"lr": 0.05}' in treatment.files[0].diff


@pytest.mark.usefixtures("mendable")
def test_a_fault_of_the_mends_of_files_leaves_the_mend_and_is_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before, script = configured(tmp_path)

    def broken(*_: Any) -> Any:
        raise RuntimeError("boom")

    monkeypatch.setattr(treat, "rehearse", lambda _: treat.Rehearsed(ran=True, says="it ran"))
    monkeypatch.setattr(treat, "proposed", broken)
    after = proving.mend(before, kept(), script, (), lambda _: None)
    assert after.treatment is not None and after.treatment.diff
    assert "boom" in after.diagnosis.remarks[-1]


def test_experiments_settle_what_is_suspected_and_their_cost_is_told(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    helps = Opened(lambda arm: 0.9 if arm.changes else 0.1)
    monkeypatch.setattr(staffed, "KerasLab", lambda *_: helps)
    after = proving.prove(examined(finding("hp.lr_high")), kept(), None, (), lambda _: None)
    assert after.diagnosis.findings[0].verdict is core.Verdict.CONFIRMED
    assert after.run.probes_s == helps.taken_s > 0


def test_without_a_share_nothing_is_kept() -> None:
    assert proving.shelf(0) is None
    assert proving.shelf(None) is not None


def test_a_fault_of_the_edits_leaves_the_diagnosis_and_is_said(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def broken(*_: Any) -> Any:
        raise RuntimeError("boom")

    monkeypatch.setattr(treat, "edits", broken)
    suspected = core.Diagnosis(health=core.Health.UNDECIDED, findings=(finding("hp.lr_high"),))
    before = core.Examined(run=core.Run(script="train.py", fits=()), diagnosis=suspected)
    script = proving.Script(path=Path("train.py"), original=b"x = 1")
    after = proving.edited(before, script)
    assert after.diagnosis.findings == suspected.findings
    assert any("boom" in remark for remark in after.diagnosis.remarks)
    assert proving.edited(before, proving.Script(path=Path("m"), original=None)) is before


def test_an_edit_that_does_not_keep_a_script_from_raising_is_no_remedy(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    tried: list[tuple[core.Change, ...]] = []

    def open_(course: core.Treatment, *_: Any) -> core.Treatment:
        tried.append(course.changes)
        return course

    monkeypatch.setattr(proving, "_written", open_)
    lead = finding("hp.loss", stated=True)
    before = examined(lead)
    before = replace(before, diagnosis=replace(before.diagnosis, health=core.Health.CRASHED))
    script = proving.Script(path=tmp_path / "train.py", original=b"raise ValueError\n")
    after = proving.mend(before, None, script, (), lambda _: None)
    assert after.treatment is not None and not after.treatment.proven
    assert after.treatment.why_not == "no edit of the script keeps it from raising"
    assert tried == [(change,) for change in lead.remedies]
