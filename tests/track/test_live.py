import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from convalesce import core
from convalesce.core.codec import decode
from convalesce.track import disk, live
from convalesce.track.live import Allowance, Live
from tests.track.runs import began, fit, told


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """A clock that stands still; its only entry is the time."""
    now = [100.0]
    monkeypatch.setattr(live.time, "perf_counter", lambda: now[0])
    return now


def test_work_is_done_as_often_as_its_share_of_the_time_allows(clock: list[float]) -> None:
    allowance = Allowance(share=0.01, head_start=0.1)
    done = 0
    for _ in range(1000):
        clock[0] += 1.0
        if allowance.due:
            done += 1
            with allowance.spending():
                clock[0] += 0.5
    assert done * 0.5 <= 0.01 * (clock[0] - 100.0) + 0.1
    assert done >= 18


def test_work_that_costs_nothing_is_always_due(clock: list[float]) -> None:
    allowance = Allowance(share=0.0, head_start=0.0)
    assert allowance.due
    with allowance.spending():
        pass
    assert allowance.due


def test_each_epoch_is_a_line_on_the_disk_at_once(tmp_path: Path) -> None:
    made = began(tmp_path)
    told(made, (0.9, float("nan")))
    lines = disk.read_lines(made.live)
    assert [line["event"] for line in lines] == ["fit", "epoch", "epoch"]
    assert lines[1]["metrics"]["loss"] == 0.9 and lines[2]["metrics"]["loss"] is None
    assert "so_far" not in lines[0]


def test_the_record_so_far_lies_beside_the_lines(tmp_path: Path) -> None:
    made = began(tmp_path)
    told(made)
    (part,) = made.parts()
    assert core.SETUP in decode(part.read_bytes()).fits[0].signals


def test_no_record_is_asked_for_where_time_does_not_allow_it(
    tmp_path: Path, clock: list[float]
) -> None:
    made, asked = began(tmp_path), []
    writer = Live(made)

    def slow() -> core.Fit:
        asked.append(1)
        clock[0] += 10.0
        return fit()

    for epoch in range(50):
        clock[0] += 1.0
        writer({"event": "epoch", "fit": 0, "epoch": epoch, "metrics": {}, "so_far": slow})
    assert len(asked) == 1 and len(disk.read_lines(made.live)) == 50


def test_each_finding_is_written_once(tmp_path: Path, clock: list[float]) -> None:
    def judge(_: core.Fit) -> list[Mapping[str, Any]]:
        return [{"fit": 0, "cause": "hp.lr_high"}, {"fit": 0, "cause": "data.nonfinite"}]

    made = began(tmp_path)
    writer = Live(made, judge)
    clock[0] += 1000.0
    for epoch in range(3):
        writer({"event": "epoch", "fit": 0, "epoch": epoch, "metrics": {}, "so_far": fit})
    found = [x["cause"] for x in disk.read_lines(made.live) if x["event"] == "finding"]
    assert found == ["hp.lr_high", "data.nonfinite"]


def test_no_finding_is_looked_for_in_the_first_minutes(tmp_path: Path, clock: list[float]) -> None:
    def judge(_: core.Fit) -> list[Mapping[str, Any]]:
        raise AssertionError

    writer = Live(began(tmp_path), judge)
    clock[0] += 100.0
    writer({"event": "epoch", "fit": 0, "epoch": 0, "metrics": {}, "so_far": fit})


def test_a_fork_of_the_script_does_not_write_into_its_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = began(tmp_path)
    writer = Live(made)
    monkeypatch.setattr(os, "getpid", lambda: -1)
    writer({"event": "fit", "fit": 0, "so_far": fit})
    assert disk.read_lines(made.live) == []


def test_a_disk_that_fails_is_said_once_and_tried_no_more(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    writer, tried = Live(began(tmp_path)), []

    def full(*_: Any) -> int:
        tried.append(1)
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "write", full)
    with pytest.raises(OSError, match="No space left"):
        writer({"event": "fit", "fit": 0, "so_far": fit})
    writer({"event": "fit", "fit": 1, "so_far": fit})
    assert len(tried) == 1
