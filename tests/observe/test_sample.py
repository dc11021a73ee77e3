"""What reading a data set once more would change, and which of its steps draw at random."""

from typing import Any

import numpy as np
import pytest
import tensorflow as tf

from convalesce.observe.sample import draws, why_not_yet

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
