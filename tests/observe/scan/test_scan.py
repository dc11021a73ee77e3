"""What comes in: structures, sizes, and things that are no data."""

from __future__ import annotations

import itertools
import random
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from convalesce.core import (
    Fit,
    Run,
    codec,
    record,
)
from convalesce.core.catalogue import ACROSS, TRAIN
from convalesce.observe.scan import Hints, compare, from_batches, passing, reading, scan

RNG = np.random.default_rng(0)
X = RNG.random((300, 8, 8, 1)).astype(np.float32)
Y = RNG.integers(0, 3, 300)


def test_inputs_and_targets_keep_their_names_in_the_order_of_keras() -> None:
    split = scan({"b": X, "a": X[:, 0, :, 0]}, {"out": Y}, role="train").split
    assert [i.name for i in split.inputs] == ["a", "b"]
    assert [t.name for t in split.targets] == ["out"]
    split = scan([X, (X, Y)], [Y, X], role="train").split
    assert [i.name for i in split.inputs] == ["input_0", "input_1", "input_2"]
    assert [t.form for t in split.targets] == ["class_index", "reconstruction"]


def test_rows_that_hold_nan_are_named_and_shown() -> None:
    x = X.copy()
    x[17, 2, 3] = np.nan
    x[40] = np.inf
    split = scan(x, Y, role="train").split
    found = split.inputs[0]
    assert (found.nonfinite, found.nonfinite_rows) == (65, 2)
    assert found.nonfinite_examples == (17, 40)
    shown = [s for s in split.samples if s.why == "nonfinite"]
    assert [s.row for s in shown] == [17, 40]
    assert all(s.pixels is not None and s.pixels.shape == (8, 8, 1) for s in shown)


@pytest.mark.parametrize("shape", [(200, 100, 3), (70, 130, 1), (64, 64, 4), (300, 8, 2)])
def test_samples_are_small_pictures(shape: tuple[int, ...]) -> None:
    x = RNG.integers(0, 256, (60, *shape), dtype=np.uint8)
    samples = scan(x, Y[:60], role="train").split.samples
    assert 0 < len(samples) <= 48
    for sample in samples:
        assert sample.pixels is not None and sample.pixels.dtype == np.uint8
        assert max(sample.pixels.shape[:2]) <= 64 and sample.pixels.shape[2] in {1, 3}


def test_a_memory_map_is_read_in_chunks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading, "CHUNK", 4000)
    np.save(tmp_path / "x.npy", X)
    split = scan(np.load(tmp_path / "x.npy", mmap_mode="r"), Y, role="train").split
    assert (split.source, split.whole, split.scanned) == ("memmap", True, 300)
    assert split.inputs[0].mean[0] == pytest.approx(X.mean(), rel=1e-5)


def test_hdf5_is_read_in_chunks(tmp_path: Path) -> None:
    h5py = pytest.importorskip("h5py")
    with h5py.File(tmp_path / "x.h5", "w") as file:
        split = scan(file.create_dataset("x", data=X), Y, role="train").split
    assert (split.source, split.scanned) == ("memmap", 300)


def test_when_the_time_is_over_the_targets_are_still_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading, "CHUNK", 25600)
    clock = itertools.count(0, 10)
    monkeypatch.setattr(reading, "time", SimpleNamespace(monotonic=lambda: float(next(clock))))
    split = scan(X, np.sort(Y), role="train").split
    assert not split.whole and 0 < split.scanned < 300
    assert sum(split.targets[0].counts) == 300
    assert "The inputs were read for 20 seconds" in split.remarks[0]


@pytest.mark.parametrize(
    ("x", "y", "says"),
    [
        (X[:1], Y[:1], "There is one example only"),
        (X[:0], Y[:0], "There is not one example: check where"),
        (None, None, "There is not one example: check where"),
        ([[1, 2], [3]], [0, 1], "is no regular array"),
        (X, Y[:200], "`input_0` has 300, `target_0` has 200"),
        (np.array(["a", "b"] * 9), Y[:18], "are no numbers"),
        (np.array([{"a": 1}, [2]], object), Y[:2], "are no numbers"),
    ],
)
def test_unusual_input_is_said_and_does_not_raise(x: Any, y: Any, says: str) -> None:
    split = scan(x, y, role="train").split
    assert says in " ".join(split.remarks)


@pytest.mark.parametrize(
    ("x", "y"),
    [
        (X[:1], Y[:1]),
        (X, None),
        (X, np.zeros(300)),
        (X * np.nan, Y),
        (X * 1e30, Y * 1e30),
        (np.float32(3), 1),
        (RNG.random((30, 3)) + 1j, Y[:30]),
        (np.array(["2020-01-01"] * 5, "datetime64[D]"), Y[:5]),
        (np.zeros((5, 0)), Y[:5]),
        (X, np.array([None] * 300)),
        (X.astype(">f4"), Y.astype(">i4")),
        (X[::-1, ::-1], Y[::-1]),
    ],
)
def test_odd_arrays_are_scanned_against_each_other_and_stored(x: Any, y: Any) -> None:
    one, two = scan(x, y, role="train"), scan(X, Y, role="validation")
    for pair in ((one, two), (two, one), (one, one)):
        signals = record({TRAIN: pair[0].split, ACROSS: compare(*pair)})
        written = codec.encode(Run(script="x.py", fits=(Fit(index=0, signals=signals),)))
        (read,) = codec.decode(written).fits
        assert read.signals[TRAIN].scanned == pair[0].split.scanned


def test_an_object_that_raises_is_said() -> None:
    class Broken:
        shape, dtype = (5, 2), np.dtype("f4")

        def __array__(self, *_: Any, **__: Any) -> Any:
            raise OSError("the disk is gone")

    split = scan(Broken(), role="train").split
    assert split.remarks == ("The data could not be scanned: the disk is gone.",)


def test_a_part_that_fails_leaves_the_rest(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: Any) -> None:
        raise RuntimeError("no")

    monkeypatch.setattr(passing, "telltale", fail)
    split = scan(X, Y, role="train").split
    assert split.inputs[0].kind == "image" and split.neighbours is None
    assert split.remarks == ("The scan could not look at labels of neighbours: no.",)


def test_batches_give_the_same_figures_as_the_whole_array() -> None:
    batches = [(X[i : i + 32], Y[i : i + 32], None) for i in range(0, 300, 32)]
    one = from_batches(batches, role="train", source="other", examples=300).split
    two = scan(X, Y, role="train").split
    assert one.whole and one.targets == two.targets
    assert one.inputs[0].mean == pytest.approx(two.inputs[0].mean, rel=1e-5)
    assert one.neighbours is not None and two.neighbours is not None
    assert one.neighbours.agreement == two.neighbours.agreement


def test_batches_of_varying_length_are_counted_but_not_compared() -> None:
    batches = [(RNG.integers(1, 50, (8, n)), np.zeros(8), None) for n in (5, 9, 12)]
    split = from_batches(
        batches, role="train", source="other", remark="As fed.", hints=Hints(layers=("Embedding",))
    ).split
    assert split.inputs[0].shape == (None,) and split.inputs[0].vocabulary is not None
    assert "varies" in " ".join(split.remarks) and "As fed." in split.remarks


def test_no_one_elses_random_numbers_move() -> None:
    random.seed(1)
    np.random.seed(1)  # noqa: NPY002  # the user's state is what is tested
    before = random.getstate(), np.random.get_state()[1].tolist()  # noqa: NPY002
    compare(scan(X, Y, role="train"), scan(X, Y, role="validation"))
    assert random.getstate() == before[0]
    assert np.random.get_state()[1].tolist() == before[1]  # noqa: NPY002


def test_the_data_are_left_as_they_are() -> None:
    x, y = X.copy(), Y.astype(np.float64)
    x[0, 0] = np.nan
    kept = x.copy(), y.copy()
    scan(x, y, role="train")
    np.testing.assert_array_equal(x, kept[0])
    np.testing.assert_array_equal(y, kept[1])
