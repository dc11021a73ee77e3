"""The reading of curves: known shapes give known readings, and no shape raises."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from convalesce import core
from convalesce.readings import curves

EPOCHS = np.arange(1, 21)
ANY = st.lists(st.floats(width=64) | st.sampled_from([math.nan, math.inf, 0.0, 1e308]), max_size=40)


def _targets(form: core.TargetForm, **values: object) -> core.Split:
    targets = core.Targets(name="y", shape=(), dtype="int64", form=form, **values)  # type: ignore[arg-type]
    return core.Split(
        role="train",
        source="arrays",
        examples=100,
        scanned=100,
        whole=True,
        inputs=(),
        targets=(targets,),
    )


def _setup(loss: str) -> core.Setup:
    return core.Setup(losses=(core.Loss(name=loss),), optimizer=None)


@given(ANY, st.floats())
def test_no_curve_raises(values: list[float], start: float) -> None:
    curves.noise(values)
    curves.ending(values)
    curves.oscillation(values)
    curves.excess(values)
    curves.blocks(values)
    read = curves.fall(values, start)
    assert read is None or math.isfinite(read.pace)


@given(ANY, st.integers(-3, 50) | st.none())
def test_no_series_raises(values: list[float], period: int | None) -> None:
    series = core.Series(np.arange(len(values)), np.asarray(values, np.float64))
    share = curves.saw_tooth(series, period)
    assert math.isnan(share) or 0 <= share <= 1
    assert len(curves.of_kernels(series)) == len(values)


def test_a_straight_fall_has_pace_one() -> None:
    read = curves.fall(2.0 - 0.05 * EPOCHS, start=2.0)
    assert read is not None
    assert read.pace == pytest.approx(1.0)
    assert read.sure


@pytest.mark.parametrize("constants", [0.5, 1.0, 2.0, 3.0])
def test_an_exponential_approach_has_the_pace_of_its_time_constants(constants: float) -> None:
    epochs = np.arange(1, 61)
    read = curves.fall(np.exp(-constants * epochs / 60), start=1.0)
    assert read is not None
    middle = constants * 5 / 6  # the slope is that of the middle of the last third
    expected = constants * math.exp(-middle) / (1 - math.exp(-constants))
    assert read.pace == pytest.approx(expected, rel=0.05)


def test_a_plateau_has_no_pace_and_is_seldom_sure() -> None:
    rng = np.random.default_rng(0)
    reads = [curves.fall(1.0 + rng.normal(0, 0.01, 60), start=2.0) for _ in range(100)]
    assert all(read is not None and abs(read.pace) < 0.1 for read in reads)
    assert sum(read is not None and read.sure for read in reads) < 15


def test_the_noise_of_a_falling_curve_is_that_of_its_points() -> None:
    rng = np.random.default_rng(1)
    curve = np.linspace(3, 1, 400) + rng.normal(0, 0.1, 400)
    assert curves.noise(curve) == pytest.approx(0.1, rel=0.2)


def test_noise_cannot_be_told_from_three_values() -> None:
    assert curves.noise([3.0, 2.0, 1.0]) == math.inf
    assert not curves.trend([3.0, 2.0, 1.0]).falling


def test_a_slope_is_robust_to_one_wild_value() -> None:
    curve = -0.5 * np.arange(15.0)
    curve[7] = 1e6
    assert curves.trend(curve).slope == pytest.approx(-0.5, rel=0.01)


def test_a_curve_that_only_falls_does_not_oscillate_and_one_that_swings_does() -> None:
    assert curves.oscillation([3, 2, 1]) == 0
    assert curves.oscillation([1, 2, 3]) == 1
    assert curves.oscillation([2, 1, 2, 1, 2]) == 2


def test_excess_is_the_rise_above_the_best() -> None:
    assert curves.excess([1.0, 0.5, 0.75]) == pytest.approx(0.5)
    assert math.isnan(curves.excess([1.0, -0.5]))


def test_class_ordered_batches_saw_tooth_and_shuffled_ones_do_not() -> None:
    steps = np.arange(200)
    rng = np.random.default_rng(2)
    falling = 2 - steps / 200
    sawing = core.Series(steps, falling + 0.5 * ((steps % 20) / 20) + rng.normal(0, 0.01, 200))
    calm = core.Series(steps, falling + rng.normal(0, 0.1, 200))
    assert curves.saw_tooth(sawing, 20) > 0.8
    assert curves.saw_tooth(calm, 20) < 0.3


def test_biases_do_not_count_among_kernels() -> None:
    series = core.Series(
        np.arange(2),
        np.array([[1e-3, 900.0, 3e-3], [2e-3, np.inf, np.nan]]),
        ("net/conv/kernel", "net/conv/bias", "net/out/kernel"),
    )
    assert curves.of_kernels(series).tolist() == pytest.approx([2e-3, 2e-3])


def test_chance_of_cross_entropy_is_the_entropy_of_the_classes() -> None:
    loss = curves.chance_loss(
        _setup("sparse_categorical_crossentropy"), _targets("class_index", counts=(25,) * 4)
    )
    assert loss == pytest.approx(math.log(4))
    loss = curves.chance_loss(
        _setup("binary_crossentropy"), _targets("multi_hot", column_mean=(0.5, 0.5))
    )
    assert loss == pytest.approx(math.log(2))


def test_chance_of_binary_cross_entropy_on_one_hot_rows_is_that_of_their_columns() -> None:
    loss = curves.chance_loss(_setup("binary_crossentropy"), _targets("one_hot", counts=(10,) * 10))
    assert loss == pytest.approx(-0.1 * math.log(0.1) - 0.9 * math.log(0.9))


@given(st.floats(1e-6, 1e6), st.integers(0, 99))
def test_how_a_curve_fell_does_not_depend_on_its_unit(unit: float, seed: int) -> None:
    curve = np.exp(-EPOCHS / 7) * np.random.default_rng(seed).normal(1, 0.02, len(EPOCHS))
    plain, scaled = curves.fall(curve, 1.0), curves.fall(unit * curve, unit)
    assert plain is not None and scaled is not None
    assert scaled.pace == pytest.approx(plain.pace)
    assert (scaled.sure, scaled.best_at) == (plain.sure, plain.best_at)
    assert curves.oscillation(unit * curve) == pytest.approx(curves.oscillation(curve))
    assert curves.excess(unit * curve) == pytest.approx(curves.excess(curve))


def test_chance_of_squared_error_is_the_variance() -> None:
    loss = curves.chance_loss(_setup("mean_squared_error"), _targets("continuous", std=3.0))
    assert loss == pytest.approx(9.0)


def test_chance_of_an_unknown_loss_is_not_known() -> None:
    assert math.isnan(curves.chance_loss(_setup("my_loss"), _targets("continuous", std=3.0)))
    assert math.isnan(curves.chance_loss(None, None))


def test_skill_is_the_best_of_what_is_known() -> None:
    answers = core.Predictions(
        role="train", examples=9, loss=1.5, baseline_loss=1.0, accuracy=0.9, baseline_accuracy=0.5
    )
    assert curves.skill(answers) == pytest.approx(0.8)
    assert math.isnan(curves.skill(None))


def test_a_loss_without_a_lower_bound_is_no_skill() -> None:
    signed = core.Predictions(
        role="validation", examples=9, loss=-9e7, baseline_loss=0.67, accuracy=0.6,
        baseline_accuracy=0.6,
    )  # fmt: skip
    assert curves.skill(signed) == 0.0
    density = core.Predictions(role="validation", examples=9, loss=-0.5, baseline_loss=1.0)
    assert curves.skill(density) == 1.5


def test_progress_falls_back_on_the_curve_without_its_penalty() -> None:
    signals = core.record(
        {
            core.HISTORY: core.History(metrics={"loss": (3.0, 1.6)}),
            core.SETUP: _setup("mean_squared_error"),
            core.TRAIN: _targets("continuous", std=2.0),
            core.PENALTY: [1.0, 0.6],
            core.LOSS: [5.5, 1.6],
        }
    ).only((), curves.PROGRESS)
    read = curves.progress(signals)
    assert read.chance == pytest.approx(4.0)
    assert read.start == pytest.approx(5.0)
    assert read.end == pytest.approx(1.0)
    assert read.skill == pytest.approx(0.75)
