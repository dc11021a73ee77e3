"""Pictures that are others, moved: found exactly, and nothing else is."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from convalesce.observe.scan.moved import moved


def noise(count: int, seed: int, *shape: int) -> Any:
    return np.random.default_rng(seed).normal(size=(count, *shape)).astype(np.float32)


@pytest.mark.parametrize(
    "move",
    [
        lambda x: np.roll(x, (1, -2), (1, 2)),
        lambda x: np.pad(x, ((0, 0), (2, 2), (2, 2), (0, 0)))[:, 0:16, 3:19],
        lambda x: x[:, :, ::-1],
        lambda x: x[:, ::-1],
        lambda x: np.rot90(x, 1, (1, 2)),
        lambda x: np.rot90(x, 2, (1, 2)),
    ],
)
def test_a_picture_is_known_again_however_it_was_moved(move: Any) -> None:
    train, others = noise(60, 0, 16, 16, 3), noise(30, 1, 16, 16, 3)
    mixed = np.concatenate([others, move(train)[7:27]])
    found = moved(train, mixed)
    assert (found.found, found.of) == (20, 50)
    assert found.pairs == tuple((7 + i, 30 + i) for i in range(20))


def test_others_and_plain_copies_are_not_moved() -> None:
    train = noise(60, 0, 14, 16)
    assert moved(train, noise(60, 1, 14, 16)).found == 0
    assert moved(train, train[:9]).found == 0


def test_pictures_of_few_values_may_be_drawn_twice_and_tell_nothing() -> None:
    drawn = np.zeros((20, 16, 16), np.float32)
    drawn[:, 5:9, 5:9] = 1
    found = moved(drawn, np.roll(drawn, 1, 1))
    assert (found.found, found.of) == (0, 0)


def test_small_pictures_and_other_sizes_are_not_compared() -> None:
    assert moved(noise(9, 0, 8, 8), noise(9, 0, 8, 8)).of == 0
    assert moved(noise(9, 0, 16, 16), noise(9, 0, 16, 18)).of == 0
