from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from convalesce.readings.memorisation import (
    first_learnt,
    forgetting_events,
    mixture,
    noisy_share,
)


def doubts(share: float, count: int = 800, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    wrong = rng.random(count) < share
    return np.where(wrong, rng.beta(12, 3, count), rng.beta(2, 9, count)), wrong


@pytest.mark.parametrize("share", [0.05, 0.1, 0.2, 0.4])
def test_planted_shares_are_found_with_their_rows(share: float) -> None:
    values, wrong = doubts(share)
    figure, suspects = noisy_share(values)
    assert figure.value == pytest.approx(wrong.mean(), abs=0.03)
    assert figure.low <= wrong.mean() + 0.01 and figure.high >= wrong.mean() - 0.01
    assert wrong[suspects].mean() > 0.9 and len(suspects) > 0.9 * wrong.sum()
    assert (np.diff(values[suspects]) <= 0).all()


def test_the_mixture_separates_as_the_true_densities_do() -> None:
    from scipy.stats import beta

    values, _ = doubts(0.3, 4000)
    fitted = mixture(values)
    upper, lower = 0.3 * beta.pdf(values, 12, 3), 0.7 * beta.pdf(values, 2, 9)
    truth = upper / (upper + lower)
    inside = values > 0.05
    assert np.abs(fitted.upper - truth)[inside].mean() < 0.03
    assert (fitted.low, fitted.high) == pytest.approx((2 / 11, 0.8), abs=0.02)


def test_clean_labels_are_not_split_in_two() -> None:
    figure, suspects = noisy_share(np.random.default_rng(0).beta(1, 12, 600))
    assert figure.value < 0.01 and len(suspects) < 6


def test_where_most_was_not_learnt_nothing_is_claimed() -> None:
    figure, suspects = noisy_share(np.random.default_rng(0).beta(20, 5, 300))
    assert np.isnan(figure.value) and (figure.low, figure.high) == (0, 1) and not len(suspects)


@given(st.lists(st.booleans(), min_size=1, max_size=9))
@settings(deadline=None)
def test_first_learnt_and_forgotten_are_what_a_plain_count_gives(course: list[bool]) -> None:
    first = next((i for i in range(len(course)) if all(course[i:])), -1)
    lost = sum(a and not b for a, b in pairwise(course))
    flags = np.array(course)[:, None]
    assert first_learnt(flags).tolist() == [first]
    assert forgetting_events(flags).tolist() == [lost]


@given(st.lists(st.one_of(st.floats(0, 1), st.just(float("nan"))), min_size=1, max_size=12))
@settings(max_examples=25, deadline=None)
def test_any_values_are_survived(values: list[float]) -> None:
    figure, suspects = noisy_share(np.array(values))
    assert np.isnan(figure.value) or 0 <= figure.value <= 1
    assert len(suspects) <= len(values)
