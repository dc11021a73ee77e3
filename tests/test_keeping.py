import json
import subprocess
import sys
from pathlib import Path

import pytest

from convalesce import core, keeping
from convalesce.track import disk
from convalesce.track.folder import Start
from tests.track.runs import OVERFITTED, began, examined, fit, kept, killed, told

START = Start(script="train.py")


def test_a_run_is_begun_told_and_completed(tmp_path: Path) -> None:
    made = keeping.begin(tmp_path, START)
    assert made.folder is not None and made.tell is not None
    keeping.complete(made, examined(), {"report.json": b"{}"})
    summary = disk.read_json(made.folder.summary)
    assert summary["status"] == "finished" and "hp.lr_high" in summary["headline"]


def test_a_store_that_cannot_be_written_keeps_nothing_and_says_why(tmp_path: Path) -> None:
    (tmp_path / "store").write_text("a file")
    made = keeping.begin(tmp_path / "store", START)
    assert made.folder is None and made.tell is None
    with pytest.raises(OSError, match=r"Not a directory|File exists"):
        keeping.complete(made, examined(), {})


def test_the_place_stays_when_the_script_changes_its_directory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    made = keeping.begin(Path("store"), START)
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    keeping.complete(made, examined(), {})
    assert made.folder is not None and made.folder.path.parent == tmp_path / "store" / "runs"


def test_afterwards_one_process_is_begun_that_nobody_waits_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun: list[list[str]] = []

    class Child:
        def __init__(self, command: list[str], **_: object) -> None:
            begun.append(command)

    monkeypatch.delenv("CONVALESCE_MLFLOW")
    made = keeping.begin(tmp_path, START)
    monkeypatch.setattr(subprocess, "Popen", Child)
    keeping.complete(made, examined(), {}, last=False)
    assert begun == []
    keeping.complete(made, examined(), {})
    assert begun == [[sys.executable, "-P", "-m", "convalesce.keeping", str(tmp_path)]]
    keeping.start_after(tmp_path, {"CONVALESCE_MLFLOW": "0"})
    assert len(begun) == 1


def test_what_killed_runs_left_is_concluded_once(tmp_path: Path) -> None:
    left = began(tmp_path, "left.py")
    told(left, (0.9, float("nan")))
    killed(left)
    assert keeping.recover(tmp_path) == []
    summary = disk.read_json(left.summary)
    assert summary["status"] == "interrupted" and summary["verdict"] == "undecided"
    assert summary["epochs"] == 2 and left.html.exists() and not left.parts()
    written = left.summary.stat().st_mtime_ns
    keeping.recover(tmp_path)
    assert left.summary.stat().st_mtime_ns == written


def test_a_run_killed_while_its_report_was_written_ends_as_its_record_says(
    tmp_path: Path,
) -> None:
    made = kept(tmp_path)
    summary = disk.read_json(made.summary)
    disk.write_json(made.summary, {**summary, "status": "running"})
    killed(made)
    assert keeping.recover(tmp_path) == []
    assert disk.read_json(made.summary)["status"] == "finished"


def test_a_killed_run_that_cannot_be_read_is_said_and_left(tmp_path: Path) -> None:
    made = began(tmp_path)
    made.record.write_bytes(b"nothing")
    killed(made)
    (complaint,) = keeping.recover(tmp_path)
    assert complaint.startswith(f"{made.id}: not a recorded run")


def test_findings_so_far_are_told_in_plain_words() -> None:
    going = fit(more={core.HISTORY: OVERFITTED})
    found = keeping._judge(())(going)
    assert {"fit", "cause", "severity", "verdict", "title", "says"} == found[0].keys()
    assert json.dumps(found)
    muted = tuple(f["cause"] for f in found)
    assert keeping._judge(muted)(going) == []
