"""What a measured figure says of a suspicion."""

import math

import pytest

from convalesce import core
from convalesce.readings.spoken import spoken, tells

FOR, AGAINST, NEITHER = core.Speaks.FOR, core.Speaks.AGAINST, core.Speaks.NEITHER


def figure(value: float, low: float | None = None, high: float | None = None) -> core.Figure:
    return core.Figure(value, value if low is None else low, value if high is None else high, "1")


def curvature(ratio: float, *, converged: bool = True) -> core.Sharpness:
    return core.Sharpness(
        figure=figure(ratio),
        threshold=1.0,
        ratio=ratio,
        converged=converged,
        products=9,
        preconditioned=False,
        normalisation="batch",
        examples=256,
        says="",
    )


@pytest.mark.parametrize(
    ("cause", "found", "speaks"),
    [
        ("hp.lr_high", curvature(3.0), FOR),
        ("hp.lr_high", curvature(3.0, converged=False), NEITHER),
        ("hp.lr_high", curvature(0.3), NEITHER),
        ("arch.exploding_gradient", curvature(math.nan), NEITHER),
        ("hp.lr_low", curvature(3.0), NEITHER),
        ("hp.lr_low", curvature(1e-5), FOR),
    ],
)
def test_the_curvature_speaks_for_a_rate_beyond_what_it_bears(
    cause: str, found: core.Sharpness, speaks: core.Speaks
) -> None:
    assert spoken(cause, found, 0.5).speaks is speaks


@pytest.mark.parametrize(
    ("fits", "blind", "learned", "labels", "rate"),
    [
        (True, False, 0.0, FOR, AGAINST),
        (False, False, 0.0, AGAINST, FOR),
        (True, True, 0.0, AGAINST, FOR),
        (True, False, 0.9, NEITHER, NEITHER),
    ],
)
def test_a_batch_learnt_by_heart_lays_the_blame_on_the_data(
    fits: bool,  # noqa: FBT001
    blind: bool,  # noqa: FBT001
    learned: float,
    labels: core.Speaks,
    rate: core.Speaks,
) -> None:
    found = core.Memorised(
        figure=figure(0.9),
        start=2.3,
        reached=0.1,
        control=1.9,
        fits=fits,
        control_fits=blind,
        rows=32,
        steps=200,
        needed=90,
        says="",
    )
    assert spoken("data.labels", found, learned).speaks is labels
    assert spoken("hp.lr_high", found, learned).speaks is rate


def noise(value: float, high: float, batch: int) -> core.NoiseScale:
    return core.NoiseScale(
        figure=figure(value, 0.0, high), signal=1.0, noise=value, batch=batch, gradients=16, says=""
    )


def test_a_batch_beyond_the_noise_scale_is_larger_than_it_need_be() -> None:
    assert spoken("hp.batch_large", noise(20.0, 60.0, 512), 0.5).speaks is FOR
    assert spoken("hp.batch_large", noise(20.0, 600.0, 512), 0.5).speaks is NEITHER
    assert spoken("hp.batch_small", noise(200.0, 600.0, 2), 0.5).speaks is NEITHER


def test_what_can_tell_nothing_is_not_asked() -> None:
    assert tells(core.Instrument.MEMORISE, 0.0) and not tells(core.Instrument.MEMORISE, 0.6)
    assert not tells(core.Instrument.MEMORISATION_SPEED, 0.0)
    assert tells(core.Instrument.SHARPNESS, 0.0)
