import math

from hypothesis import given
from hypothesis import strategies as st

from convalesce.report import braille

DOTS = st.lists(st.floats(allow_nan=True, allow_infinity=True), max_size=50)


def raster(lines: list[braille.Text]) -> list[str]:
    return [line.plain[braille.GUTTER + 1 :] for line in lines]


def test_a_rising_curve_runs_from_below_left_to_above_right() -> None:
    top, *_, bottom = raster(braille.plot([[0.0, 1.0, 2.0, 3.0]], 30, 4))
    assert ord(top[-1]) > braille.BLANK and ord(top[0]) == braille.BLANK
    assert ord(bottom[0]) > braille.BLANK and ord(bottom[-1]) == braille.BLANK


def test_a_lost_value_leaves_a_gap() -> None:
    (line,) = raster(braille.plot([[1.0, 1.0, math.nan, math.nan, 1.0, 1.0]], 41, 1))
    assert chr(braille.BLANK) in line[10:20] and ord(line[0]) > braille.BLANK < ord(line[-1])


def test_the_span_stands_at_the_left() -> None:
    lines = braille.plot([[0.25, 4.0]], 30, 3)
    assert lines[0].plain.split()[0] == "4" and lines[-1].plain.split()[0] == "0.25"


@given(st.lists(DOTS, max_size=3), st.integers(1, 120), st.integers(1, 9))
def test_any_curves_fit_their_place(curves: list[list[float]], width: int, height: int) -> None:
    lines = braille.plot(curves, width, height)
    assert len(lines) == height
    wide = max(width, braille.GUTTER + 9)
    assert all(len(line.plain) == wide for line in lines)


@given(st.floats(-1, 2), st.integers(1, 50))
def test_a_bar_is_as_long_as_its_share(share: float, width: int) -> None:
    assert abs(len(braille.bar(share, width)) - min(max(share, 0), 1) * width) <= 1
