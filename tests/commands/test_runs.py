import json
import sys
from pathlib import Path
from typing import Any

import pytest

from convalesce import keeping
from convalesce.cli import invoke
from convalesce.track import importer
from tests.track.runs import began, examined, fit, kept, killed, told


@pytest.fixture(autouse=True)
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("CONVALESCE_STORE", raising=False)
    return tmp_path / ".convalesce"


def told_json(capsys: pytest.CaptureFixture[str], *args: str) -> dict[str, Any]:
    assert invoke([*args, "--json", "-"]) == 0
    value: dict[str, Any] = json.loads(capsys.readouterr().out)
    return value


def test_the_list_has_a_line_a_run(store: Path, capsys: pytest.CaptureFixture[str]) -> None:
    kept(store, script="a.py")
    kept(store, examined(causes=()), script="b.py", after=1, kind="check")
    assert invoke(["runs"]) == 0
    head, b, a = capsys.readouterr().out.splitlines()
    assert head.split() == ["run", "status", "verdict", "epochs", "val_loss", "causes"]
    assert a.split() == ["20260301-120000-a", "finished", "undecided", "4", "0.45", "hp.lr_high"]
    assert b.split()[:4] == ["20260301-120001-b", "finished", "(check)", "healthy"]


def test_the_list_as_json_keeps_the_contract(
    store: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    kept(store, examined(fit((0.9, float("nan")))))
    value = told_json(capsys, "runs")
    assert value["schema"] == 1
    (run,) = value["runs"]
    assert {"id", "script", "started", "status", "verdict", "causes"} <= run.keys()
    assert run["metrics"]["loss"] is None and run["causes"] == ["hp.lr_high"]


def test_a_file_takes_the_json_and_the_table_is_printed(
    store: Path, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    kept(store)
    assert invoke(["runs", "--json", "out/runs.json"]) == 0
    assert "hp.lr_high" in capsys.readouterr().out
    assert json.loads((tmp_path / "out" / "runs.json").read_text())["runs"]


def test_filters_sorting_and_limit_reach_the_list(
    store: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for i, loss in enumerate((0.5, 0.1, 0.3)):
        kept(store, examined(fit((1.0, loss))), script=f"{i}.py", after=i)
    value = told_json(capsys, "runs", "--sort", "loss", "--limit", "2", "--cause", "hp")
    assert [r["script"] for r in value["runs"]] == ["1.py", "2.py"]
    assert told_json(capsys, "runs", "--status", "crashed")["runs"] == []


def test_no_run_is_no_fault(capsys: pytest.CaptureFixture[str]) -> None:
    assert invoke(["runs"]) == 0
    told = capsys.readouterr()
    assert told.out == "" and "no such run is kept in .convalesce" in told.err


def test_a_bad_folder_is_said_and_does_not_hide_the_others(
    store: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    kept(store)
    (store / "runs" / "bad").mkdir()
    (store / "runs" / "bad" / "run.json").write_text("{")
    assert invoke(["runs"]) == 0
    told = capsys.readouterr()
    assert "bad is left out" in told.err and "hp.lr_high" in told.out


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ("runs --cause hp.lr_hihg", "--cause: there is no cause `hp.lr_hihg`. Did you mean"),
        ("runs --status asleep", "Invalid value for '--status'"),
        ("runs shw a", "No such command 'shw'"),
        ("runs show zzz", "there is no run `zzz` in .convalesce. The latest are 2026"),
        ("runs show 2026", "`2026` is a part of 2 runs"),
        ("runs compare 120000", "compare takes 2 to 8 runs, not 1"),
        ("runs rm zzz", "there is no run `zzz`"),
        ("watch zzz", "there is no run `zzz`"),
        ("runs --store nowhere show a", "nothing is kept in nowhere yet"),
        ("runs --json runs --limit 1", "runs cannot be written: Is a directory"),
    ],
)
def test_a_slip_ends_with_two_and_says_what_there_is(
    store: Path, capsys: pytest.CaptureFixture[str], line: str, says: str
) -> None:
    kept(store, script="a.py")
    kept(store, script="b.py", after=1)
    Path("runs").mkdir()
    assert invoke(line.split()) == 2
    assert says in capsys.readouterr().err


def test_one_run_is_shown_with_its_findings(
    store: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    made = kept(store, arguments=("--lr", "0.1"))
    assert invoke(["runs", "show", "train"]) == 0
    told = capsys.readouterr().out
    assert made.id in told and "train.py --lr 0.1" in told
    assert "hp.lr_high (suspected, not proven)" in told and "the loss rises" in told
    assert "try: multiply the learning rate by 0.1" in told
    value = told_json(capsys, "runs", "show", "train")
    assert value["report"]["findings"][0]["cause"] == "hp.lr_high"


def test_a_killed_run_is_shown_with_what_follows_from_what_it_left(
    store: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    left = began(store, "left.py")
    told(left, (0.9, float("nan")))
    killed(left)
    value = told_json(capsys, "runs", "show", "left")
    assert value["runs"][0]["status"] == "interrupted"
    assert value["report"]["verdict"] == "undecided"
    assert value["report"]["fits"][0]["history"]["loss"] == [0.9, None]
    assert not left.html.exists()  # it was looked at, not changed


def test_a_run_killed_before_it_trained_is_shown_all_the_same(
    store: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    killed(began(store, "left.py"))
    assert invoke(["runs", "show", "left"]) == 0
    assert "interrupted" in capsys.readouterr().out


def test_runs_are_compared_on_the_terminal_as_json_and_as_a_page(
    store: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    Path("a.py").write_text("lr = 0.01\n")
    Path("b.py").write_text("lr = 0.1\n")
    kept(store, examined(fit(rate=0.01)), script="a.py")
    kept(store, examined(fit((0.9, 0.8), rate=0.1)), script="b.py", after=1)
    assert invoke(["runs", "compare", "-a", "-b"]) == 2  # options of nobody
    capsys.readouterr()
    assert invoke(["runs", "compare", "120000", "120001", "--html", "c.html"]) == 0
    told = capsys.readouterr()
    assert "learning rate" in told.out and "0.01" in told.out and "curves: c.html" in told.err
    page = Path("c.html").read_text()
    assert "+lr = 0.1" in page and page.count("<figure>") == 2 and "http:" not in page
    value = told_json(capsys, "runs", "compare", "120000", "120001")
    rate = {"part": "set-up", "name": "learning rate", "values": ["0.01", "0.1"]}
    assert rate in value["differences"]
    assert value["curves"]["20260301-120001-b"][0]["loss"] == [0.9, 0.8]
    assert (store / "compare.html").exists()


def test_a_removed_run_is_gone_with_its_trials(
    store: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    parent = kept(store, script="a.py")
    kept(store, script="t.py", after=1, kind="trial", parent=parent.id)
    kept(store, script="b.py", after=2)
    assert invoke(["runs", "rm", "120000"]) == 0
    assert capsys.readouterr().err.count("removed") == 2
    assert [p.name for p in (store / "runs").iterdir()] == ["20260301-120002-b"]


def test_it_is_said_when_mlflows_store_still_has_a_removed_run(
    store: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    made = kept(store)
    importer.note(made, importer.OWN, "some-id")
    asked: list[tuple[str, ...]] = []

    def fails(_: Path, *more: str) -> list[str]:
        asked.append(more)
        return [sys.executable, "-c", "raise SystemExit(1)"]

    monkeypatch.setattr(keeping, "command", fails)
    assert invoke(["runs", "rm", made.id]) == 2
    assert asked == [("--forget", made.id)]
    assert f"MLflow's store still has {made.id}" in capsys.readouterr().err
    assert not made.path.exists()


def test_a_running_run_is_not_removed(store: Path, capsys: pytest.CaptureFixture[str]) -> None:
    made = began(store)
    assert invoke(["runs", "rm", made.id]) == 2
    assert "is running; end it first. Nothing was removed." in capsys.readouterr().err
    assert made.path.exists()


def test_a_folder_elsewhere_is_not_removed(
    store: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    made = kept(tmp_path / "other")
    assert invoke(["runs", "rm", str(made.path)]) == 2
    assert "is not in .convalesce" in capsys.readouterr().err
    assert made.path.exists()


def test_a_broken_folder_can_be_removed(store: Path) -> None:
    (store / "runs" / "bad").mkdir(parents=True)
    (store / "runs" / "bad" / "run.json").write_text("{")
    assert invoke(["runs", "rm", "bad"]) == 0
    assert not (store / "runs" / "bad").exists()


def test_the_store_of_the_project_and_of_the_environment_is_found(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    kept(tmp_path / "kept", script="a.py")
    kept(tmp_path / "other", script="b.py")
    Path("pyproject.toml").write_text('[tool.convalesce]\nstore = "kept"\n')
    assert told_json(capsys, "runs")["runs"][0]["script"] == "a.py"
    monkeypatch.setenv("CONVALESCE_STORE", "other")
    assert told_json(capsys, "runs")["runs"][0]["script"] == "b.py"
    assert told_json(capsys, "runs", "--store", "kept")["runs"][0]["script"] == "a.py"
