import keras
import numpy as np
import pytest

from convalesce.lab.instruments.range_test import confirm, range_test
from tests.lab.instruments.nets import convolution, fingerprint, images


def test_the_losses_are_those_of_a_plain_loop_with_rising_rates() -> None:
    rows = images(16)
    found = range_test(
        convolution(keras.optimizers.SGD(0.1), dropout=0.0), rows, updates=12, between=(1e-4, 1e-1)
    )
    model = convolution(keras.optimizers.SGD(0.1), dropout=0.0)
    for rate, loss in zip(np.geomspace(1e-4, 1e-1, 12), found.losses, strict=True):
        model.optimizer.learning_rate = rate
        assert loss == pytest.approx(model.train_on_batch(rows.x, rows.y)[0], rel=1e-4)


def test_candidates_are_rates_at_which_this_net_learns_and_say_that_they_are_not_confirmed() -> (
    None
):
    found = range_test(convolution(keras.optimizers.SGD(0.1), dropout=0.0), images(), updates=100)
    assert 1e-3 < found.figure.value < 3 and len(found.candidates) == 3
    assert "none is confirmed" in found.says


def test_confirming_prefers_a_rate_that_learns_to_one_that_hardly_moves() -> None:
    found = confirm(
        convolution(keras.optimizers.SGD(1e-5), dropout=0.0), images(), [0.1, 1e-4], steps=25
    )
    assert found.figure.value == pytest.approx(0.1) and found.better
    assert np.array(found.losses).shape == (3, 3)
    assert "better than the rate in force, 1e-05" in found.says


def test_a_rate_that_diverges_is_never_confirmed() -> None:
    found = confirm(
        convolution(keras.optimizers.SGD(1e12), dropout=0.0), images(), [1e13], steps=15, seeds=2
    )
    assert np.isinf(found.losses).all() or found.figure.value > 0
    if np.isinf(found.losses).all():
        assert "diverged at every rate" in found.says


def test_a_schedule_is_taken_off_for_the_test_and_stands_afterwards() -> None:
    schedule = keras.optimizers.schedules.ExponentialDecay(0.1, 10, 0.9)
    model = convolution(keras.optimizers.SGD(schedule, momentum=0.9), dropout=0.0)
    rows = images()
    model.train_on_batch(rows.x[:16], rows.y[:16])
    before = fingerprint(model)
    found = range_test(model, rows, updates=20)
    assert len(found.losses) == 20
    assert fingerprint(model) == before
    assert model.optimizer._learning_rate is schedule
