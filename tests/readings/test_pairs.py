from hypothesis import given
from hypothesis import strategies as st

from convalesce import core
from convalesce.readings.pairs import RELEVANT, effect

share = st.floats(-1, 1, allow_nan=False)


def test_a_large_difference_is_confirmed_by_one_pair() -> None:
    assert effect([0.0], [0.8], [0.0], 0.01).verdict is core.Verdict.CONFIRMED


def test_no_difference_is_refuted_only_where_the_noise_allows() -> None:
    assert effect([0.5], [0.5], [0.5, 0.5], 0.0).verdict is core.Verdict.REFUTED
    assert effect([0.5], [0.5], [0.3, 0.7], 0.0).verdict is core.Verdict.UNDECIDED


def test_a_difference_within_the_noise_of_unchanged_arms_is_not_believed() -> None:
    assert effect([0.4], [0.6], [0.3, 0.7], 0.0).verdict is not core.Verdict.CONFIRMED


def test_more_pairs_narrow_the_interval() -> None:
    one = effect([0.4], [0.5], [0.4, 0.42], 0.01)
    three = effect([0.4] * 3, [0.5] * 3, [0.4, 0.42], 0.01)
    assert three.high - three.low < one.high - one.low


@given(st.lists(st.tuples(share, share), min_size=1, max_size=4), st.floats(0, 0.2))
def test_the_interval_holds_the_mean_and_no_verdict_goes_against_it(
    pairs: list[tuple[float, float]], sampling: float
) -> None:
    control, treated = zip(*pairs, strict=True)
    found = effect(control, treated, control, sampling)
    assert found.low <= found.mean <= found.high
    assert found.relevant >= RELEVANT.value
    if found.verdict is core.Verdict.CONFIRMED:
        assert found.mean >= found.relevant and found.low > 0


def test_a_change_that_helps_by_luck_alone_is_not_confirmed() -> None:
    found = effect([0.1, 0.1], [0.9, 0.1], [0.1, 0.1], 0.0)
    assert found.low < 0
    assert found.verdict is core.Verdict.UNDECIDED
