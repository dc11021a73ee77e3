"""DropNonfinite, DropRows, DropFeature, Deduplicate, Shuffle, Resplit, CollectData, HoldOut,
LearnFromValidation."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from convalesce import core
from convalesce.lab.apply import apply
from convalesce.lab.dealing import deal
from tests.lab.apply.examples import blobs, setting


def test_rows_that_are_not_finite_go_from_every_split() -> None:
    x, y = blobs()
    holed = x.copy()
    holed[3, 1], holed[9, 0] = np.nan, np.inf
    made = apply(core.DropNonfinite(), setting((holed, y), (holed[:6], y[:6])))
    assert made.train.count == len(x) - 2
    assert made.validation is not None and made.validation.count == 5
    assert np.array_equal(made.train.y, np.delete(y, [3, 9]))


def test_without_nan_there_is_nothing_to_drop() -> None:
    with pytest.raises(core.CannotChange, match="no training or validation example holds NaN"):
        apply(core.DropNonfinite(), setting(blobs()))


def test_where_every_row_holds_nan_the_reason_says_to_impute() -> None:
    x, y = blobs()
    x[:, 0] = np.nan
    with pytest.raises(core.CannotChange, match="none would be left; impute them"):
        apply(core.DropNonfinite(), setting((x, y)))


def test_rows_with_a_stand_in_for_their_target_go() -> None:
    x, _ = blobs()
    y = np.linspace(0, 1, len(x)).astype(np.float32)
    y[[2, 5]] = -999.9
    made = apply(core.DropRows(float(y[2])), setting((x, y), form="continuous"))
    assert made.train.count == len(x) - 2
    assert float(made.train.y.min()) >= 0


def test_a_stand_in_that_is_not_there_is_refused() -> None:
    with pytest.raises(core.CannotChange, match="has -999 for its target"):
        apply(core.DropRows(-999), setting(blobs()))


def test_the_telltale_feature_and_its_copy_tell_nothing_any_more() -> None:
    x, y = blobs()
    x[:, 5] = y
    x[:, 2] = 3 * y + 1
    made = apply(core.DropFeature("feature 5"), setting((x, y), (x[:9], y[:9])))
    assert made.validation is not None
    for split in (made.train, made.judged, made.validation):
        assert (split.x[:, 5] == split.x[0, 5]).all()
        assert (split.x[:, 2] == split.x[0, 2]).all()
    assert made.train.x[0, 5] == pytest.approx(y.mean(), abs=1e-4)
    assert np.array_equal(made.train.x[:, 0], x[:, 0])
    assert np.array_equal(x[:, 5], y)


@pytest.mark.parametrize(
    ("where", "blank", "kept"),
    [
        ("pixel (1, 1), channel 0", (2, 2, 0), (4, 4, 0)),
        ("pixels of the 2 by 2 field at (2, 2), channel 1", (5, 5, 1), (6, 6, 1)),
        ("pixels of the 2 by 2 field at (2, 2), channel 1", (0, 0, 1), (2, 2, 0)),
    ],
)
def test_a_telltale_pixel_goes_with_its_neighbours(
    where: str, blank: tuple[int, ...], kept: tuple[int, ...]
) -> None:
    x = np.random.default_rng(0).integers(0, 256, (30, 8, 8, 2)).astype(np.uint8)
    made = apply(core.DropFeature(where), setting((x, np.arange(30) % 2), kind="image"))
    assert len(np.unique(made.train.x[:, *blank])) == 1
    assert len(np.unique(made.train.x[:, *kept])) > 1
    assert made.train.x.dtype == np.uint8


def test_pixels_that_spell_out_the_class_all_go() -> None:
    draw = np.random.default_rng(0)
    y = draw.integers(0, 4, 200)
    x = draw.random((200, 6, 6, 1)).astype(np.float32)
    x[:, 0, :4, 0] = np.eye(4)[y]
    where = "pixel (0, 0), channel 0 and 3 more, one for each class"
    made = apply(core.DropFeature(where), setting((x, y), kind="image"))
    assert (made.train.x[:, 0, :4] == made.train.x[0, 0, :4]).all()


def test_a_position_of_tokens_gets_the_commonest() -> None:
    x = np.random.default_rng(0).integers(1, 9, (50, 4))
    x[:, 2] = [7] * 30 + [8] * 20
    made = apply(core.DropFeature("position 2"), setting((x, x[:, 2] - 7), kind="tokens"))
    assert (made.train.x[:, 2] == 7).all()


def test_a_place_that_the_inputs_do_not_have_is_refused() -> None:
    with pytest.raises(core.CannotChange, match=r"pixel \(9, 9\) is no place in inputs of shape"):
        apply(core.DropFeature("pixel (9, 9)"), setting(blobs()))


def test_training_rows_that_stand_in_validation_go_and_validation_stays() -> None:
    x, y = blobs()
    plain = setting((x, y), (x[10:30], y[10:30]))
    made = apply(core.Deduplicate(), plain)
    assert np.array_equal(made.train.x, np.delete(x, np.s_[10:30], 0))
    assert made.validation is plain.validation


def test_nearly_equal_pictures_go_too() -> None:
    draw = np.random.default_rng(0)
    x = draw.random((40, 24, 24, 1)).astype(np.float32)
    near = x[:6] + draw.normal(0, 0.001, x[:6].shape).astype(np.float32)
    made = apply(
        core.Deduplicate(), setting((x, np.arange(40) % 2), (near, np.arange(6) % 2), kind="image")
    )
    assert np.array_equal(made.train.x, x[6:])


def test_copies_that_contradict_each_other_all_go() -> None:
    x = np.random.default_rng(0).random((20, 8, 8, 1))
    x[7] = x[3]
    made = apply(core.Deduplicate(), setting((x, np.arange(20)), kind="image"))
    assert list(made.train.y) == [n for n in range(20) if n not in (3, 7)]


def test_without_copies_there_is_nothing_to_drop() -> None:
    with pytest.raises(core.CannotChange, match="no training example stands in validation"):
        apply(core.Deduplicate(), setting(blobs(), blobs(seed=1)))


def test_shuffle_gives_a_new_order_each_epoch() -> None:
    plain = setting(blobs(), shuffled=False)
    made = apply(core.Shuffle(), plain)
    assert made.train.shuffled and not plain.train.shuffled
    assert made.train.x is plain.train.x


def test_what_is_shuffled_already_is_not_shuffled_again() -> None:
    with pytest.raises(core.CannotChange, match="shuffles the training examples already"):
        apply(core.Shuffle(), setting(blobs()))


def test_a_validation_split_cut_in_class_order_is_dealt_anew() -> None:
    x, y = blobs(300)
    x, y = x[np.argsort(y)], np.sort(y)
    plain = setting((x[:240], y[:240]), (x[240:], y[240:]), validated_by="split")
    made = apply(core.Shuffle(), plain)
    assert made.validation is not None
    assert np.bincount(made.validation.y).tolist() == [20, 20, 20]
    assert made.train.count == 240
    pool = np.concatenate([made.train.x, made.validation.x])
    assert np.array_equal(np.sort(pool, 0), np.sort(x, 0))
    assert made.train.batch == plain.train.batch


def test_a_validation_split_of_the_user_s_own_is_not_touched_by_shuffle() -> None:
    x, y = blobs(300)
    x, y = x[np.argsort(y)], np.sort(y)
    plain = setting((x[:240], y[:240]), (x[240:], y[240:]), shuffled=False)
    assert apply(core.Shuffle(), plain).validation is plain.validation


def test_a_new_split_leaves_nothing_on_both_sides() -> None:
    x, y = blobs(200)
    plain = setting((x, y), (x[:50], y[:50]))
    made = apply(core.Resplit(), plain)
    assert made.validation is not None
    ours = {row.tobytes() for row in made.train.x}
    theirs = [row.tobytes() for row in made.validation.x]
    assert not ours & set(theirs)
    assert len(set(theirs)) == len(theirs)
    assert ours | set(theirs) == {row.tobytes() for row in x}


@given(
    st.lists(st.integers(1, 30), min_size=1, max_size=6), st.floats(0.05, 0.9), st.integers(0, 99)
)
def test_each_group_is_dealt_in_its_share(counts: list[int], share: float, seed: int) -> None:
    groups = np.repeat(np.arange(len(counts)), counts)
    size = int(share * len(groups))
    first, second = deal(groups, size, seed)
    assert len(second) == size
    assert sorted([*first, *second]) == list(range(len(groups)))
    for group, count in enumerate(counts):
        assert abs((groups[second] == group).sum() - count * size / len(groups)) < 1


def test_more_examples_can_t_be_made_by_an_experiment() -> None:
    with pytest.raises(core.CannotChange, match="240 examples, and 4 times as many can't be made"):
        apply(core.CollectData(4), setting(blobs()))


def test_a_share_of_the_training_examples_is_held_out_and_not_trained_on() -> None:
    x, y = blobs()
    made = apply(core.HoldOut(0.2), setting((x, y), (x[:9] + 1, y[:9])))
    assert made.validation is not None
    assert (made.train.count, made.validation.count) == (192, 48)
    assert np.array_equal(made.judged.x, made.train.x)
    assert made.judged is not made.train  # what was recorded of the user's data no longer holds
    together = np.concatenate([made.train.x, made.validation.x])
    assert np.array_equal(np.unique(together, axis=0), np.unique(x, axis=0))


def test_half_of_the_validation_examples_teach_for_as_many_updates_and_the_others_judge() -> None:
    x, y = blobs()
    held_x, held_y = blobs(seed=1, count=90)
    before = setting((x, y), (held_x, held_y))
    made = apply(core.LearnFromValidation(), before)
    assert made.validation is not None
    assert made.steps_per_epoch == before.steps_per_epoch
    assert made.judged.count == made.validation.count == 45
    taught = {row.tobytes() for row in made.train.x}
    assert taught == {row.tobytes() for row in made.judged.x}
    assert taught.isdisjoint({row.tobytes() for row in made.validation.x})
    assert taught <= {row.tobytes() for row in held_x}
    assert np.bincount(made.validation.y).tolist() == [15, 15, 15]


@pytest.mark.parametrize("held", [None, (39, 0), (90, 60)])
def test_too_few_validation_examples_or_copies_of_a_few_teach_nothing(
    held: tuple[int, int] | None,
) -> None:
    split = None
    if held is not None:
        x, y = blobs(seed=1, count=held[0])
        x[: held[1]], y[: held[1]] = x[0], y[0]
        split = (x, y)
    with pytest.raises(core.CannotChange, match="validation examples"):
        apply(core.LearnFromValidation(), setting(blobs(), split))
