import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from convalesce.readings.power_law import factor_for, power_law

SIZES = np.repeat([100, 200, 400], 2)


@given(scale=st.floats(0.5, 50), exponent=st.floats(0.05, 1.0))
@settings(max_examples=50, deadline=None)
def test_an_exact_power_law_is_found_again(scale: float, exponent: float) -> None:
    law = power_law(SIZES, scale * SIZES**-exponent)
    assert law.exponent.value == pytest.approx(exponent, rel=1e-6)
    assert law.scale == pytest.approx(scale, rel=1e-5) and law.floor == 0
    assert law.doubled.value == pytest.approx(1 - 2**-exponent, rel=1e-6)
    needed = factor_for(0.1, law, 400)
    reached = scale * (400 * needed) ** -exponent
    assert reached == pytest.approx(0.9 * scale * 400**-exponent, rel=1e-6)


def test_what_twice_the_data_bring_lies_in_the_interval_about_as_often_as_it_says() -> None:
    rng = np.random.default_rng(0)
    truth = 1 - 2**-0.3
    held = 0
    for _ in range(200):
        losses = 3 * SIZES**-0.3 * np.exp(0.03 * rng.standard_normal(6))
        doubled = power_law(SIZES, losses).doubled
        held += doubled.low <= truth <= doubled.high
    assert held >= 186


def test_a_floor_that_the_losses_show_is_found_and_lowers_the_hope() -> None:
    sizes = np.array([100, 200, 400, 800, 1600, 3200])
    losses = 0.5 + 20 * sizes**-0.8
    law = power_law(sizes, losses)
    truth = 20 * (3200**-0.8 - 6400**-0.8) / losses[-1]
    assert law.floor == pytest.approx(0.5, rel=0.05)
    assert law.doubled.value == pytest.approx(truth, rel=0.15)
    assert law.doubled.low <= truth <= law.doubled.high
    assert math.isinf(factor_for(0.3, law, 3200))


def test_a_curve_that_is_flat_or_rises_promises_nothing() -> None:
    law = power_law(SIZES, np.array([1.0, 1.02, 1.01, 0.99, 1.0, 1.02]))
    assert law.doubled.low < 0 < law.doubled.high
    assert math.isinf(factor_for(0.1, power_law(SIZES, SIZES**0.2), 400))


def test_the_line_is_that_of_numpy_s_least_squares() -> None:
    losses = np.array([1.0, 0.9, 0.8, 0.85, 0.6, 0.7])
    law = power_law(SIZES, losses, floor=0.1)
    slope, level = np.polyfit(np.log(SIZES), np.log(losses - 0.1), 1)
    assert (law.exponent.value, law.scale) == pytest.approx((-slope, np.exp(level)))


def test_too_little_is_refused() -> None:
    with pytest.raises(ValueError, match="needs three losses at two sizes; got 2 at 2"):
        power_law(np.array([1, 2]), np.array([1.0, 0.5]))
