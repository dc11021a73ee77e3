"""A change of the data as a mend of the files: their own rows are named, the copy is mended."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import numpy as np
import pytest

from convalesce import core
from convalesce.treat.files import Surroundings, repaired
from convalesce.treat.files.held import held

RNG = np.random.default_rng(0)


def around(folder: Path, *names: str) -> Surroundings:
    reads = []
    for name in names:
        found = (folder / name).stat()
        reads.append(core.ReadFile(path=name, size=found.st_size, changed_ns=found.st_mtime_ns))
    return Surroundings(here=folder, reads=tuple(reads))


def pasted(folder: Path, mend: core.FileMend, monkeypatch: pytest.MonkeyPatch) -> None:
    """Run the snippet as the user would: in the folder that the script was started in."""
    before = {p: p.read_bytes() for p in folder.iterdir()}
    monkeypatch.chdir(folder)
    exec(compile(mend.snippet, "<snippet>", "exec"), {})  # noqa: S102 - what we hand out
    assert all(p.read_bytes() == data for p, data in before.items())


def splits(folder: Path) -> dict[str, np.ndarray]:
    arrays = {
        "x_train": RNG.normal(size=(60, 4, 2)).astype("float32"),
        "y_train": RNG.integers(0, 3, 60),
        "x_val": RNG.normal(size=(60, 4, 2)).astype("float32"),
        "y_val": RNG.integers(0, 3, 60),
    }
    np.savez(folder / "d.npz", **arrays)
    return arrays


def test_rows_without_a_number_are_named_and_left_out_of_the_copy(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    arrays = splits(tmp_path)
    arrays["x_train"][[7, 30]] = np.nan
    arrays["x_val"][3] = np.nan
    np.savez(tmp_path / "d.npz", **arrays)
    (mend,) = repaired((core.DropNonfinite(),), (), around(tmp_path, "d.npz"))
    assert (mend.path, mend.rows, mend.count) == ("d.npz", (7, 30), 2)
    assert "`x_train`" in mend.says
    pasted(tmp_path, mend, monkeypatch)
    with np.load(tmp_path / "d-mended.npz") as found:
        keep = np.delete(np.arange(60), [7, 30])
        assert np.array_equal(found["x_train"], arrays["x_train"][keep])
        assert np.array_equal(found["y_train"], arrays["y_train"][keep])
        assert np.array_equal(found["x_val"], arrays["x_val"], equal_nan=True)


def test_rows_that_another_split_holds_too_are_left_out_of_training(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    arrays = splits(tmp_path)
    arrays["x_train"][10:15] = arrays["x_val"][:5]
    np.savez(tmp_path / "d.npz", **arrays)
    (mend,) = repaired((core.Deduplicate(),), (), around(tmp_path, "d.npz"))
    assert mend.rows == (10, 11, 12, 13, 14) and "`x_val`" in mend.says
    pasted(tmp_path, mend, monkeypatch)
    with np.load(tmp_path / "d-mended.npz") as found:
        assert np.array_equal(found["x_train"], np.delete(arrays["x_train"], range(10, 15), 0))
        assert len(found["y_train"]) == 55 and len(found["x_val"]) == 60


def test_copies_across_files_are_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    train, val = RNG.normal(size=(20, 3)), RNG.normal(size=(10, 3))
    train[4] = val[2]
    np.save(tmp_path / "train.npy", train)
    np.save(tmp_path / "val.npy", val)
    (mend,) = repaired((core.Deduplicate(),), (), around(tmp_path, "train.npy", "val.npy"))
    assert mend.path == "train.npy" and mend.rows == (4,)
    pasted(tmp_path, mend, monkeypatch)
    assert np.array_equal(np.load(tmp_path / "train-mended.npy"), np.delete(train, 4, 0))


def test_rows_that_repeat_before_a_split_are_kept_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    x = RNG.normal(size=(20, 3))
    x[15] = x[2]
    np.savez(tmp_path / "d.npz", x=x, y=np.arange(20))
    (mend,) = repaired((core.Deduplicate(),), (), around(tmp_path, "d.npz"))
    assert mend.rows == (15,)
    pasted(tmp_path, mend, monkeypatch)
    with np.load(tmp_path / "d-mended.npz") as found:
        assert found["y"].tolist() == [i for i in range(20) if i != 15]


def test_ordered_rows_are_written_in_another_order_all_alike(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    y = np.repeat([0, 1, 2], 30)
    np.savez(tmp_path / "calls.npz", sound=np.arange(90.0), species=y)
    (mend,) = repaired((core.Shuffle(),), (), around(tmp_path, "calls.npz"))
    assert "`species`" in mend.says and not mend.rows
    pasted(tmp_path, mend, monkeypatch)
    with np.load(tmp_path / "calls-mended.npz") as found:
        assert np.array_equal(y[found["sound"].astype(int)], found["species"])
        assert np.mean(found["species"][1:] == found["species"][:-1]) < 0.6


def test_shuffled_rows_are_not_called_ordered(tmp_path: Path) -> None:
    np.savez(tmp_path / "d.npz", x=RNG.normal(size=(90, 2)), y=RNG.permutation(90) % 3)
    assert repaired((core.Shuffle(),), (), around(tmp_path, "d.npz")) == ()


TABLE = "time,level,note\n0,1.5,a\n1,-999,b\n2,2.5,c\n3,-999.0,d\n4,,e\n5,1.0,f\n"


@pytest.mark.parametrize(
    ("change", "rows", "left"),
    [(core.DropRows(-999.0), (1, 3), "acef"), (core.DropNonfinite(), (4,), "abcdf")],
)
def test_rows_of_a_table_are_left_out_and_its_cells_stay_as_written(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    change: core.Change,
    rows: tuple[int, ...],
    left: str,
) -> None:
    (tmp_path / "tides.csv").write_text(TABLE)
    (mend,) = repaired((change,), (), around(tmp_path, "tides.csv"))
    assert mend.rows == rows and "`level`" in mend.says
    pasted(tmp_path, mend, monkeypatch)
    with (tmp_path / "tides-mended.csv").open(newline="") as file:
        head, *found = csv.reader(file)
    assert head == ["time", "level", "note"]
    assert "".join(row[2] for row in found) == left
    assert found[0] == ["0", "1.5", "a"]


def test_a_table_that_repeats_and_one_that_is_ordered(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lines = [f"{i},{i // 20}" for i in range(60)]
    (tmp_path / "train.tsv").write_text("\n".join(["x\ty", *lines]).replace(",", "\t") + "\n")
    (tmp_path / "val.tsv").write_text("x\ty\n3\t0\n99\t1\n")
    both = around(tmp_path, "train.tsv", "val.tsv")
    same, ordered = repaired((core.Deduplicate(), core.Shuffle()), (), both)
    assert same.rows == (3,) and same.path == ordered.path == "train.tsv"
    pasted(tmp_path, same, monkeypatch)
    found = (tmp_path / "train-mended.tsv").read_text().splitlines()
    assert len(found) == 60 and "3\t0" not in found
    (tmp_path / "train-mended.tsv").unlink()
    pasted(tmp_path, ordered, monkeypatch)
    again = (tmp_path / "train-mended.tsv").read_text().splitlines()
    assert again[0] == "x\ty" and sorted(again[1:]) == sorted(
        line.replace(",", "\t") for line in lines
    )
    assert again[1:] != [line.replace(",", "\t") for line in lines]


def test_splits_of_another_scale_are_said(tmp_path: Path) -> None:
    arrays = splits(tmp_path)
    arrays["x_val"] *= 255
    np.savez(tmp_path / "d.npz", **arrays)
    (mend,) = repaired((core.UnifyPreprocessing(),), (), around(tmp_path, "d.npz"))
    assert "`x_val` has mean" in mend.says and "`x_train`" in mend.says and not mend.snippet


def test_labels_that_no_file_shows_wrong_are_named_with_their_files(tmp_path: Path) -> None:
    for name in ("train.jsonl", "val.jsonl"):
        rows = [json.dumps({"x": [1, 2], "label": i % 2}) for i in range(5)]
        (tmp_path / name).write_text("\n".join(rows))
    change = core.RepairLabels("number the classes of both splits by one list")
    (mend,) = repaired((change,), (4, 9), around(tmp_path, "train.jsonl", "val.jsonl"))
    assert mend.path == "train.jsonl, val.jsonl" and mend.rows == (4, 9)
    assert "by one list" in mend.says


def test_changes_of_no_data_and_scripts_that_read_none_have_no_mend(tmp_path: Path) -> None:
    splits(tmp_path)
    assert repaired((core.SetLearningRate(0.1),), (), around(tmp_path, "d.npz")) == ()
    assert repaired((core.DropNonfinite(), core.Resplit()), (), Surroundings(here=tmp_path)) == ()


def test_what_is_no_data_file_holds_nothing() -> None:
    assert held("a.npz", b"no zip") is None
    assert held("a.csv", b"a,b\n1\n") is None
    assert held("a.jsonl", b"[1]\n[2]") is None
    assert held("a.txt", b"1,2\n3,4\n") is None
    plain = held("a.csv", b"1,2\n3,4\n")
    assert plain is not None and not plain.headed and plain.arrays["1"].tolist() == [2.0, 4.0]


@pytest.mark.parametrize("by", [2, -1])
def test_labels_that_slipped_go_back_to_their_rows_in_the_copy(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, by: int
) -> None:
    arrays = splits(tmp_path)
    (mend,) = repaired((core.ShiftLabels(by, 20, 60),), (), around(tmp_path, "d.npz"))
    assert mend.count == 40 and "`y_train` against `x_train`" in mend.says
    pasted(tmp_path, mend, monkeypatch)
    first, last = np.s_[20 : 20 + abs(by)], np.s_[60 - abs(by) : 60]
    of_x, of_y = (last, first) if by > 0 else (first, last)
    with np.load(tmp_path / "d-mended.npz") as found:
        assert np.array_equal(found["x_train"], np.delete(arrays["x_train"], of_x, axis=0))
        assert np.array_equal(found["y_train"], np.delete(arrays["y_train"], of_y, axis=0))
        assert np.array_equal(found["y_val"], arrays["y_val"])


def test_a_stretch_is_left_out_of_the_copy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    arrays = splits(tmp_path)
    (mend,) = repaired((core.LeaveOut(5, 25),), (), around(tmp_path, "d.npz"))
    pasted(tmp_path, mend, monkeypatch)
    with np.load(tmp_path / "d-mended.npz") as found:
        for name in ("x_train", "y_train"):
            assert np.array_equal(found[name], np.delete(arrays[name], np.s_[5:25], axis=0))
        assert len(found["y_val"]) == 60


def test_a_stretch_that_no_file_can_hold_is_named_without_a_snippet(tmp_path: Path) -> None:
    splits(tmp_path)
    (mend,) = repaired((core.LeaveOut(5, 61),), (), around(tmp_path, "d.npz"))
    assert mend.path == "d.npz" and not mend.snippet
