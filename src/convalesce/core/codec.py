"""Records as bytes and back, so that reasoning can be repeated without training."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from typing import Any

import msgspec
import numpy as np

from convalesce.core.catalogue import CATALOGUE
from convalesce.core.run import Fit, Run
from convalesce.core.signal import Signals

FORMAT = 1


def encode(run: Run) -> bytes:
    """A run as MessagePack: `{"format": 1, "run": {…}}`, its signals by name."""
    plain = {f.name: getattr(run, f.name) for f in fields(run)}
    plain["fits"] = [_plain_fit(fit) for fit in run.fits]
    return msgspec.msgpack.encode({"format": FORMAT, "run": plain}, enc_hook=_to_plain)


def decode(data: bytes) -> Run:
    """The run that `encode` wrote; signals that this version does not know are left out.

    Raises:
        ValueError: The bytes are no run of this format.
    """
    try:
        outer = msgspec.msgpack.decode(data)
        version = outer["format"]
    except (msgspec.DecodeError, KeyError, TypeError) as error:
        raise ValueError(f"not a recorded run: {error}") from error
    if version != FORMAT:
        raise ValueError(f"this record has format {version}; this version reads format {FORMAT}")
    plain = outer["run"]
    fits = tuple(_fit(fit) for fit in plain.pop("fits"))
    run: Run = msgspec.convert(plain, Run)
    return Run(**{f.name: getattr(run, f.name) for f in fields(run) if f.name != "fits"}, fits=fits)


def _plain_fit(fit: Fit) -> dict[str, Any]:
    plain = {f.name: getattr(fit, f.name) for f in fields(fit)}
    plain["signals"] = {s.name: v for s, v in fit.signals.recorded.items()}
    return plain


def _fit(plain: dict[str, Any]) -> Fit:
    signals = _signals(plain.pop("signals"))
    rest = msgspec.convert({**plain, "signals": {"recorded": {}}}, Fit)
    return Fit(
        **{f.name: getattr(rest, f.name) for f in fields(rest) if f.name != "signals"},
        signals=signals,
    )


def _signals(plain: Mapping[str, Any]) -> Signals:
    return Signals(
        {
            CATALOGUE[name]: msgspec.convert(value, CATALOGUE[name].kind, dec_hook=_from_plain)
            for name, value in plain.items()
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
