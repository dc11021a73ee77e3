import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from convalesce import core
from convalesce.track import logs
from convalesce.track.logs import UnreadableLog
from tests.track.runs import began, kept, told

TABLES = (
    "CREATE TABLE runs (run_uuid, name, start_time, lifecycle_stage)",
    "CREATE TABLE metrics (key, value, timestamp, run_uuid, step, is_nan)",
    "CREATE TABLE params (key, value, run_uuid)",
)


def database(path: Path) -> Path:
    """The tables of MLflow's store that are read, with two runs and a deleted one."""
    with closing(sqlite3.connect(path)) as base, base:
        for table in TABLES:
            base.execute(table)
        for i, (name, stage) in enumerate(
            (("old", "active"), ("new", "active"), ("dead", "deleted"))
        ):
            base.execute("INSERT INTO runs VALUES (?, ?, ?, ?)", (f"{i}" * 32, name, i, stage))
            for step in range(3):
                row = ("loss", 1.0 / (step + 1 + i), step, f"{i}" * 32, step, 0)
                base.execute("INSERT INTO metrics VALUES (?, ?, ?, ?, ?, ?)", row)
        again = ("loss", 9.0, 99, "1" * 32, 2, 0)
        base.execute("INSERT INTO metrics VALUES (?, ?, ?, ?, ?, ?)", again)
        lost = ("val_loss", 0.0, 0, "1" * 32, 0, 1)
        base.execute("INSERT INTO metrics VALUES (?, ?, ?, ?, ?, ?)", lost)
        system = ("system/cpu", 0.0, 0, "1" * 32, 0, 0)
        base.execute("INSERT INTO metrics VALUES (?, ?, ?, ?, ?, ?)", system)
        base.execute("INSERT INTO params VALUES ('epochs', '20', ?)", ("1" * 32,))
    return path


def test_the_latest_run_of_a_database_is_read(tmp_path: Path) -> None:
    path = database(tmp_path / "mlflow.db")
    for place in (str(path), f"sqlite:///{path}", str(tmp_path)):
        run = logs.read(place)
        history = run.fits[0].signals[core.HISTORY]
        assert history.curve("loss") == (0.5, 1 / 3, 9.0)  # of a step logged twice, the later
        assert history.curve("val_loss")[0] != history.curve("val_loss")[0]
        assert set(history.metrics) == {"loss", "val_loss"} and history.planned == 20
        assert run.remarks[0] == "Read from MLflow's run new."


def test_a_run_is_read_by_its_name_or_id(tmp_path: Path) -> None:
    path = str(database(tmp_path / "store.sqlite"))
    for which in ("old", "0" * 32, "0000"):
        assert logs.read(path, which).remarks[0] == "Read from MLflow's run old."
    with pytest.raises(
        UnreadableLog, match=r"no run `dead` with metrics\. The latest are new, old"
    ):
        logs.read(path, "dead")


def test_a_database_of_something_else_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "mlflow.db"
    with closing(sqlite3.connect(path)) as base, base:
        base.execute("CREATE TABLE other (a)")
    with pytest.raises(UnreadableLog, match="is no MLflow store that can be read"):
        logs.read(str(path))


def test_a_store_of_plain_files_is_read(tmp_path: Path) -> None:
    run = tmp_path / "mlruns" / "0" / ("a" * 32)
    (run / "metrics" / "fit 2").mkdir(parents=True)
    (run / "params").mkdir()
    (run / "meta.yaml").write_text("run_name: mine\nstart_time: 5\nlifecycle_stage: active\n")
    (run / "metrics" / "loss").write_text("1 0.9 0\n2 0.5 1\n")
    (run / "metrics" / "fit 2" / "loss").write_text("1 0.3 0\n")
    (run / "params" / "epochs").write_text("7")
    for place in (tmp_path / "mlruns", tmp_path / "mlruns" / "0", run):
        found = logs.read(str(place))
        assert found.fits[0].signals[core.HISTORY].curve("loss") == (0.9, 0.5)
        assert found.fits[1].signals[core.HISTORY].curve("loss") == (0.3,)
        assert found.remarks[0] == "Read from MLflow's run mine."


def test_a_kept_run_is_read_whole_or_as_far_as_it_came(tmp_path: Path) -> None:
    whole, broken = kept(tmp_path, script="a.py"), began(tmp_path, "b.py", after=1)
    told(broken)
    assert logs.read(str(whole.path)).script == "train.py"
    assert logs.read(str(broken.path)).interrupted
    whole.record.write_bytes(b"\x00")
    with pytest.raises(UnreadableLog, match="holds no readable record"):
        logs.read(str(whole.path))
