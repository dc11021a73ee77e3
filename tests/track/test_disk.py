import json
import math
import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from convalesce.track import disk


def test_a_file_is_replaced_whole_and_nothing_is_left_beside_it(tmp_path: Path) -> None:
    path = tmp_path / "run.json"
    disk.write(path, b"one")
    disk.write(path, b"two")
    assert path.read_bytes() == b"two"
    assert [p.name for p in tmp_path.iterdir()] == ["run.json"]


def test_a_write_that_fails_leaves_the_old_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "run.json"
    disk.write(path, b"one")

    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space left"):
        disk.write(path, b"two")
    assert path.read_bytes() == b"one"
    assert [p.name for p in tmp_path.iterdir()] == ["run.json"]


def test_what_json_cannot_say_is_null(tmp_path: Path) -> None:
    disk.write_json(tmp_path / "a.json", {"loss": math.nan, "all": [math.inf, 1.5], "s": "\ud800"})
    assert disk.read_json(tmp_path / "a.json") == {"loss": None, "all": [None, 1.5], "s": "?"}


def test_a_file_that_holds_no_object_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a.json").write_text("[1]")
    with pytest.raises(ValueError, match="holds no JSON object"):
        disk.read_json(tmp_path / "a.json")


@given(st.lists(st.dictionaries(st.text(), st.integers() | st.text())), st.data())
def test_lines_that_were_cut_short_anywhere_are_read_up_to_there(
    tmp_path_factory: pytest.TempPathFactory, rows: list[dict[str, object]], data: st.DataObject
) -> None:
    path = tmp_path_factory.mktemp("lines") / "live.jsonl"
    lines = disk.Lines(path)
    for row in rows:
        lines.add(row)
    lines.close()
    whole = path.read_bytes()
    cut = data.draw(st.integers(0, len(whole)))
    path.write_bytes(whole[:cut])
    read = disk.read_lines(path)
    complete = whole[:cut].count(b"\n")
    assert read[:complete] == [json.loads(json.dumps(disk.plain(r))) for r in rows[:complete]]
    assert len(read) <= complete + 1


def test_no_file_has_no_lines(tmp_path: Path) -> None:
    assert disk.read_lines(tmp_path / "none.jsonl") == []
