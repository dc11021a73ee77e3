"""The arithmetic of the tables."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks.diagnosis import tables
from tests.benchmarks.diagnosis.made import answer, case, claim

ONE = case("case_1", causes=["hp.lr_high"], fixed_tolerated=["hp.epochs_few"])
UNSEEN = case("x", source="corpus-new", causes=["data.labels"], unseen=True)
HEALTHY = case("case_0", causes=[])
ANSWERS = [
    answer(ONE, "faulty", claim("hp.lr_high", confirmed=True)),
    answer(UNSEEN, "faulty", claim("hp.lr_high"), claim("data.labels")),
    answer(ONE, "faulty"),
    answer(ONE, "fixed", claim("hp.epochs_few")),
    answer(HEALTHY, "healthy", claim("hp.lr_high", "data.labels", confirmed=True)),
]


def test_a_row_counts_sick_arms_and_controls_apart() -> None:
    row = tables.row(ANSWERS)
    assert (row.sick, row.sound) == (3, 2)
    assert (row.first, row.three) == (pytest.approx(1 / 3), pytest.approx(2 / 3))
    assert row.one == row.first
    assert row.detected == pytest.approx(2 / 3)
    assert (row.alarms, row.confirmed_alarms) == (0.5, 0.5)
    assert row.confirmed == 1.0
    assert row.width == pytest.approx(5 / 4)


def test_a_share_of_nothing_is_not_a_number() -> None:
    row = tables.row([])
    assert row.sick == row.sound == 0
    assert all(map(math.isnan, (row.first, row.alarms, row.confirmed, row.width)))


def test_tools_stand_side_by_side_in_each_group() -> None:
    rival = [answer(a.case, a.arm, tool="other") for a in ANSWERS]
    lines = tables.side_by_side([*ANSWERS, *rival])
    heads = [line for line in lines[1:] if not line.startswith(" ")]
    assert heads == ["all", "calibration", "held out", "unseen"]
    ours, theirs = (" ".join(line.split()) for line in lines[2:4])
    assert ours == "convalesce 3 0.33 0.67 0.33 0.67 2 0.50 1.00 0.50 1.2"
    assert theirs == "other 3 0.00 0.00 0.00 0.00 2 0.00 - 0.00 -"


def test_a_figure_is_crossed_with_sources_and_families() -> None:
    lines = tables.crossed(ANSWERS, lambda row: row.first)
    table = {line.split()[0]: line.split()[1:] for line in lines[1:]}
    assert table == {
        "corpus": ["4", "0.50"],
        "corpus-new": ["1", "0.00"],
        "data": ["1", "0.00"],
        "hp": ["3", "0.50"],
    }
    alarms = tables.crossed(ANSWERS, lambda row: row.alarms)
    assert "healthy 1 1.00" in [" ".join(line.split()) for line in alarms]


def test_symptoms_are_counted_on_sick_arms_and_controls() -> None:
    said = [
        answer(ONE, "faulty", claim("hp.lr_high"), tool="other"),
        answer(UNSEEN, "faulty", claim("hp.lr_high"), tool="other"),
        answer(ONE, "fixed", claim("hp.lr_high"), tool="other"),
    ]
    (_, line) = tables.symptoms(said)
    assert line.split() == ["other:", "so", "2", "1", "1"]


def test_confidence_is_held_against_right_and_tolerated_claims_are_left_out() -> None:
    assert tables.believed(ANSWERS) == [(0.9, True), (0.9, False), (0.9, False)]
    assert tables.believed([answer(ONE, "faulty", claim("x", confidence=math.nan))]) == []


def test_the_calibration_error_weighs_each_tenth_by_its_count() -> None:
    pairs = [(0.95, True), (0.95, True), (0.55, True), (0.55, False), (1.0, False)]
    found = tables.bins(pairs)
    assert [(b.low, b.high, b.count) for b in found] == [(0.5, 0.6, 2), (0.9, 1.0, 3)]
    assert found[0].right == 0.5
    expected = 2 / 5 * abs(0.5 - 0.55) + 3 / 5 * abs(2 / 3 - 2.9 / 3)
    assert tables.calibration_error(pairs) == pytest.approx(expected)
    assert math.isnan(tables.calibration_error([]))


@given(st.lists(st.tuples(st.floats(0, 1), st.booleans()), min_size=1))
def test_every_pair_is_in_one_bin_and_the_error_is_a_share(pairs: list[tuple[float, bool]]) -> None:
    assert sum(b.count for b in tables.bins(pairs)) == len(pairs)
    assert 0 <= tables.calibration_error(pairs) <= 1


@given(st.integers(1, 60), st.integers(0, 60))
def test_a_confidence_that_is_the_share_of_right_ones_has_no_error(count: int, right: int) -> None:
    right = min(right, count)
    pairs = [(right / count, i < right) for i in range(count)]
    assert tables.calibration_error(pairs) == pytest.approx(0, abs=1e-12)


def test_reliability_is_ours_alone_and_names_each_group() -> None:
    other = [answer(ONE, "faulty", claim("hp.lr_high", confidence=0.1), tool="other")]
    lines = tables.reliability([*ANSWERS, *other])
    assert lines[1].split() == ["0.9", "…", "1.0", "3", "0.90", "0.33"]
    assert lines[2] == "expected calibration error, all: 0.567 of 3"
    assert [line.split()[3] for line in lines[2:]] == ["all:", "calibration:", "held", "unseen:"]
