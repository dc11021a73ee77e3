import json
from pathlib import Path

import pytest

from convalesce import core
from convalesce.cli import invoke
from convalesce.commands.read import TOO_LITTLE, modest
from convalesce.track.logs.log import CANNOT
from tests.track.runs import examined, fit, kept


@pytest.fixture(autouse=True)
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def overfitted() -> str:
    rows = [
        f"{e},{0.9 / (e + 1):.4f},{0.7 + 0.04 * e:.4f},{1 - 0.3 / (e + 1):.4f},{0.7 - 0.01 * e:.4f}"
        for e in range(20)
    ]
    return "epoch,loss,val_loss,accuracy,val_accuracy\n" + "\n".join(rows) + "\n"


def test_a_log_is_diagnosed_and_it_is_said_what_it_cannot_tell(
    capsys: pytest.CaptureFixture[str],
) -> None:
    Path("log.csv").write_text(overfitted())
    assert invoke(["read", "log.csv"]) == 0
    told = capsys.readouterr().out
    assert "not asked:" in told and "the training data could not be scanned" in told
    assert "Read from a CSVLogger file with 20 epochs." in told
    assert CANNOT.split(":")[0] in told


def test_the_report_goes_wherever_it_is_asked_for(capsys: pytest.CaptureFixture[str]) -> None:
    Path("log.csv").write_text(overfitted())
    assert invoke(["read", "log.csv", "--json", "-", "--html", "r.html", "--sarif", "r.sarif"]) == 0
    told = capsys.readouterr()
    document = json.loads(told.out)
    assert document["fits"][0]["epochs"] == 20 and document["script"] == "log.csv"
    assert "Read from a CSVLogger" in told.err
    assert Path("r.html").exists() and Path("r.sarif").exists()
    causes = {f["cause"] for f in document["findings"]}
    assert causes & {"reg.overfitting", "data.insufficient", "hp.epochs_many"}


def test_a_muted_cause_is_not_asked(capsys: pytest.CaptureFixture[str]) -> None:
    Path("log.csv").write_text(overfitted())
    invoke(["read", "log.csv", "--json", "-", "--quiet"])
    first = json.loads(capsys.readouterr().out)["findings"][0]["cause"]
    invoke(["read", "log.csv", "--json", "-", "--quiet", "--mute", first])
    document = json.loads(capsys.readouterr().out)
    assert first not in {f["cause"] for f in document["findings"]}
    assert {"cause": first, "why": "muted"} in document["not_asked"]


def test_curves_alone_never_make_a_training_healthy() -> None:
    curves = core.Fit(index=0, signals=core.Signals({core.HISTORY: fit().signals[core.HISTORY]}))
    found = modest(examined(curves, causes=()))
    assert found.diagnosis.health is core.Health.UNDECIDED
    assert found.diagnosis.remarks == (TOO_LITTLE,)
    whole = examined(fit(), causes=())
    assert modest(whole) is whole


def test_a_kept_run_is_read_again(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    made = kept(tmp_path / "store", examined(fit(maximum=255.0)))
    assert invoke(["read", str(made.path), "--json", "-", "--quiet"]) == 0
    assert json.loads(capsys.readouterr().out)["script"] == "train.py"


def test_what_is_no_log_ends_with_two(capsys: pytest.CaptureFixture[str]) -> None:
    assert invoke(["read", "none.csv"]) == 2
    assert "there is no none.csv. Name a CSVLogger file" in capsys.readouterr().err
