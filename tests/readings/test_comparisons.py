import math

import numpy as np
import pytest
from scipy import stats

from convalesce.readings.comparisons import simultaneous
from convalesce.readings.pairs import effect

ARMS, SEEDS, DRAWS = 10, 3, 600


def false_winners(spreads: list[float], *, one_by_one: bool = False) -> float:
    """How often an arm without any effect lies outside its interval."""
    draw, wrong = np.random.default_rng(0), 0
    for _ in range(DRAWS):
        seeds = draw.normal(size=SEEDS) * 0.02  # what a seed does to all arms alike
        control, *arms = (0.5 + seeds + draw.normal(size=SEEDS) * s for s in spreads)
        found = (
            [effect(control, arm, control, 0.0) for arm in arms]
            if one_by_one
            else simultaneous(control, arms)
        )
        wrong += any(f.low > 0 or f.high < 0 for f in found)
    return wrong / DRAWS


def test_arms_one_by_one_bring_false_winners_and_together_they_do_not() -> None:
    alike = [0.05] * (ARMS + 1)
    assert false_winners(alike, one_by_one=True) > 0.2
    assert false_winners(alike) < 0.08


def test_an_arm_or_a_control_that_scatters_more_than_the_others_brings_no_more_of_them() -> None:
    assert false_winners([0.03] * ARMS + [0.4]) < 0.08
    assert false_winners([0.3] + [0.03] * ARMS) < 0.08


def test_the_half_width_is_the_one_of_a_two_way_layout() -> None:
    rest = 0.1 * np.array([[1, -1, 0, 0], [-1, 1, 0, 0], [0, 0, 1, -1], [0, 0, -1, 1]])
    table = rest + np.array([[0.5], [0.6], [0.4], [0.55]]) + np.array([0.1, 0.0, -0.1, 0.0])
    found = simultaneous(table[0], list(table[1:]))
    deviation = math.sqrt((rest**2).sum() / 9)
    half = stats.t.ppf(1 - 0.05 / 3 / 2, 9) * deviation * math.sqrt(2 / 4)
    for one, arm in zip(found, table[1:], strict=True):
        assert one.mean == pytest.approx((arm - table[0]).mean())
        assert one.high - one.mean == pytest.approx(half)


def test_more_comparisons_than_arms_widen_the_intervals() -> None:
    control, arms = [0.5, 0.6, 0.55], [[0.7, 0.75, 0.8], [0.5, 0.55, 0.6]]
    few, many = simultaneous(control, arms), simultaneous(control, arms, comparisons=20)
    assert many[0].high - many[0].low > few[0].high - few[0].low


def test_an_effect_that_is_there_is_found() -> None:
    draw = np.random.default_rng(2)
    table = draw.normal(size=(ARMS + 1, SEEDS)) * 0.03 + 0.5
    table[4] += 0.25
    found = simultaneous(table[0], list(table[1:]))
    assert [i for i, f in enumerate(found, 1) if f.low > 0] == [4]


def test_seeds_that_came_to_nothing_are_left_out_of_the_pairs() -> None:
    control = [0.5, 0.5, 0.5]
    lost, none = simultaneous(control, [[0.7, math.nan, 0.7], [math.nan] * 3])
    assert lost.mean == pytest.approx(0.2)
    assert math.isnan(none.mean)
    assert none.low == -math.inf


def test_an_arm_that_equals_the_control_is_no_comparison() -> None:
    control, other = [0.5, 0.6, 0.55], [0.6, 0.75, 0.62]
    alone = simultaneous(control, [other])[0]
    among, same = simultaneous(control, [other, control])
    assert among == alone
    assert (same.mean, same.low, same.high) == (0.0, 0.0, 0.0)
