"""Against real tf.data pipelines, which are never run."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import tensorflow as tf

from convalesce.observe.scan import compare, scan

RNG = np.random.default_rng(0)
X = RNG.random((300, 8, 8, 1)).astype(np.float32)
Y = RNG.integers(0, 3, 300)
Dataset = tf.data.Dataset
SLICES = Dataset.from_tensor_slices((X, Y))


@pytest.mark.parametrize(
    "dataset",
    [
        SLICES.batch(32),
        SLICES.batch(32, num_parallel_calls=2).prefetch(1),
        SLICES.cache().repeat(3).batch(32).with_options(tf.data.Options()),
        Dataset.zip((Dataset.from_tensor_slices(X), Dataset.from_tensor_slices(Y))).batch(8),
        Dataset.from_tensors((X, Y)),
    ],
)
def test_the_source_is_scanned_whole(dataset: Any) -> None:
    split, plain = scan(dataset, role="train").split, scan(X, Y, role="train").split
    assert (split.source, split.examples, split.whole) == ("tf.data", 300, True)
    assert split.targets == plain.targets
    assert split.inputs == plain.inputs
    assert split.shuffled_by == "" and split.remarks == ()


def test_a_shuffle_is_measured_in_examples() -> None:
    before = scan(SLICES.shuffle(100).batch(32), role="train").split
    assert (before.shuffled_by, before.shuffle_buffer) == ("tf.data shuffle(100)", 100)
    behind = scan(SLICES.batch(32).shuffle(4), role="train").split
    assert behind.shuffle_buffer == 128
    assert "shuffles whole batches" in behind.remarks[0]


def test_take_and_skip_are_followed() -> None:
    train, other = (
        scan(d, role="train") for d in (SLICES.take(200).batch(9), SLICES.batch(10).skip(20))
    )
    assert (train.split.examples, other.split.examples) == (200, 100)
    assert compare(train, other).duplicates.exact == 0
    shard = scan(SLICES.shard(3, 1).batch(4), role="train").split
    assert shard.targets[0].mean == pytest.approx(Y[1::3].mean())


def test_a_split_behind_a_shuffle_that_deals_anew_leaks() -> None:
    mixed = SLICES.shuffle(300, seed=1)
    train, other = (scan(d.batch(9), role="train") for d in (mixed.take(200), mixed.skip(200)))
    assert compare(train, other).duplicates.exact == 300
    assert "deals anew in each epoch" in train.split.remarks[0]


def test_a_split_behind_a_fixed_shuffle_is_not_accused() -> None:
    mixed = SLICES.shuffle(300, seed=1, reshuffle_each_iteration=False)
    train, other = (scan(d.batch(9), role="train") for d in (mixed.take(200), mixed.skip(200)))
    assert compare(train, other).duplicates.compared == 0
    assert train.split.examples is None and "not known beforehand" in train.split.remarks[0]


def test_a_map_behind_the_source_is_said() -> None:
    split = scan(SLICES.map(lambda a, b: (a * 2, b)).batch(32), role="train").split
    assert split.scanned == 300 and split.remarks == ("Scanned at the source, before `map`.",)


def test_what_a_filter_leaves_is_not_known() -> None:
    split = scan(SLICES.filter(lambda a, b: b > 0).batch(32), role="train").split
    assert split.examples is None and not split.whole


def test_names_and_weights_are_kept() -> None:
    data = ({"b": X, "a": X[:, 0, :, 0]}, {"out": Y}, np.ones(300))
    split = scan(Dataset.from_tensor_slices(data).batch(8), role="train").split
    assert [i.name for i in split.inputs] == ["a", "b"] and split.targets[0].name == "out"
    assert split.weighted


@pytest.mark.parametrize(
    ("dataset", "says"),
    [
        (Dataset.range(10).batch(2), "begins with `Range`"),
        (
            Dataset.from_generator(
                lambda: iter([(0.0, 1)]), output_signature=(tf.TensorSpec(()), tf.TensorSpec(()))
            ).batch(2),
            "`FlatMap` can't be followed",
        ),
        (
            Dataset.zip((Dataset.from_tensor_slices(X).shuffle(9), Dataset.from_tensor_slices(Y))),
            "inputs and labels may no longer belong together",
        ),
    ],
)
def test_what_cannot_be_read_beforehand_is_said(dataset: Any, says: str) -> None:
    split = scan(dataset, role="train").split
    assert split.scanned == 0 and split.examples is None
    assert says in split.remarks[0]


def test_a_scan_does_not_advance_the_seeds() -> None:
    def order(*, scanned: bool) -> list[int]:
        tf.random.set_seed(7)
        dataset = Dataset.range(300).shuffle(300).batch(300)
        sliced = SLICES.shuffle(300).map(lambda a, b: (a, b)).batch(300)
        if scanned:
            scan(sliced, role="train")
        return [*next(iter(dataset)).numpy().tolist(), *next(iter(sliced))[1].numpy().tolist()]

    assert order(scanned=True) == order(scanned=False)
