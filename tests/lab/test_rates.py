from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from convalesce.lab.rates import (
    RateTrial,
    candidates,
    chosen,
    estimates,
    range_test,
    smooth,
    tried,
)

RATES = np.geomspace(1e-6, 10, 100).tolist()


class Written:
    """A rig whose losses are written down: a function of the rates so far and the seed."""

    def __init__(self, loss: Callable[[Sequence[float], int], float]) -> None:
        self.loss = loss
        self.rates: list[float] = []

    def train(self, rates: Sequence[float], seed: int) -> list[float]:
        self.rates.append(rates[0])
        losses: list[float] = []
        for step in range(len(rates)):
            losses.append(self.loss(rates[: step + 1], seed))
            if not math.isfinite(losses[-1]):
                break
        return losses


def bowl(noise: float = 0.0, edge: float = 1.0) -> Any:
    """Falls with the sum of the rates, is lost at `edge`; each seed has noise of its own."""

    def loss(rates: Sequence[float], seed: int) -> float:
        if rates[-1] > edge:
            return math.nan
        drawn = np.random.default_rng([seed, len(rates)]).normal()
        return float(2.3 * np.exp(-3 * sum(min(r, 0.1) for r in rates))) + noise * float(drawn)

    return Written(loss)


def test_the_range_test_ends_where_the_loss_is_lost() -> None:
    test = range_test(bowl(), RATES)
    assert test.blew_up
    assert test.rates[-1] <= 1.0
    assert len(test.rates) == len(test.losses) == len(test.smoothed)


def test_the_range_test_ends_where_the_loss_rises_out_of_bounds() -> None:
    rising = Written(lambda rates, seed: 1.0 + 50 * max(0.0, rates[-1] - 0.01))
    test = range_test(rising, RATES)
    assert test.blew_up
    assert 0.01 < test.rates[-1] < 0.2


def test_a_single_wild_batch_moves_no_estimate() -> None:
    plain = estimates(range_test(bowl(), RATES))

    def spiked(rates: Sequence[float], seed: int) -> float:
        return bowl().loss(rates, seed) + (1.0 if len(rates) == 40 else 0.0)

    assert estimates(range_test(Written(spiked), RATES)) == pytest.approx(plain, rel=0.3)


def test_a_loss_that_never_falls_suggests_nothing() -> None:
    flat = Written(lambda rates, seed: 2.3 + 0.05 * np.random.default_rng(len(rates)).normal())
    assert estimates(range_test(flat, RATES)) == {}


def test_a_loss_that_is_never_finite_gives_an_empty_curve() -> None:
    test = range_test(Written(lambda rates, seed: math.nan), RATES)
    assert test.blew_up and not len(test.rates)
    assert estimates(test) == {}


@given(
    st.dictionaries(st.sampled_from("abc"), st.floats(1e-8, 10), max_size=3), st.floats(1e-8, 10)
)
def test_there_are_three_to_five_candidates_apart_from_each_other(
    suggested: dict[str, float], present: float
) -> None:
    found = candidates(suggested, present)
    assert 3 <= len(found) <= 5
    assert all(b / a >= 1.4 for a, b in itertools.pairwise(found))
    for rate in suggested.values():
        assert min(abs(math.log(rate / f)) for f in found) <= math.log(3)


def test_trials_go_beyond_the_last_candidate_while_that_is_the_best() -> None:
    found = tried(bowl(), [1e-4, 3e-4, 1e-3], steps=30, seeds=(0, 1))
    assert max(t.rate for t in found) > 5e-3
    assert chosen(found)[0].rate == pytest.approx(max(t.rate for t in found))


def test_where_all_diverge_lower_rates_are_tried() -> None:
    found = tried(bowl(edge=0.01), [0.02, 0.06, 0.18], steps=30, seeds=(0, 1))
    assert chosen(found)[0].rate < 0.01
    assert chosen(found)[0].loss < math.inf


def test_a_wide_gap_beside_the_best_is_looked_into() -> None:
    found = tried(bowl(), [1e-3, 1e-1, 5.0], steps=30, seeds=(0, 1))
    assert any(1e-1 < t.rate < 5 for t in found)


def test_once_time_is_up_no_further_rate_is_begun() -> None:
    rig = bowl()
    tried(rig, [1e-4, 1e-3, 1e-2], steps=5, seeds=(0, 1), until=0.0)
    assert set(rig.rates) == {1e-3}


def test_of_rates_that_train_equally_well_the_middle_one_is_taken() -> None:
    trials = [
        RateTrial(0.001, (1.0, 1.2)),
        RateTrial(0.01, (0.31, 0.50)),
        RateTrial(0.03, (0.32, 0.49)),
        RateTrial(0.1, (0.30, 0.51)),
        RateTrial(1.0, (math.inf, 4.0)),
    ]
    best, low, high = chosen(trials)
    assert (best.rate, low, high) == (0.03, 0.01, 0.1)


@given(st.lists(st.floats(-5, 5), min_size=1, max_size=60))
def test_smoothing_stays_within_what_was_measured(losses: list[float]) -> None:
    smoothed = smooth(np.array(losses))
    assert smoothed.shape == (len(losses),)
    assert smoothed.min() >= min(losses) - 1e-9
    assert smoothed.max() <= max(losses) + 1e-9
