import math

import numpy as np
import pytest

from convalesce import core
from convalesce.readings import data_reading, differences, entrance, specimen


def test_labels_are_those_of_one_class_an_example() -> None:
    assert data_reading.labels_of(specimen.split(specimen.targets((3, 5)))) is not None
    masks = specimen.split(specimen.targets((900, 100), "mask_binary"), examples=10)
    assert data_reading.labels_of(masks) is None
    assert data_reading.labels_of(None) is None


def test_shares_sum_to_one_and_refuse_counts_without_sense() -> None:
    assert data_reading.shares((1, 3)) == (0.25, 0.75)
    assert data_reading.shares(()) == ()
    assert data_reading.shares((0, 0)) == ()
    assert data_reading.shares((5, -2)) == ()


def measured(labels: np.ndarray) -> core.Targets:
    counts = tuple(int(n) for n in np.bincount(labels))
    return specimen.targets(counts, adjacency=float((labels[1:] == labels[:-1]).mean()))


def test_sortedness_is_one_in_class_order_and_near_zero_in_random_order() -> None:
    labels = np.repeat(np.arange(4), 250)
    assert data_reading.sortedness(measured(labels)) == pytest.approx(1, abs=0.01)
    mixed = np.random.default_rng(0).permutation(labels)
    assert data_reading.sortedness(measured(mixed)) == pytest.approx(0, abs=0.1)


def test_runs_count_the_blocks_of_equal_labels() -> None:
    labels = np.repeat([0, 1, 2, 0, 1, 2], 50)
    assert data_reading.runs(measured(labels), len(labels)) == pytest.approx(6)


def test_togetherness_of_random_batches_is_that_of_chance_on_average() -> None:
    rng = np.random.default_rng(1)
    shares = (0.7, 0.2, 0.1)
    batches = rng.multinomial(32, shares, size=3000).astype(np.float64)
    alike, chance, shown = data_reading.togetherness(batches, shares)
    assert chance == pytest.approx(0.54)
    assert alike == pytest.approx(chance, abs=0.01)
    assert shown == 32 * 3000


def test_togetherness_of_batches_of_one_class_is_one() -> None:
    batches = np.array([[32.0, 0.0], [0.0, 32.0]])
    assert data_reading.togetherness(batches, (0.5, 0.5))[0] == 1


def test_the_noise_of_class_shares_bounds_what_random_splits_show() -> None:
    rng = np.random.default_rng(2)
    distances = []
    for _ in range(300):
        first, second = (rng.multinomial(n, [0.1] * 10) / n for n in (800, 200))
        distances.append(0.5 * np.abs(first - second).sum())
    noise = data_reading.noise_of_distance(10, 800, 200)
    assert np.mean(distances) == pytest.approx(noise, rel=0.1)


def test_the_error_of_a_shift_is_that_of_two_means() -> None:
    rng = np.random.default_rng(3)
    shifts = [rng.normal(size=400).mean() - rng.normal(size=100).mean() for _ in range(500)]
    assert np.std(shifts) == pytest.approx(data_reading.error_of_shift(400, 100), rel=0.15)
    assert data_reading.error_of_shift(0, 100) == math.inf


@pytest.mark.parametrize("values", [200, 2_000, 20_000])
def test_repeats_by_chance_are_those_of_a_fresh_sample_of_equally_common_values(
    values: int,
) -> None:
    rng = np.random.default_rng(4)
    train = rng.integers(0, values, 4000)
    within = 1 - len(np.unique(train)) / len(train)
    fresh = np.isin(rng.integers(0, values, 20_000), train).mean()
    assert data_reading.repeats_by_chance(within) == pytest.approx(fresh, abs=0.02)


def test_repeats_by_chance_bound_those_of_unequally_common_values() -> None:
    rng = np.random.default_rng(5)
    train = rng.zipf(1.3, 4000)
    within = 1 - len(np.unique(train)) / len(train)
    fresh = np.isin(rng.zipf(1.3, 20_000), train).mean()
    assert fresh < data_reading.repeats_by_chance(within)


def test_beyond_grows_from_a_half_towards_one() -> None:
    assert data_reading.beyond(2, 2) == 0.5
    assert data_reading.beyond(4, 2) == 0.75
    assert data_reading.beyond(math.inf, 2) == 1
    assert data_reading.beyond(math.nan, 2) == 0.5


def test_inputs_are_read_as_fed_where_a_pipeline_changes_them() -> None:
    raw = specimen.inputs(maximum=(255.0,), mean=(73.0,), std=(90.0,))
    remark = "Scanned at the source, before `map`."
    source = specimen.split(specimen.targets((5, 5)), raw, remarks=(remark,))
    fed = specimen.split(specimen.targets((5, 5)))
    assert data_reading.as_fed(source, fed) == fed.inputs
    assert data_reading.as_fed(source, None) == ()
    plain = specimen.split(specimen.targets((5, 5)), raw)
    assert data_reading.as_fed(plain, None) == plain.inputs


def test_splits_drawn_alike_show_no_difference() -> None:
    split = specimen.split(specimen.targets((500, 500)))
    across = core.Across(role="validation", shift=(0.03,), spread=(1.02,), distance=1.02)
    assert list(differences.differences(split, split, across)) == []


def test_another_scale_is_a_sure_difference_and_drift_of_a_series_is_none() -> None:
    pictures = specimen.split(specimen.targets((500, 500)))
    across = core.Across(role="validation", shift=(1.1,), spread=(0.5,))
    assert all(d.sure for d in differences.differences(pictures, pictures, across))
    series = specimen.split(
        specimen.targets((), "continuous"), specimen.inputs("sequence", (48, 1)), examples=900
    )
    assert not any(d.sure for d in differences.differences(series, series, across))


def test_few_examples_shift_by_chance() -> None:
    few = specimen.split(specimen.targets((8, 8)))
    across = core.Across(role="validation", shift=(1.1,), spread=(2.2,))
    assert list(differences.differences(few, few, across)) == []


def test_inputs_that_became_equal_are_a_sure_difference() -> None:
    train = specimen.split(specimen.targets((200, 200)))
    other = specimen.split(
        specimen.targets((200, 200)), duplicates=core.Duplicates(exact=380, compared=400)
    )
    found = list(differences.differences(train, other, core.Across(role="validation")))
    assert [d.what for d in found] == ["95% of them are copies of one another"]
    assert found[0].sure


def test_the_hold_out_loss_is_held_against_that_of_validation() -> None:
    history = core.History(metrics={"val_loss": (0.4, 0.1)})
    calls = tuple(core.Evaluation(metrics={"loss": loss}) for loss in (0.11, 0.8))
    both = core.Evaluations(calls=calls)
    assert data_reading.hold_out_loss(both, history, None) == pytest.approx(8)
    assert math.isnan(data_reading.hold_out_loss(core.Evaluations(), history, None))
    answers = core.Predictions(role="validation", examples=9, baseline_loss=100.0)
    assert data_reading.hold_out_loss(both, history, answers) == 1


@pytest.mark.parametrize(
    ("kinds", "meets"),
    [
        (("InputLayer", "Flatten", "Dense"), True),
        (("RandomFlip", "Conv2D", "ReLU"), True),
        (("Rescaling", "Conv2D"), False),
        (("Conv2D", "BatchNormalization"), False),
        (("Embedding", "LSTM"), False),
        (("UsersOwnScaling", "Dense"), False),
        (("InputLayer", "InputLayer", "Dense"), False),
    ],
)
def test_inputs_meet_a_kernel_unless_something_brings_them_to_scale(
    kinds: tuple[str, ...], *, meets: bool
) -> None:
    layers = tuple(core.Layer(name=k, path=k, kind=k) for k in kinds)
    model = core.Model(name="m", style="functional", layers=layers, outputs=())
    assert entrance.meets_a_kernel(model) is meets
