import hashlib
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from convalesce import core
from convalesce.core.codec import decode
from convalesce.track import disk
from convalesce.track.folder import Start, begin, discard, store_path
from convalesce.track.surroundings import VARIABLES, commit, environment
from tests.track.runs import NOW, began, examined, fit, kept, told


def test_a_run_begins_with_all_that_it_depends_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KERAS_BACKEND", "tensorflow")
    monkeypatch.setenv("TF_VAR_password", "secret")
    (tmp_path / "train.py").write_text("print(1)\n")
    monkeypatch.chdir(tmp_path)
    made = begin(tmp_path / "s", Start(script="train.py", arguments=("--lr", "1")), NOW)
    summary = disk.read_json(made.summary)
    assert (summary["id"], summary["status"]) == ("20260301-120000-train", "running")
    assert summary["arguments"] == ["--lr", "1"] and summary["started"] == NOW.isoformat()
    expected = hashlib.sha256(b"print(1)\n").hexdigest()
    assert summary["script_sha256"] == expected
    assert made.script.read_text() == "print(1)\n"
    around = disk.read_json(made.environment)
    assert around["python"] == ".".join(map(str, sys.version_info[:3]))
    assert around["variables"]["KERAS_BACKEND"] == "tensorflow"
    assert "secret" not in made.environment.read_text()
    assert (tmp_path / "s" / ".gitignore").read_text() == "*\n"


def test_no_variable_that_is_kept_can_hold_a_secret() -> None:
    assert environment()["variables"].keys() <= set(VARIABLES)


def test_a_run_knows_its_commit_and_whether_the_script_was_changed(tmp_path: Path) -> None:
    script = tmp_path / "train.py"
    script.write_text("1\n")
    assert commit(script) == {}
    author = ["-c", "user.name=a", "-c", "user.email=a@b.c"]
    for words in (["init", "-q"], ["add", "."], [*author, "commit", "-qm", "first"]):
        subprocess.run(["git", *words], cwd=tmp_path, check=True)  # noqa: S607
    found = commit(script)
    assert len(found["commit"]) == 40 and found["changed"] is False
    script.write_text("2\n")
    assert commit(script)["changed"] is True


def test_runs_that_begin_at_once_get_a_folder_each(tmp_path: Path) -> None:
    with ThreadPoolExecutor(8) as pool:
        made = list(pool.map(lambda _: began(tmp_path), range(16)))
    assert len({m.path for m in made}) == 16
    assert all(disk.read_json(m.summary)["id"] == m.id for m in made)


def test_a_finished_run_holds_its_record_its_reports_and_a_small_summary(tmp_path: Path) -> None:
    what = examined(fit())
    made = kept(tmp_path, what)
    assert decode(made.record.read_bytes()).script == "train.py"
    assert made.html.exists() and disk.read_json(made.json)["verdict"] == "undecided"
    summary = disk.read_json(made.summary)
    assert summary["status"] == "finished" and summary["causes"] == ["hp.lr_high"]
    assert summary["metrics"]["loss"] == 0.35 and summary["best"]["val_loss"] == 0.35 + 0.1
    assert summary["setting"]["optimizer"] == "Adam" and summary["epochs"] == 4
    assert made.summary.stat().st_size < 4096


@pytest.mark.parametrize(
    ("how", "status"),
    [
        ({}, "finished"),
        ({"status": 3}, "finished"),
        ({"interrupted": True}, "interrupted"),
        ({"crash": core.Crash(exception="E", message="", phase="fit")}, "crashed"),
    ],
)
def test_the_status_is_how_the_script_ended(
    tmp_path: Path, how: dict[str, object], status: str
) -> None:
    made = kept(tmp_path, examined(**how))
    assert disk.read_json(made.summary)["status"] == status


def test_what_was_written_while_it_trained_goes_when_the_whole_record_is_there(
    tmp_path: Path,
) -> None:
    made = began(tmp_path)
    told(made)
    assert made.parts()
    from convalesce import keeping
    from convalesce.track.folder import finish

    finish(made, keeping._end(examined(), {}), NOW)
    assert not made.parts() and made.live.exists()


def test_a_run_that_never_was_leaves_nothing(tmp_path: Path) -> None:
    made = began(tmp_path)
    discard(made)
    assert not made.path.exists()


def test_the_store_is_where_it_was_asked_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CONVALESCE_STORE", "/elsewhere")
    assert store_path(tmp_path) == tmp_path
    assert store_path() == Path("/elsewhere")
    monkeypatch.delenv("CONVALESCE_STORE")
    assert store_path() == Path(".convalesce")


BARE = """
import sys
from datetime import datetime
from pathlib import Path
from convalesce.track.folder import Start, begin
from convalesce.track.live import Live
Live(begin(Path(sys.argv[1]), Start(script="x.py"), datetime.now()))
print([m for m in ("numpy", "mlflow", "tensorflow") if m in sys.modules])
"""


def test_beginning_a_run_loads_nothing_that_the_script_may_want_to_set_up_first(
    tmp_path: Path,
) -> None:
    def loaded(code: str) -> str:
        command = [sys.executable, "-c", code, str(tmp_path)]
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout

    assert loaded(BARE) == "[]\n"
    assert loaded(BARE.replace("import sys", "import sys, numpy", 1)) == "['numpy']\n"
