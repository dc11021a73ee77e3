"""How long the trainings of a learning curve are."""

import math

import pytest

pytest.importorskip("keras")

from convalesce import core
from convalesce.lab import asking
from tests.lab.test_bench import X, Y, net, pytestmark, trained

__all__ = ["pytestmark"]


def test_they_are_as_long_as_the_observed_one() -> None:
    lab, course = trained(net(), {"epochs": 40, "batch_size": 8, "validation_data": (X, Y)})
    made = course.fits[0].signals[core.HISTORY].steps
    assert made == 40 * 12
    with lab.open():
        found = asking.learning_curve(lab, 0)
    assert (found.steps, found.whole) == (made, made)


@pytest.mark.parametrize(
    ("seconds", "steps"), [(math.inf, 1000), (60.0, 1000), (30.0, 500), (6.0, 100)]
)
def test_they_are_cut_to_the_time_there_is(seconds: float, steps: int) -> None:
    assert asking.length(1000, seconds, 0.06) == steps


def test_too_few_updates_are_none() -> None:
    with pytest.raises(core.OutOfTime, match="time for 50 updates of each training; 100 of the 10"):
        asking.length(1000, 3.0, 0.06)
    assert asking.length(40, 100.0, 0.06) == 40
