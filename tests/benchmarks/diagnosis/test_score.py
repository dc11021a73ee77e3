"""The whole way from records on disk to tables."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from benchmarks.diagnosis import score as module
from benchmarks.diagnosis.cases import find_cases
from convalesce import core
from convalesce.core.codec import encode
from tests.benchmarks.diagnosis.rivals.training import STEPS, data, spoilt, training

COST = {"training_s": 10.0, "monitor_s": 1.0, "scan_s": 0.5, "probes_s": 2.0}


def finding(cause: str, **more: object) -> dict[str, Any]:
    plain = {"rank": 1, "severity": "error", "verdict": "confirmed", "confidence": 0.75}
    return {"cause": cause, **plain, **more}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """One case, recorded: NaN in the input; the report of the faulty arm blames the labels."""
    case = tmp_path / "corpus" / "case_1"
    case.mkdir(parents=True)
    (case / "label.toml").write_text('causes = ["data.nonfinite"]\n')
    (case / "train.py").touch()
    (case / "fixed.py").touch()
    records = tmp_path / "records"
    records.mkdir()
    sick = {core.TRAIN: data(nonfinite=40), **spoilt(core.WEIGHT_NORM, "conv", np.nan, "/kernel")}
    said = {"faulty": [finding("data.labels")], "fixed": []}
    for arm, changes in (("faulty", sick), ("fixed", {core.LEARNING_RATE: np.full(STEPS, 0.5)})):
        run = core.Run(script="train.py", fits=(core.Fit(index=0, signals=training(changes)),))
        (records / f"case_1.{arm}.msgpack").write_bytes(encode(run))
        meta = {"seconds": 20.0, "plain_seconds": 16.0, "report": {"schema": 1, "cost": COST}}
        meta["report"]["findings"] = said[arm]
        (records / f"case_1.{arm}.json").write_text(json.dumps(meta))
    return tmp_path


def scored(folder: Path, **options: bool) -> module.Scored:
    cases = find_cases([folder / "corpus"])
    return module.score(cases, folder / "records", known=cases, **options)


def test_a_record_is_diagnosed_anew_and_every_rival_asked(folder: Path) -> None:
    found = scored(folder)
    ours = [a for a in found.answers if a.tool == "convalesce"]
    assert [a.claims[0].causes for a in ours if a.sick] == [("data.nonfinite",)]
    assert {a.tool for a in found.answers} >= {"UMLAUT", "SageMaker", "plain guess"}
    alarmed = {a.tool for a in found.answers if not a.sick and a.alarms}
    assert alarmed >= {"UMLAUT", "plain guess"}
    assert [s.probes for s in found.spent] == [2.0, 2.0]


def test_findings_as_reported_stand_in_the_meta_file(folder: Path) -> None:
    found = scored(folder, as_reported=True)
    ours = {a.arm: a for a in found.answers if a.tool == "convalesce"}
    assert ours["faulty"].claims[0].causes == ("data.labels",)
    assert ours["faulty"].claims[0].confirmed and ours["faulty"].claims[0].confidence == 0.75
    assert ours["fixed"].claims == ()


def test_a_missing_record_is_named_and_the_exit_status_tells(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / "records" / "case_1.fixed.msgpack").unlink()
    where = ["--records", str(folder / "records"), str(folder / "corpus")]
    monkeypatch.setattr("sys.argv", ["score.py", "-v", *where])
    assert module.main() == 1
    out = capsys.readouterr().out
    assert "no record of 1: case_1 fixed …" in out
    assert "what the rivals said" in out and "expected calibration error, calibration" in out


def test_only_one_group_can_be_asked_for(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    where = ["--records", str(folder / "records"), str(folder / "corpus")]
    monkeypatch.setattr("sys.argv", ["score.py", "--only", "unseen", *where])
    assert module.main() == 0
    assert capsys.readouterr().out == ""
