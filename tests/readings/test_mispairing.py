"""Wrong pairs, planted into clouds of points whose neighbours are really looked up."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from convalesce.core import (
    Across,
    Neighbours,
    Predictions,
    Split,
)
from convalesce.readings.mispairing import Mispairing, agreement, mispairings
from convalesce.readings.specimen import split, targets

CLASSES, K = 5, 5
Array = NDArray[Any]


def cloud(rng: np.random.Generator, count: int, spread: float) -> tuple[Array, Array]:
    """Points around one centre a class; `spread` 0.9 leaves classes that overlap."""
    centres = np.random.default_rng(7).normal(size=(CLASSES, 6))
    own = rng.integers(0, CLASSES, count)
    return centres[own] + spread * rng.normal(size=(count, 6)), own


def looked_up(x: Array, y: Array, pool_x: Array, pool_y: Array) -> Neighbours:
    far = (x**2).sum(1)[:, None] + (pool_x**2).sum(1) - 2 * x @ pool_x.T
    if x is pool_x:
        np.fill_diagonal(far, np.inf)
    theirs = pool_y[np.argpartition(far, K, 1)[:, :K]]
    equal = (theirs == y[:, None]).mean(1)
    table = np.full((CLASSES, CLASSES), 1e-9)
    np.add.at(table, (np.repeat(y, K), theirs.reshape(-1)), 1)
    share = np.bincount(pool_y, minlength=CLASSES) / len(pool_y)
    return Neighbours(
        sample=len(x),
        agreement=float(equal.mean()),
        expected=float(share[y].mean()),
        segments=tuple(float(part.mean()) for part in np.array_split(equal, 8)),
        confusion=tuple(tuple(map(float, row / row.sum())) for row in table),
    )


def found(  # noqa: PLR0913 - what can be planted
    *,
    spread: float = 0.4,
    noise: float = 0.0,
    noise_there: float = 0.0,
    shuffled: str = "",
    slip: float = 1.0,
    step: int = 0,
    scores: tuple[float, float] = (0.9, 0.9),
    seed: int = 0,
) -> list[Mispairing]:
    rng = np.random.default_rng(seed)
    (x, y), (xv, yv) = cloud(rng, 1200, spread), cloud(rng, 400, spread)
    for labels, share in ((y, noise), (yv, noise_there)):
        hit = rng.random(len(labels)) < share
        labels[hit] = rng.integers(0, CLASSES, int(hit.sum()))
    if shuffled in {"train", "both"}:
        y = rng.permutation(y)
    if shuffled in {"validation", "both"}:
        yv = rng.permutation(yv)
    cut = int(slip * len(y))
    y[cut:] = np.roll(y[cut:], 1)
    yv = (yv + step) % CLASSES
    counts = tuple(int(n) for n in np.bincount(y, minlength=CLASSES))
    train: Split = split(targets(counts), neighbours=looked_up(x, y, x, y))
    held = replace(train, role="validation", neighbours=looked_up(xv, yv, xv, yv))
    across = Across(role="validation", neighbours=looked_up(xv, yv, x, y))
    answers = (
        Predictions(role="train", examples=1200, accuracy=scores[0], baseline_accuracy=0.22),
        Predictions(role="validation", examples=400, accuracy=scores[1], baseline_accuracy=0.22),
    )
    return list(mispairings(train, held, across, answers))


@pytest.mark.parametrize("spread", [0.1, 0.4, 0.9, 1.5, 4.0])
@pytest.mark.parametrize("seed", range(4))
def test_right_pairs_are_left_alone_however_much_the_classes_overlap(
    spread: float, seed: int
) -> None:
    assert found(spread=spread, seed=seed) == []


@pytest.mark.parametrize("noise", [0.1, 0.3])
def test_labels_as_doubtful_in_both_splits_are_left_alone(noise: float) -> None:
    assert found(noise=noise, noise_there=noise) == []


@pytest.mark.parametrize("noise", [0.3, 0.5])
def test_noise_in_training_alone_is_measured(noise: float) -> None:
    (sign,) = found(noise=noise, scores=(0.6, 0.8))
    said = float(sign.says.split("about ")[1].split(" %")[0])
    assert said == pytest.approx(100 * noise, abs=4)
    assert sign.firm
    assert not sign.grave


def test_noise_that_the_model_does_not_bear_out_stays_a_suspicion() -> None:
    (sign,) = found(noise=0.4, scores=(0.95, 0.7))
    assert not sign.firm


def test_a_class_of_a_few_examples_tells_nothing_about_pairs() -> None:
    # Digits, of whose eights ten are among 1090 training examples and sixty in validation.
    rare = Neighbours(sample=1090, agreement=0.991, expected=0.9818)
    usual = Neighbours(sample=597, agreement=0.977, expected=0.819)
    train = split(targets((1080, 10)), neighbours=rare)
    held = replace(train, role="validation", neighbours=usual)
    assert list(mispairings(train, held, Across(role="validation"), (None, None))) == []


@pytest.mark.parametrize("which", ["train", "validation"])
def test_labels_shuffled_in_one_split_are_stated(which: str) -> None:
    signs = found(shuffled=which, scores=(0.9, 0.2))
    assert signs[0].signal == which
    assert signs[0].firm
    assert "nothing to do with their inputs" in signs[0].says


@pytest.mark.parametrize("which", ["train", "validation"])
def test_a_model_that_answers_validation_contradicts_shuffled_labels(which: str) -> None:
    assert not [s for s in found(shuffled=which) if "nothing to do" in s.says]


@pytest.mark.parametrize("slip", [0.4, 0.6, 0.8])
def test_a_slip_from_some_row_on_is_found_near_its_row(slip: float) -> None:
    sign, *_ = found(slip=slip)
    row = int(sign.says.split("about row ")[1].split(":")[0])
    assert sign.firm
    assert row == pytest.approx(slip * 1200, abs=1200 / 8)


def test_classes_numbered_otherwise_are_named() -> None:
    sign, *_ = found(step=1)
    assert sign.firm
    assert "its class 0 looks like class 4 of training" in sign.says


def test_nothing_alike_anywhere_is_a_suspicion_only_where_the_model_is_blind_too() -> None:
    assert found(shuffled="both", scores=(0.9, 0.8)) == []
    (sign,) = found(shuffled="both", scores=(0.9, 0.2))
    assert not sign.firm
    assert "by heart" in sign.says


def test_few_examples_and_single_classes_tell_nothing() -> None:
    assert agreement(None) is None
    assert agreement(Neighbours(sample=60, agreement=0.2, expected=0.2)) is None
    assert agreement(Neighbours(sample=900, agreement=1.0, expected=1.0)) is None
    assert agreement(Neighbours(sample=900, agreement=float("nan"), expected=0.2)) is None


def test_a_split_whose_inputs_were_prepared_otherwise_is_not_blamed_for_its_labels() -> None:
    right, wrong = (Neighbours(sample=900, agreement=share, expected=0.2) for share in (0.8, 0.2))
    train = split(targets((200,) * 5), neighbours=right)
    held = replace(train, role="validation", neighbours=wrong)
    answers = (None, None)
    alike = Across(role="validation", distance=1.05, texture=0.97, shift=(0.1,), spread=(1.1,))
    assert [sign.firm for sign in mispairings(train, held, alike, answers)] == [True]
    for other in (
        replace(alike, distance=0.68),
        replace(alike, texture=0.7),
        replace(alike, shift=(2.0,)),
        replace(alike, spread=(0.004,)),
        replace(alike, token_shift=0.6),
    ):
        assert list(mispairings(train, held, other, answers)) == []


@pytest.mark.parametrize(("step", "count"), [(0, 0), (1, 1)])
def test_classes_numbered_otherwise_are_seen_in_the_answers_too(step: int, count: int) -> None:
    table = np.roll(np.eye(3, dtype=int) * 90 + 5, step, axis=1)
    trained = Predictions(role="train", examples=900, accuracy=0.97, baseline_accuracy=0.33)
    held = Predictions(
        role="validation",
        examples=300,
        accuracy=float(np.trace(table) / table.sum()),
        baseline_accuracy=0.33,
        confusion=tuple(tuple(int(n) for n in row) for row in table),
    )
    signs = list(mispairings(split(targets((300,) * 3)), None, None, (trained, held)))
    assert len(signs) == count
    assert all(sign.firm and "is answered as class" in sign.says for sign in signs)
