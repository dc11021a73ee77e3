"""Write a record by hand: for the `sick` and `healthy` cases of a cause, and for tests."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from convalesce.core.signal import Series, Signal, Signals


def record(values: Mapping[Signal[Any], Any]) -> Signals:
    """A record whose series start at step 0 and advance by one.

    Args:
        values: Each signal's fact, or for a series its values of shape `(time, *axes)`; a
            mapping of column label to values gives a labelled series.
    """
    return Signals({signal: _value(signal, value) for signal, value in values.items()})


def _value(signal: Signal[Any], value: Any) -> Any:
    if signal.kind is not Series or isinstance(value, Series):
        return value
    if isinstance(value, Mapping):
        return _series(np.stack([np.asarray(v, np.float64) for v in value.values()], -1), value)
    return _series(np.asarray(value, np.float64), ())


def _series(values: np.ndarray[Any, np.dtype[np.float64]], labels: Sequence[str] | Any) -> Series:
    return Series(np.arange(len(values)), values, tuple(labels))
