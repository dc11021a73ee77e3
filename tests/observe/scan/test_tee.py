"""Training with batches that are looked at equals training without."""

from __future__ import annotations

import random
from collections.abc import Iterator
from typing import Any

import keras
import numpy as np
import pytest

from convalesce.observe.scan import Tee

RNG = np.random.default_rng(0)
X = RNG.random((300, 4, 4, 1)).astype(np.float32)
Y = RNG.integers(0, 3, 300)


class Batches(keras.utils.PyDataset):
    """Deals its rows anew at the end of each epoch, and notes what is asked of it."""

    def __init__(self, **settings: Any) -> None:
        super().__init__(**settings)
        self.asked: list[int] = []
        self.order = np.arange(300)
        self.ended = 0

    def __len__(self) -> int:
        return 10

    def __getitem__(self, index: int) -> tuple[Any, Any]:
        self.asked.append(index)
        rows = self.order[index * 30 : index * 30 + 30]
        return X[rows], Y[rows]

    def on_epoch_end(self) -> None:
        self.ended += 1
        np.random.default_rng(self.ended).shuffle(self.order)


def _generator() -> Iterator[tuple[Any, Any]]:
    at = 0
    while True:
        yield X[at : at + 30], Y[at : at + 30]
        at = (at + 30) % 300


def _fit(data: Any, handed: Any, *, built: bool, steps: int | None = None) -> tuple[Any, ...]:
    keras.utils.set_random_seed(3)
    first = [keras.Input((4, 4, 1))] if built else []
    layers = [keras.layers.Flatten(), keras.layers.Dropout(0.2), keras.layers.Dense(3, "softmax")]
    model = keras.Sequential([*first, *layers])
    model.compile("adam", "sparse_categorical_crossentropy")
    history = model.fit(
        handed, epochs=2, verbose=0, steps_per_epoch=steps, shuffle=isinstance(data, Batches)
    ).history
    weights = [w.tobytes() for w in model.get_weights()]
    return weights, history, random.random(), np.random.random()  # noqa: NPY002, S311  # the user's state


@pytest.mark.parametrize("built", [True, False])
@pytest.mark.parametrize("workers", [1, 3])
def test_a_pydataset_trains_the_same_and_is_seen_once(workers: int, built: bool) -> None:  # noqa: FBT001
    plain, seen = Batches(workers=workers), Batches(workers=workers)
    tee = Tee(seen, "train")
    assert isinstance(tee.handed, Batches) and tee.active
    assert _fit(seen, tee.handed, built=built) == _fit(plain, plain, built=built)
    assert sorted(seen.asked) == sorted(plain.asked) and seen.ended == plain.ended
    split = tee.scan().split
    assert (split.source, split.examples, split.whole) == ("PyDataset", 300, True)
    assert split.inputs[0].mean[0] == pytest.approx(X.mean(), rel=1e-5)
    assert split.targets[0].counts == tuple(np.bincount(Y))
    assert split.duplicates.exact == 0
    assert len(tee.kept) == 10 and len(tee.kept[0]) == 3


def test_a_generator_trains_the_same() -> None:
    plain, seen = _generator(), _generator()
    tee = Tee(seen, "train")
    one = _fit(seen, tee.handed, built=True, steps=10)
    assert one == _fit(plain, plain, built=True, steps=10)
    split = tee.scan().split
    assert split.source == "generator" and split.examples is None and not split.whole
    assert split.scanned >= 300 and split.duplicates.compared == 0


def test_batches_after_the_first_epoch_are_not_looked_at() -> None:
    tee = Tee(_generator(), "train")
    for _ in range(4):
        next(tee.handed)
    tee.stop()
    next(tee.handed)
    assert tee.scan().split.scanned == 120


def test_the_users_exception_comes_through() -> None:
    def broken() -> Iterator[Any]:
        yield X[:3], Y[:3]
        raise OSError("no more files")

    tee = Tee(broken(), "train")
    next(tee.handed)
    with pytest.raises(OSError, match="no more files"):
        next(tee.handed)
    assert tee.scan().split.scanned == 3


def test_batches_that_cannot_be_read_pass_unchanged_and_are_said() -> None:
    odd = [(X[:3], Y[:2]), ([[1], [2, 3]], Y[:2]), "text"]
    tee = Tee((b for b in odd), "train")
    assert list(tee.handed) == odd
    assert "could not be scanned further" in tee.scan().split.remarks[0]


def test_kept_batches_are_copies() -> None:
    def reusing() -> Iterator[Any]:
        buffer = np.zeros((4, 2), np.float32)
        for value in range(3):
            buffer[:] = value
            yield buffer, np.arange(4) % 2

    tee = Tee(reusing(), "train")
    list(tee.handed)
    assert [float(x[0, 0]) for x, _, _ in tee.kept] == [0, 1, 2]


def test_other_data_are_handed_on_as_they_are() -> None:
    for data in (X, {"a": X}, [X, X], None, keras.ops.convert_to_tensor(X)):
        tee = Tee(data, "train")
        assert tee.handed is data and not tee.active


def test_workers_in_other_processes_are_left_alone() -> None:
    data = Batches(workers=2, use_multiprocessing=True)
    tee = Tee(data, "train")
    assert tee.handed is data
    assert "other processes" in tee.scan().split.remarks[0]


def test_a_shared_pydataset_is_cleaned_up_once() -> None:
    closed = []

    class Closing(Batches):
        def __del__(self) -> None:
            closed.append(1)

    data = Closing()
    tee = Tee(data, "train")
    tee.handed.extra = 5
    assert data.extra == 5
    del tee
    assert closed == []
