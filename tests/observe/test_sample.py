"""What reading a data set once more would change, and which of its steps draw at random."""

from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf

from convalesce.observe.sample import drawn_anew, draws, why_not_yet

DATA = tf.data.Dataset.from_tensor_slices((np.zeros((8, 2), "float32"), np.arange(8)))


def shaken(x: Any, y: Any) -> Any:
    return x + tf.random.normal([2]), y


def seeded(x: Any, y: Any) -> Any:
    return x + tf.random.stateless_normal([2], tf.stack([1, tf.cast(y, tf.int32)])), y


@pytest.mark.parametrize("data", [DATA.map(shaken).batch(4), DATA.map(seeded).batch(4).prefetch(1)])
def test_a_step_that_draws_is_seen(data: Any) -> None:
    assert draws(data)


@pytest.mark.parametrize(
    "data", [DATA.batch(4), DATA.shuffle(8).map(lambda x, y: (x / 2, y)), np.zeros(3), None]
)
def test_an_order_is_no_draw_of_the_examples(data: Any) -> None:
    assert not draws(data)


@pytest.mark.parametrize(
    ("data", "step"),
    [
        (DATA.shuffle(8).batch(4), "a Shuffle step"),
        (DATA.map(shaken).batch(4), "RandomStandardNormal in a Map step"),
        (DATA.batch(4).prefetch(1), ""),
        (np.zeros(3), ""),
    ],
)
def test_what_speaks_against_reading_it_yet(data: Any, step: str) -> None:
    said = why_not_yet(data)
    assert step in said and bool(said) == bool(step)


class Shaken(keras.utils.PyDataset):  # type: ignore[misc]  # Keras ships no types
    """Moves its examples by chance, or only brings them into another order after an epoch."""

    def __init__(self, by: float) -> None:
        super().__init__()
        self.by, self.chance = by, np.random.default_rng(0)

    def __len__(self) -> int:
        return 2

    def __getitem__(self, index: int) -> Any:
        x = np.full((4, 2), index) + self.by * self.chance.normal(size=(4, 2))
        return x, np.arange(4)


class Unlabelled(Shaken):
    def __getitem__(self, index: int) -> Any:
        return super().__getitem__(index)[0]


def test_a_dataset_that_gives_other_inputs_when_asked_again_draws_them() -> None:
    assert drawn_anew(Shaken(0.1))
    assert not drawn_anew(Shaken(0.0))
    assert not drawn_anew(Unlabelled(0.1))
