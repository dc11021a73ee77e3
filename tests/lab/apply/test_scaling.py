"""Normalize, Rescale, StandardizeTargets, UnifyPreprocessing."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from convalesce import core
from convalesce.lab.apply import apply
from tests.lab.apply.examples import blobs, setting

DRAW = np.random.default_rng(3)
PICTURES = DRAW.integers(0, 256, (40, 6, 6, 3)).astype(np.uint8)
PICTURES[..., 0] //= 4
PICTURES[:, :3] //= 2
LABELS = np.arange(40) % 2


def test_normalize_gives_each_channel_of_training_mean_0_and_deviation_1() -> None:
    made = apply(core.Normalize(), setting((PICTURES, LABELS), kind="image"))
    channels = made.train.x.reshape(-1, 3)
    assert np.allclose(channels.mean(0), 0, atol=1e-5)
    assert np.allclose(channels.std(0), 1, atol=1e-5)
    assert np.array_equal(made.judged.x, made.train.x)


def test_normalize_is_fitted_on_the_training_rows_alone() -> None:
    x, y = blobs()
    plain = setting((x, y), (x[:20] + 5, y[:20]))
    made = apply(core.Normalize(), plain)
    expected = (x[:20] + 5 - x.mean(0)) / x.std(0)
    assert made.validation is not None
    assert np.allclose(made.validation.x, expected, atol=1e-4)
    other = apply(core.Normalize(), setting((x, y), (x[:20] * 100, y[:20])))
    assert np.array_equal(made.train.x, other.train.x)


def test_normalize_looks_past_nan_and_leaves_a_constant_feature_finite() -> None:
    x, y = blobs()
    x[3, 0] = np.nan
    x[:, 1] = 7
    made = apply(core.Normalize(), setting((x, y)))
    assert np.isfinite(np.delete(made.train.x, 3, 0)).all()
    assert (made.train.x[:, 1] == 0).all()
    assert x[0, 1] == 7  # the arrays that were given are as they were


def test_a_picture_without_a_channel_axis_is_normalised_as_one_channel() -> None:
    flat = PICTURES[..., 1]
    made = apply(core.Normalize(), setting((flat, LABELS), kind="image"))
    assert np.allclose(made.train.x, (flat - flat.mean()) / flat.std(), atol=1e-5)


def test_tokens_are_not_normalised() -> None:
    x = DRAW.integers(0, 50, (20, 8))
    with pytest.raises(core.CannotChange, match="tokens or text"):
        apply(core.Normalize(), setting((x, np.arange(20) % 2), kind="tokens"))


def test_rescale_changes_every_split() -> None:
    plain = setting((PICTURES, LABELS), (PICTURES[:4], LABELS[:4]), kind="image")
    made = apply(core.Rescale(1 / 255, -0.5), plain)
    assert made.validation is not None
    assert np.allclose(made.train.x, PICTURES / 255 - 0.5)
    assert np.allclose(made.validation.x, PICTURES[:4] / 255 - 0.5)
    assert made.train.x.dtype == np.float32
    assert plain.train.x.dtype == np.uint8


def test_changed_training_data_are_told_apart_from_those_that_were_scanned() -> None:
    plain = setting((PICTURES, LABELS), kind="image")
    assert plain.train is plain.judged
    made = apply(core.Rescale(1 / 255), plain)
    assert made.train is not made.judged


@given(st.integers(2, 40), st.floats(-1e4, 1e4), st.floats(0.1, 1e4))
def test_targets_are_standardised_by_training(count: int, mean: float, spread: float) -> None:
    y = np.linspace(-1, 1, count) * spread + mean
    made = apply(
        core.StandardizeTargets(), setting((y[:, None], y), (y[:1, None], y[:1]), form="continuous")
    )
    assert abs(float(made.train.y.mean())) < 1e-4
    assert float(made.train.y.std()) == pytest.approx(1, abs=1e-3)
    assert made.validation is not None
    assert made.validation.y[0] == pytest.approx(made.train.y[0])


def test_classes_are_not_standardised() -> None:
    with pytest.raises(core.CannotChange, match="no figures but class_index"):
        apply(core.StandardizeTargets(), setting(blobs()))


MAPS = {
    "bytes against 0 to 1": lambda v: v / 255,
    "-1 to 1": lambda v: v / 127.5 - 1,
    "swapped channels": lambda v: v[..., ::-1],
    "swapped channels, scaled": lambda v: v[..., ::-1] / 255,
    "standardised": lambda v: (v - v.mean((0, 1, 2))) / v.std((0, 1, 2)),
    "inverted": lambda v: 255 - v,
    "transposed": lambda v: v.swapaxes(1, 2),
}


@pytest.mark.parametrize("name", MAPS)
def test_validation_is_brought_to_the_preprocessing_of_training(name: str) -> None:
    theirs = DRAW.permutation(PICTURES).astype(np.float32)
    plain = setting(
        (PICTURES.astype(np.float32), LABELS), (MAPS[name](theirs), LABELS), kind="image"
    )
    made = apply(core.UnifyPreprocessing(), plain)
    assert made.validation is not None
    assert np.allclose(made.validation.x, theirs, atol=0.5)
    assert made.train.x is plain.train.x


def test_what_no_affine_map_mends_is_refused() -> None:
    x, y = blobs()
    with pytest.raises(core.CannotChange, match="no scale and offset"):
        apply(core.UnifyPreprocessing(), setting((x, y), (np.sign(x - x.mean(0)), y)))


def test_splits_that_are_alike_are_left_alone() -> None:
    x, y = blobs()
    with pytest.raises(core.CannotChange, match="the same scale already"):
        apply(core.UnifyPreprocessing(), setting((x, y), blobs(seed=1)))


def test_splits_of_tokens_have_no_scale_to_unify() -> None:
    x = DRAW.integers(0, 50, (20, 8))
    y = np.arange(20) % 2
    with pytest.raises(core.CannotChange, match="one vocabulary"):
        apply(core.UnifyPreprocessing(), setting((x, y), (x, y), kind="tokens"))
