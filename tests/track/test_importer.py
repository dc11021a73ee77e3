"""MLflow's store, filled by processes of their own as in use."""

import os
import signal
import sqlite3
import subprocess
import sys
import time
from contextlib import closing
from pathlib import Path

import pytest

from convalesce import core, keeping
from convalesce.track import importer
from convalesce.track.lock import alone
from tests.track.runs import began, examined, fit, kept, killed, told


def bring(store: Path, *more: str, **environment: str) -> subprocess.CompletedProcess[str]:
    plain = {k: v for k, v in os.environ.items() if not k.startswith("MLFLOW_")}
    return subprocess.run(
        keeping.command(store, *more),
        env=keeping.calm({**plain, **environment}),
        capture_output=True,
        text=True,
        check=False,
    )


def ask(database: Path, question: str) -> list[tuple[object, ...]]:
    with closing(sqlite3.connect(database)) as base:
        return base.execute(question).fetchall()


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store with a parent, its trial, a killed run and one that still runs, brought over."""
    place = tmp_path_factory.mktemp("store")
    parent = kept(place, examined(fit((0.9, float("nan"), 0.4))), script="a.py")
    kept(place, script="t.py", after=1, kind="trial", parent=parent.id, changes=("halve it",))
    left = began(place, "left.py", after=2)
    told(left, (0.9, 0.8))
    killed(left)
    began(place, "running.py", after=3)
    crash = core.Crash(exception="ValueError", message="no", phase="fit")
    kept(place, examined(crash=crash), script="crash.py", after=4)
    done = bring(place)
    assert (done.returncode, done.stderr) == (0, "")
    return place


def test_each_run_that_ended_is_there_once_with_its_status(store: Path) -> None:
    found = ask(store / "mlflow.db", "SELECT name, status FROM runs ORDER BY name")
    assert found == [
        ("20260301-120000-a", "FINISHED"),
        ("20260301-120001-t", "FINISHED"),
        ("20260301-120002-left", "KILLED"),
        ("20260301-120004-crash", "FAILED"),
    ]


def test_curves_are_metrics_and_findings_are_tags(store: Path) -> None:
    told_metrics = ask(
        store / "mlflow.db",
        "SELECT step, value, is_nan FROM metrics JOIN runs USING (run_uuid) "
        "WHERE name = '20260301-120000-a' AND key = 'loss' ORDER BY step",
    )
    assert told_metrics == [(0, 0.9, 0), (1, 0.0, 1), (2, 0.4, 0)]
    tags = dict(
        ask(
            store / "mlflow.db",
            "SELECT tags.key, tags.value FROM tags JOIN runs USING (run_uuid) "
            "WHERE name = '20260301-120000-a'",
        )
    )
    assert tags["convalesce.finding.hp.lr_high"] == "warning, undecided"
    assert tags["convalesce.causes"] == "hp.lr_high"
    assert tags["convalesce.verdict"] == "undecided"
    params = dict(ask(store / "mlflow.db", "SELECT key, value FROM params"))
    assert params["optimizer"] == "Adam"


def test_a_trial_is_a_child_of_its_run(store: Path) -> None:
    found = ask(
        store / "mlflow.db",
        "SELECT child.name, parent.name FROM tags JOIN runs child USING (run_uuid) "
        "JOIN runs parent ON parent.run_uuid = tags.value WHERE tags.key = 'mlflow.parentRunId'",
    )
    assert found == [("20260301-120001-t", "20260301-120000-a")]


def test_mlflow_is_told_that_models_are_trained_here(store: Path) -> None:
    kinds = "SELECT value FROM experiment_tags WHERE key = 'mlflow.experimentKind'"
    assert ask(store / "mlflow.db", kinds) == [("custom_model_development",)]


def test_the_report_lies_among_the_artifacts_inside_the_store(store: Path) -> None:
    pages = sorted(store.rglob("mlflow-artifacts/*/artifacts/report.html"))
    assert len(pages) == 4  # the killed run was concluded, too
    assert all(p.is_relative_to(store) for p in pages)


def test_a_killed_run_was_concluded_from_what_it_left(store: Path) -> None:
    from convalesce.track import disk

    (summary,) = [disk.read_json(p) for p in store.glob("runs/*left/run.json")]
    assert (summary["status"], summary["epochs"]) == ("interrupted", 2)
    assert summary["ended"] is None and summary["verdict"] is not None
    assert list(store.glob("runs/*left/report.html"))


def test_bringing_again_changes_nothing_and_loads_no_mlflow(store: Path) -> None:
    before = (store / "mlflow.db").read_bytes()
    code = (
        "import sys; from convalesce.track import importer; from pathlib import Path;"
        "importer.bring_all(Path(sys.argv[1])); print('mlflow' in sys.modules)"
    )
    plain = {k: v for k, v in os.environ.items() if not k.startswith("MLFLOW_")}
    done = subprocess.run(
        [sys.executable, "-c", code, str(store)],
        env=keeping.calm(plain),
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout == "False\n"
    assert (store / "mlflow.db").read_bytes() == before


def test_an_import_that_was_killed_is_completed_and_not_doubled(store: Path) -> None:
    kept(store, examined(fit(), fit(index=1)), script="later.py", after=20)
    child = subprocess.Popen(
        keeping.command(store),
        env=keeping.calm({k: v for k, v in os.environ.items() if not k.startswith("MLFLOW_")}),
    )
    while not ask(store / "mlflow.db", "SELECT 1 FROM runs WHERE name LIKE '%later'"):
        assert child.poll() is None
        time.sleep(0.01)
    child.send_signal(signal.SIGKILL)
    child.wait()
    assert bring(store).returncode == 0
    assert ask(store / "mlflow.db", "SELECT status FROM runs WHERE name LIKE '%later'") == [
        ("FINISHED",)
    ]
    counted = ask(
        store / "mlflow.db",
        "SELECT key, count(*) FROM metrics JOIN runs USING (run_uuid) WHERE name LIKE '%later' "
        "GROUP BY key ORDER BY key",
    )
    assert counted == [(f"fit {i}/{name}", 4) for i in (1, 2) for name in ("loss", "val_loss")]
    assert ask(store / "mlflow.db", "PRAGMA integrity_check") == [("ok",)]


def test_a_run_removed_in_mlflow_is_gone_with_its_files(store: Path) -> None:
    made = kept(store, script="gone.py", after=30)
    assert bring(store).returncode == 0
    run_id = importer.brought(made)["own"]
    assert (store / "mlflow-artifacts" / run_id).is_dir()
    assert bring(store, "--forget", made.id).returncode == 0
    assert not ask(store / "mlflow.db", f"SELECT 1 FROM runs WHERE run_uuid = '{run_id}'")  # noqa: S608
    assert not (store / "mlflow-artifacts" / run_id).exists()


def test_a_folder_that_cannot_be_read_keeps_no_other_out(store: Path) -> None:
    bad = kept(store, script="bad.py", after=40)
    bad.record.write_bytes(b"nothing")
    kept(store, script="good.py", after=41)
    done = bring(store)
    assert done.returncode == 1 and bad.id in done.stderr and "not a recorded run" in done.stderr
    assert ask(store / "mlflow.db", "SELECT 1 FROM runs WHERE name LIKE '%good'")
    assert not ask(store / "mlflow.db", "SELECT 1 FROM runs WHERE name LIKE '%bad'")
    import shutil

    shutil.rmtree(bad.path)


def test_a_store_that_cannot_be_opened_is_said_in_a_sentence(tmp_path: Path) -> None:
    kept(tmp_path)
    (tmp_path / "mlflow.db").write_bytes(b"this is no database, whatever it is called " * 99)
    done = bring(tmp_path)
    assert done.returncode == 1 and "Traceback" not in done.stderr
    assert done.stderr.startswith("MLflow's store cannot be opened: DatabaseError: ")


def test_another_store_is_used_where_the_person_names_one(
    store: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    theirs = f"sqlite:///{tmp_path / 'theirs.db'}"
    monkeypatch.setenv("MLFLOW_TRACKING_URI", theirs)
    assert importer.target(store)[0] == theirs and importer.target(store)[1] != importer.OWN
    monkeypatch.delenv("MLFLOW_TRACKING_URI")
    assert importer.target(store) == (f"sqlite:///{(store / 'mlflow.db').as_posix()}", "own")


def test_nothing_is_told_to_anybody() -> None:
    calm = keeping.calm({"MLFLOW_DISABLE_TELEMETRY": "false", "MLFLOW_RUN_ID": "x", "A": "b"})
    assert calm["MLFLOW_DISABLE_TELEMETRY"] == calm["DO_NOT_TRACK"] == "true"
    assert "MLFLOW_RUN_ID" not in calm and calm["A"] == "b"
    asked = keeping.calm({"MLFLOW_TRACKING_URI": "http://x", "MLFLOW_TRACKING_TOKEN": "t"})
    assert asked["MLFLOW_TRACKING_TOKEN"] == "t"  # noqa: S105
    code = "from mlflow.telemetry.utils import is_telemetry_disabled as d; print(d())"
    for environment, off in ((keeping.calm(dict(os.environ)), "True"), (os.environ, "")):
        done = subprocess.run(
            [sys.executable, "-c", code],
            env={k: v for k, v in environment.items() if k not in {"CI", "PYTEST_CURRENT_TEST"}},
            capture_output=True,
            text=True,
            check=True,
        )
        assert off in done.stdout


def test_a_lock_is_held_by_one_and_let_go_by_the_dead(tmp_path: Path) -> None:
    code = (
        "import sys, time; from pathlib import Path; from convalesce.track.lock import alone\n"
        "with alone(Path(sys.argv[1])):\n    print('held', flush=True); time.sleep(60)"
    )
    lock = tmp_path / "a.lock"
    child = subprocess.Popen([sys.executable, "-c", code, str(lock)], stdout=subprocess.PIPE)
    assert child.stdout is not None and child.stdout.readline() == b"held\n"
    with pytest.raises(TimeoutError, match="another process has held"), alone(lock, patience=0.3):
        raise AssertionError
    child.kill()
    child.communicate()
    with alone(lock, patience=5.0):
        pass
