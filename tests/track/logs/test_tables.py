import json
import math
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from convalesce import core, keeping
from convalesce.track import logs
from convalesce.track.logs import UnreadableLog


def history(path: Path, fit: int = 0) -> core.History:
    return logs.read(str(path)).fits[fit].signals[core.HISTORY]


def test_a_file_of_csvlogger_is_read(tmp_path: Path) -> None:
    file = tmp_path / "log.csv"
    file.write_text(
        "epoch,accuracy,learning_rate,loss,val_loss\n0,0.5,0.1,0.9,NA\n1,0.6,0.01,nan,0.7\n"
    )
    found = history(file)
    assert found.curve("accuracy") == (0.5, 0.6)
    assert found.learning_rate == (0.1, 0.01)
    assert found.curve("loss")[0] == 0.9 and math.isnan(found.curve("loss")[1])
    assert found.curve("val_loss") == (0.7,)
    assert (found.epochs, found.planned) == (2, 2)


def test_columns_without_a_figure_are_no_curves(tmp_path: Path) -> None:
    file = tmp_path / "log.csv"
    file.write_text("epoch,loss,val_loss\n0,0.9,NA\n1,0.8,NA\n")
    assert set(history(file).metrics) == {"loss"}


@pytest.mark.parametrize("separator", [",", ";", "\t", "|"])
def test_any_separator_of_csvlogger_is_understood(tmp_path: Path, separator: str) -> None:
    file = tmp_path / "training.log"
    rows = [["epoch", "loss"], ["0", "0.9"], ["1", "0.5"]]
    file.write_text("\n".join(separator.join(row) for row in rows))
    assert history(file).curve("loss") == (0.9, 0.5)


def test_epochs_that_begin_anew_are_another_fit(tmp_path: Path) -> None:
    file = tmp_path / "log.csv"
    file.write_text("epoch,loss\n0,0.9\n1,0.8\n0,0.7\n1,0.6\n2,0.5\n")
    run = logs.read(str(file))
    assert [f.signals[core.HISTORY].epochs for f in run.fits] == [2, 3]
    assert run.remarks[0] == (
        "Read from a CSVLogger file with 5 epochs in 2 fits, as `epoch` begins anew."
    )


@pytest.mark.parametrize(
    "value",
    [
        {"loss": [0.9, 0.5], "val_loss": [1.0, 0.8]},
        {"history": {"loss": [0.9, 0.5], "val_loss": [1.0, 0.8]}, "epoch": [0, 1]},
        {"loss": {"0": 0.9, "1": 0.5}, "val_loss": {"0": 1.0, "1": 0.8}},
        [{"epoch": 0, "loss": 0.9, "val_loss": 1.0}, {"epoch": 1, "loss": 0.5, "val_loss": 0.8}],
    ],
    ids=["bare", "around", "pandas", "rows"],
)
def test_a_history_is_read_however_it_was_written(tmp_path: Path, value: object) -> None:
    file = tmp_path / "history.json"
    file.write_text(json.dumps(value))
    assert dict(history(file).metrics) == {"loss": (0.9, 0.5), "val_loss": (1.0, 0.8)}


def test_planned_epochs_are_known_from_params(tmp_path: Path) -> None:
    file = tmp_path / "history.json"
    file.write_text(json.dumps({"history": {"loss": [1.0]}, "params": {"epochs": 40}}))
    assert history(file).planned == 40


@pytest.mark.parametrize(
    ("name", "content", "says"),
    [
        ("a.csv", "", "is no CSVLogger file: expected a line of names such as `epoch,loss"),
        ("a.csv", "one two three\nfour\n", "is no CSVLogger file"),
        ("a.csv", "epoch,loss\n0,NA\n", "holds no curve with a value"),
        ("a.json", "{", "is no JSON"),
        ("a.json", '{"loss": "low"}', 'is no History: expected an object such as {"loss"'),
        ("a.json", "[1, 2]", "is no History"),
    ],
)
def test_a_file_that_is_no_log_says_what_was_expected(
    tmp_path: Path, name: str, content: str, says: str
) -> None:
    (tmp_path / name).write_text(content)
    with pytest.raises(UnreadableLog) as raised:
        logs.read(str(tmp_path / name))
    assert says in str(raised.value) and name in str(raised.value)


@pytest.mark.parametrize(
    ("place", "says"),
    [
        ("nowhere.csv", "there is no nowhere.csv. Name a CSVLogger file"),
        ("http://host/1", "is not on this machine. Only local logs are read"),
        (".", "holds no log. Name a CSVLogger file"),
    ],
)
def test_a_place_without_a_log_says_what_can_be_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, place: str, says: str
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(UnreadableLog) as raised:
        logs.read(place)
    assert says in str(raised.value)


@given(st.binary(max_size=200))
def test_any_bytes_are_read_or_refused(
    tmp_path_factory: pytest.TempPathFactory, content: bytes
) -> None:
    file = tmp_path_factory.mktemp("log") / "log"
    file.write_bytes(content)
    try:
        run = logs.read(str(file))
    except UnreadableLog:
        return
    assert run.fits and keeping.conclude(run).diagnosis.not_asked
