"""Against plain NumPy as a second implementation."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays

from convalesce.observe.scan.figures import Figures

DTYPES = ["uint8", "int8", "int16", "int32", "int64", "float16", "float32", "float64", "bool"]


def _figures(values: Any, channels: int, cut: int = 3) -> Figures:
    figures = Figures(channels)
    for start in range(0, len(values), cut):
        figures.add(values[start : start + cut])
    return figures


@st.composite
def _arrays(draw: Any) -> Any:
    dtype = draw(st.sampled_from(DTYPES))
    shape = draw(array_shapes(min_dims=2, max_dims=4, max_side=6))
    if dtype.startswith("float"):
        elements = st.floats(-1e4, 1e4, width=16) | st.sampled_from([np.nan, np.inf, -np.inf])
        return draw(arrays(dtype, shape, elements=elements))
    return draw(arrays(dtype, shape))


@settings(max_examples=80, deadline=None)
@given(_arrays())
def test_they_equal_those_of_numpy(values: Any) -> None:
    channels = values.shape[-1]
    figures = _figures(values, channels)
    table = values.reshape(-1, channels).astype(np.float64)
    finite = np.isfinite(table)
    assert figures.nonfinite == (~finite).sum()
    assert figures.zero_share == pytest.approx((table == 0).mean())
    for c in range(channels):
        column = table[finite[:, c], c]
        if not len(column):
            assert figures.count[c] == 0
            continue
        assert figures.low[c] == column.min() and figures.high[c] == column.max()
        scale = max(1e-9, float(np.abs(column).max()))
        assert figures.mean[c] == pytest.approx(column.mean(), abs=1e-5 * scale)
        assert np.sqrt(figures.variance[c]) == pytest.approx(column.std(), abs=1e-3 * scale)


@settings(max_examples=40, deadline=None)
@given(_arrays())
def test_they_do_not_depend_on_how_the_rows_are_cut(values: Any) -> None:
    whole, parts = _figures(values, values.shape[-1], 99), _figures(values, values.shape[-1], 1)
    assert (whole.low == parts.low).all() and (whole.high == parts.high).all()
    assert whole.nonfinite_rows == parts.nonfinite_rows
    assert whole.named == parts.named
    assert whole.blank == parts.blank


@pytest.mark.parametrize("dtype", ["uint8", "float32", "float64"])
def test_many_blocks_and_a_remainder_sum_as_one(dtype: str) -> None:
    values = np.random.default_rng(0).integers(0, 256, (997, 13, 11, 3)).astype(dtype)
    figures = _figures(values, 3, 501)
    table = values.reshape(-1, 3).astype(np.float64)
    assert figures.mean == pytest.approx(table.mean(0), rel=1e-6)
    assert np.sqrt(figures.variance) == pytest.approx(table.std(0), rel=1e-5)


def test_a_small_spread_about_a_large_mean_is_not_lost() -> None:
    values = (1e6 + np.random.default_rng(0).standard_normal((5000, 2))).astype(np.float32)
    expected = values.astype(np.float64).std(0)
    assert np.sqrt(_figures(values, 2, 700).variance) == pytest.approx(expected, rel=1e-3)


def test_huge_float32_values_do_not_overflow() -> None:
    values = np.array([[1e30], [3e30], [2e30]], np.float32)
    figures = _figures(values, 1)
    assert figures.mean[0] == pytest.approx(2e30, rel=1e-5)
    assert np.sqrt(figures.variance[0]) == pytest.approx(values.astype(float).std(), rel=1e-4)


def test_rows_of_one_value_are_named() -> None:
    values = np.random.default_rng(0).random((50, 6, 6, 1))
    values[[7, 31]] = 0.5
    figures = _figures(values, 1, 20)
    assert figures.blank_rows == 2 and figures.blank == [7, 31]
