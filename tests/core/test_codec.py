"""A stored run comes back as it was."""

import numpy as np
import pytest

from convalesce import core
from convalesce.core.codec import decode, encode


def _run() -> core.Run:
    signals = core.record(
        {
            core.LOSS: [2.3, float("nan"), float("inf")],
            core.GRADIENT_NORM: {"a": [1.0, 2.0], "b": [3.0, 4.0]},
            core.HISTORY: core.History(metrics={"loss": (1.0, float("nan"))}, planned=2),
            core.TRAIN: core.Split(
                role="train",
                source="arrays",
                examples=3,
                scanned=3,
                whole=True,
                inputs=(),
                targets=(),
                samples=(
                    core.Sample(role="train", row=1, why="x", pixels=np.eye(3, dtype=np.uint8)),
                ),
            ),
            core.SETUP: core.Setup(losses=(), optimizer=None, class_weight={0: 1.0, 1: 9.0}),
        }
    )
    fit = core.Fit(index=0, signals=signals, site=core.Site("train.py", 3), continues=None)
    crash = core.Crash(exception="ValueError", message="…", phase="fit", numbers={"label": 5.0})
    return core.Run(script="train.py", fits=(fit,), status=1, crash=crash, remarks=("one",))


def test_a_run_comes_back_with_its_series_facts_and_crash() -> None:
    run = _run()
    back = decode(encode(run))
    assert back.crash == run.crash
    assert back.remarks == run.remarks
    assert back.status == 1
    assert back.fits[0].site == core.Site("train.py", 3)
    before, after = run.fits[0].signals, back.fits[0].signals
    assert set(after.recorded) == set(before.recorded)
    np.testing.assert_array_equal(after[core.LOSS].values, before[core.LOSS].values)
    assert after[core.GRADIENT_NORM].labels == ("a", "b")
    assert after[core.SETUP] == before[core.SETUP]
    pixels = after[core.TRAIN].samples[0].pixels
    assert pixels is not None
    np.testing.assert_array_equal(pixels, np.eye(3))


def test_bytes_of_something_else_are_refused_with_the_reason() -> None:
    with pytest.raises(ValueError, match="not a recorded run"):
        decode(b"\x93")


def test_a_record_of_another_format_is_refused_with_both_numbers() -> None:
    import msgspec

    data = msgspec.msgpack.encode({"format": 99, "run": {}})
    with pytest.raises(ValueError, match="format 99; this version reads format 1"):
        decode(data)
