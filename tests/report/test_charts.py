"""Charts keep what matters of long series and survive any numbers."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from convalesce.report import charts, figures, svg

ANY = st.floats(allow_nan=True, allow_infinity=True)


def test_a_long_series_keeps_its_spike_and_its_ends() -> None:
    values = np.ones(100_000)
    values[54_321], values[77_000] = 9.0, -3.0
    steps, thin = svg.thinned(np.arange(100_000), values)
    assert len(steps) <= svg.MOST_POINTS
    assert {0.0, 54_321.0, 77_000.0, 99_999.0} <= set(steps)
    assert (thin.min(), thin.max()) == (-3.0, 9.0)


def test_a_stretch_without_finite_values_stays_a_gap() -> None:
    values = np.ones(10_000)
    values[4_000:6_000] = np.nan
    steps, thin = svg.thinned(np.arange(10_000), values)
    scale = svg.Scale(0, 10_000, 0, 100)
    assert svg.path(steps, thin, scale, svg.Scale(0, 2, 100, 0)).count("M") == 2


@settings(max_examples=200, deadline=None)
@given(ANY, ANY)
def test_a_bar_against_its_limit_survives_any_numbers(observed: float, limit: float) -> None:
    drawn = str(charts.against(observed, limit))
    assert "nan" not in drawn.partition("</desc>")[2].lower()


@settings(max_examples=100, deadline=None)
@given(arrays.arrays(np.float64, st.tuples(st.integers(1, 60)), elements=ANY))
def test_curves_survive_any_numbers(values: np.ndarray) -> None:
    line = charts.Line("training", np.arange(len(values), dtype=float), values)
    drawn = str(charts.lines("loss", [line], [charts.Mark(0, "start")]))
    assert 'd="' not in drawn or "nan" not in drawn.split('d="')[1].partition('"')[0]


@settings(max_examples=100, deadline=None)
@given(
    values=arrays.arrays(
        np.float64, st.tuples(st.integers(1, 60), st.integers(1, 40)), elements=ANY
    ),
    log=st.booleans(),
)
def test_heat_maps_survive_any_numbers(values: np.ndarray, *, log: bool) -> None:
    labels = [f"dense_{i}" for i in range(values.shape[1])]
    drawn = str(charts.heat("norm", np.arange(float(len(values))), values, labels, log=log))
    assert drawn.startswith("<figure>")
    assert drawn.count("<text") <= charts.ROWS + 2


@pytest.mark.parametrize(
    ("values", "said"),
    [([1.0, 1.0], "heat0"), ([0.0, 1.0], "exactly 0"), ([np.inf, 1.0], "NaN or infinite")],
)
def test_a_heat_map_tells_zero_and_lost_values_apart(values: list[float], said: str) -> None:
    table = np.array(values)[:, None]
    assert said in charts.heat("norm", np.arange(2.0), table, ["dense"], log=True)


def test_values_over_two_decades_go_by_the_logarithm() -> None:
    line = charts.Line("training", np.arange(3.0), np.array([1000.0, 10.0, 1.0]))
    assert "(log scale)" in charts.lines("loss", [line])


def test_a_tick_is_round_and_inside() -> None:
    assert svg.ticks(svg.Scale(0.0, 1.0, 0, 1)) == pytest.approx([0, 0.25, 0.5, 0.75, 1.0])
    assert svg.ticks(svg.Scale(0.5, 5000.0, 0, 1, log=True)) == [1, 10, 100, 1000]
    assert svg.ticks(svg.Scale(1.0, 10.0, 0, 1), 5, whole=True) == [2, 4, 6, 8, 10]
    assert svg.ticks(svg.Scale(1.0, 3.0, 0, 1), 5, whole=True) == [1, 2, 3]


def test_paths_are_cut_to_what_tells_them_apart() -> None:
    paths = ("net/conv/kernel", "net/dense/kernel")
    assert figures.brief(paths) == ("conv/kernel", "dense/kernel")
    assert figures.brief(("net/conv", "relu")) == ("conv", "relu")
    assert figures.brief(("a", "a")) == ("a", "a")


def test_a_few_cuts_of_the_rate_are_marked_and_a_schedule_is_not() -> None:
    assert [m.x for m in figures.cuts((0.1, 0.1, 0.01, 0.01))] == [3]
    assert figures.cuts(tuple(0.5**n for n in range(30))) == []


def test_a_heat_map_of_numbers_at_the_end_of_their_range_is_drawn() -> None:
    values = np.full((300, 1), 1.7e308)
    drawn = charts.heat("norm", np.arange(300.0), values, ("dense",), log=True)
    assert "<svg" in str(drawn)
