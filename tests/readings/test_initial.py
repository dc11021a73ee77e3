import math

import numpy as np
import pytest

from convalesce.readings.initial import expected_loss


def test_one_of_many_starts_at_the_logarithm_of_the_classes() -> None:
    loss = expected_loss("sparse_categorical_crossentropy", np.arange(10), classes=10)
    assert loss == pytest.approx(math.log(10))


def test_numbers_start_at_their_variance_about_the_output_s_middle() -> None:
    targets = np.array([-1.0, 1.0, 3.0, 1.0])
    assert expected_loss("mean_squared_error", targets - targets.mean()) == targets.var()
    assert expected_loss("mean_squared_error", targets) == targets.var() + 1


def test_an_unknown_loss_is_not_guessed() -> None:
    assert math.isnan(expected_loss("my_loss", np.ones(3), classes=3))
    assert math.isnan(expected_loss("mean_squared_error", np.zeros(0)))
