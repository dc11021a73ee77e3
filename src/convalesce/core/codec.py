"""Records as bytes and back, so that reasoning can be repeated without training."""

from __future__ import annotations

from typing import Any

import msgspec
import numpy as np

from convalesce.core.catalogue import CATALOGUE
from convalesce.core.signal import Signals

FORMAT = 1


def encode(signals: Signals) -> bytes:
    """A record as MessagePack: `{"format": 1, "signals": {name: value}}`."""
    return msgspec.msgpack.encode(
        {"format": FORMAT, "signals": {s.name: v for s, v in signals.recorded.items()}},
        enc_hook=_to_plain,
    )


def decode(data: bytes) -> Signals:
    """The record that `encode` wrote.

    Raises:
        ValueError: The bytes are no record of this format.
    """
    try:
        outer = msgspec.msgpack.decode(data)
        version = outer["format"]
    except (msgspec.DecodeError, KeyError, TypeError) as error:
        raise ValueError(f"not a record of signals: {error}") from error
    if version != FORMAT:
        raise ValueError(f"this record has format {version}; this version reads format {FORMAT}")
    return Signals(
        {
            CATALOGUE[name]: msgspec.convert(value, CATALOGUE[name].kind, dec_hook=_from_plain)
            for name, value in outer["signals"].items()
            if name in CATALOGUE
        }
    )


def _to_plain(value: Any) -> Any:
    if isinstance(value, np.ndarray):
        array = np.ascontiguousarray(value)
        return {"dtype": array.dtype.str, "shape": array.shape, "data": array.tobytes()}
    if isinstance(value, np.generic):
        return value.item()
    raise TypeError(f"a record cannot hold a {type(value).__name__}")


def _from_plain(kind: type, value: Any) -> Any:
    if isinstance(value, dict) and value.keys() == {"dtype", "shape", "data"}:
        flat = np.frombuffer(value["data"], np.dtype(value["dtype"]))
        return flat.reshape(value["shape"]).copy()
    raise TypeError(f"cannot read a {kind} from {type(value).__name__}")
