import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from convalesce.readings.range_curve import (
    before_divergence,
    candidates,
    smoothed,
    steepest,
    valley,
)

RATES = np.geomspace(1e-6, 10, 120)


def curve(middle: float = 1e-2, end: float = 0.5, noise: float = 0.0, seed: int = 0) -> np.ndarray:
    """Falls from 2 to 1 about one rate and leaves at another."""
    fall = 2 - 1 / (1 + (middle / RATES) ** 1.5)
    rng = np.random.default_rng(seed)
    return fall + np.minimum((RATES / end) ** 4, 1e6) + noise * rng.standard_normal(120)


def test_the_steepest_rate_is_where_the_fall_has_its_middle() -> None:
    assert steepest(RATES, curve(end=1e9)) == pytest.approx(1e-2, rel=0.15)


@given(noise=st.floats(0, 0.08), seed=st.integers(0, 1000), middle=st.floats(1e-4, 1e-2))
@settings(max_examples=60, deadline=None)
def test_candidates_lie_below_divergence_and_near_the_fall_under_noise(
    noise: float, seed: int, middle: float
) -> None:
    found = candidates(RATES, curve(middle, 0.5, noise, seed))
    assert len(found) == 3
    for one in found:
        assert middle / 40 < one.rate < 0.5, one


@given(seed=st.integers(0, 1000))
@settings(max_examples=40, deadline=None)
def test_a_curve_of_noise_alone_proposes_nothing(seed: int) -> None:
    flat = 2 + 0.1 * np.random.default_rng(seed).standard_normal(120)
    assert candidates(RATES, flat) == ()


def test_nan_ends_the_curve_and_single_outliers_do_not() -> None:
    losses = curve(noise=0.02)
    losses[100:] = np.nan
    losses[40] = 30.0
    assert 85 < before_divergence(losses) <= 100
    assert all(c.rate < RATES[100] for c in candidates(RATES, losses))


@given(st.lists(st.floats(allow_nan=True, allow_infinity=True), min_size=0, max_size=40))
@settings(max_examples=100, deadline=None)
def test_any_losses_are_survived(losses: list[float]) -> None:
    rates = np.geomspace(1e-6, 1, max(len(losses), 2))[: len(losses)]
    with np.errstate(all="ignore"):
        for one in candidates(rates, np.array(losses)):
            assert rates[0] / 10 <= one.rate <= rates[-1]


def test_smoothing_is_a_weighted_mean_that_skips_what_is_no_number() -> None:
    losses = np.array([1.0, np.nan, 3.0, 2.0, np.inf, 1.0])
    by_hand = []
    for i in range(6):
        weights = [np.exp(-((i - j) ** 2) / 2) for j in (0, 2, 3, 5)]
        by_hand.append(np.average([1.0, 3.0, 2.0, 1.0], weights=weights))
    assert smoothed(losses) == pytest.approx(by_hand)


def test_the_valley_lies_between_a_tenth_and_nine_tenths_of_the_fall() -> None:
    fall = curve(end=1e9)
    share = (2 - fall) / (2 - fall.min())
    first, last = RATES[share >= 0.1][0], RATES[share >= 0.9][0]
    assert first < valley(RATES, fall) < last
