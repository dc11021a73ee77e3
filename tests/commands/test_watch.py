import os
import pty
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from convalesce import core
from convalesce.cli import invoke
from convalesce.commands import watch
from convalesce.core.codec import encode
from convalesce.track import disk
from tests.track.runs import OVERFITTED, began, fit, kept, killed, told


@pytest.fixture(autouse=True)
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("CONVALESCE_STORE", raising=False)
    monkeypatch.setattr(watch, "EVERY_S", 0.02)
    return tmp_path / ".convalesce"


def test_what_is_known_is_shown_once(store: Path, capsys: pytest.CaptureFixture[str]) -> None:
    told(began(store))
    assert invoke(["watch", "--once"]) == 0
    shown = capsys.readouterr().out
    assert "running  fit 1, epoch 4 of 9: loss 0.35, val_loss 0.45" in shown
    assert "validation" in shown and any(0x2800 < ord(c) < 0x2900 for c in shown)


def test_into_a_pipe_each_epoch_is_a_line_until_the_run_is_over(
    store: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    made = began(store)
    told(made, (0.9,))

    def trains() -> None:
        time.sleep(0.3)
        told(made, (0.9, 0.8)[1:])
        time.sleep(0.3)
        disk.write_json(made.summary, {**disk.read_json(made.summary), "status": "finished"})

    training = threading.Thread(target=trains)
    training.start()
    assert invoke(["watch", made.id]) == 0
    training.join()
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "fit 1, epoch 1 of 9: loss 0.9, val_loss 1"
    assert "fit 1, epoch 2 of 9: loss 0.8, val_loss 0.9" in lines
    assert lines[-1] == f"{made.id}: finished"


def test_a_run_whose_process_dies_meanwhile_ends_the_watch(
    store: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    made = began(store)
    told(made)
    ending = threading.Timer(0.3, killed, [made])
    ending.start()
    assert invoke(["watch"]) == 0
    assert capsys.readouterr().out.splitlines()[-1] == f"{made.id}: interrupted"


def test_findings_are_told_as_they_arise(store: Path, capsys: pytest.CaptureFixture[str]) -> None:
    made = began(store)
    record = core.Run(script="", fits=(fit(more={core.HISTORY: OVERFITTED}),))
    made.part(0).write_bytes(encode(record))
    killed(made)
    assert invoke(["watch"]) == 0
    lines = capsys.readouterr().out.splitlines()
    seen = watch.look(made)
    assert seen.findings
    assert [x for x in lines if x.startswith(str(seen.findings[0].severity))]
    assert any(seen.findings[0].cause in x for x in lines)


def test_a_folder_copied_from_elsewhere_is_shown(
    store: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    made = kept(store)
    made.path.rename(tmp_path / "copy")
    assert invoke(["watch", "copy"]) == 0
    assert capsys.readouterr().out.splitlines()[-1] == "copy: finished"


def test_an_empty_store_says_how_a_run_begins(capsys: pytest.CaptureFixture[str]) -> None:
    assert invoke(["watch"]) == 2
    assert "`convalesce run SCRIPT` begins a run" in capsys.readouterr().err


@pytest.mark.skipif(not hasattr(os, "openpty"), reason="needs a pseudo-terminal")
def test_on_a_terminal_the_screen_is_drawn(store: Path) -> None:
    made = kept(store)
    ours, theirs = pty.openpty()
    command = [sys.executable, "-m", "convalesce", "watch", made.id]
    plain = {**os.environ, "TERM": "xterm-256color", "COLUMNS": "90", "LINES": "40"}
    child = subprocess.Popen(command, stdout=theirs, stderr=theirs, env=plain)
    os.close(theirs)
    shown = b""
    try:
        while part := os.read(ours, 65536):
            shown += part
    except OSError:  # how Linux tells that the other end is closed
        pass
    os.close(ours)
    assert child.wait() == 0
    assert "training" in shown.decode() and "\x1b[" in shown.decode()
