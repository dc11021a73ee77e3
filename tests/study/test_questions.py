"""Each question on written results: an answer where there is one, and honesty where not."""

from __future__ import annotations

from typing import Any

import pytest

from convalesce import core
from convalesce.study import Bench, ablate, batch_size, data, optimizers
from tests.study.examples import REACH, Brings, WrittenCrew, rate_of, signals

KNOWN = core.Yardstick.KNOWN
FIGURE = core.Figure(0.2, 0.1, 0.3, "share")


def bench(brings: Brings) -> Bench:
    return Bench(WrittenCrew(brings), 0, REACH, KNOWN)


def name_of(arm: core.Arm) -> str:
    return next((c.name for c in arm.changes if isinstance(c, core.SetOptimizer)), "")


def test_each_optimizer_is_judged_at_its_own_best_rate() -> None:
    def brings(arm: core.Arm) -> float:
        best = {"Adam": 0.0003, "SGD": 1.0}.get(name_of(arm), 0.01)
        top = {"Adam": 0.9, "SGD": 0.7}.get(name_of(arm), 0.5)
        return max(0.05, top - 0.3 * abs(_log(rate_of(arm) / best)))

    found = optimizers(bench(brings))
    assert found.says.startswith("Adam at a rate of 0.00032 is best")
    rates = {row[0]: row[1] for row in found.rows}
    assert rates["SGD"] == "1"
    assert [row[0] for row in found.rows][:2] == ["as it is", "Adam"]
    adam = next(c for c in found.curves if c.name == "Adam")
    assert adam.x[-1] == 400
    assert len(adam.x) == len(adam.y) == 5


def test_no_optimizer_that_is_better_is_an_answer() -> None:
    assert "keep it" in optimizers(bench(lambda _: 0.6)).says


def test_an_optimizer_that_can_not_be_had_is_told() -> None:
    def brings(arm: core.Arm) -> float:
        if name_of(arm) == "RMSprop":
            raise core.CannotChange("it needs slots")
        return 0.6

    assert ("RMSprop", "it needs slots") in optimizers(bench(brings)).not_asked


def noise() -> core.NoiseScale:
    return core.NoiseScale(
        figure=core.Figure(80.0, 60.0, 110.0, "examples"), signal=1.0, noise=80.0, batch=32,
        gradients=16, says="the noise scale is 80 examples against a batch of 32",
    )  # fmt: skip


def size_of(arm: core.Arm) -> int:
    return next((c.size for c in arm.changes if isinstance(c, core.SetBatchSize)), 32)


def test_a_better_batch_is_named_with_its_gain() -> None:
    found = batch_size(bench(lambda arm: 0.8 if size_of(arm) == 8 else 0.5), signals(), noise)
    assert found.says.startswith("Batches of 8 do better than 32")
    assert "noise scale is 80 examples" in found.says
    assert [row[0] for row in found.rows] == ["8", "16", "32 (as it is)", "64", "128"]
    assert found.curves[0].x == (8.0, 16.0, 32.0, 64.0, 128.0)


def test_where_batches_are_alike_the_largest_is_told_and_what_was_not_measured() -> None:
    def unknown() -> core.NoiseScale:
        raise core.CannotChange("too few examples")

    found = batch_size(bench(lambda _: 0.5), signals(), unknown)
    assert "up to 128 none is worse" in found.says
    assert found.not_asked == (("gradient noise scale", "too few examples"),)


def test_a_batch_of_unknown_size_is_not_asked_about() -> None:
    found = batch_size(bench(lambda _: 0.5), signals(batch_size=None), noise)
    assert found.says == "The size of a batch is not known here."


def test_more_data_are_worth_what_the_curve_says() -> None:
    law: Any = None
    curve = core.LearningCurve(
        figure=FIGURE, sizes=(25, 50, 100), losses=((0.9, 0.8), (0.7, 0.6), (0.5, 0.5)),
        skills=(0.1, 0.3, 0.5), law=law, gain=0.1, needed=FIGURE, steps=200,
        says="twice the data would take 20% of the validation loss away",
    )  # fmt: skip
    found = data(lambda: curve)
    assert found.says == "Twice the data would take 20% of the validation loss away."
    assert found.rows[0] == ("25", "0.85", "0.8 to 0.9")

    def cannot() -> core.LearningCurve:
        raise core.CannotChange("there are no validation examples")

    assert data(cannot).not_asked == (("learning curve", "there are no validation examples"),)


def test_parts_that_earn_their_keep_are_told_from_those_that_cost() -> None:
    def brings(arm: core.Arm) -> float:
        if any(isinstance(c, core.SetMomentum) for c in arm.changes):
            return 0.3
        return 0.8 if any(isinstance(c, core.ScaleWidth) for c in arm.changes) else 0.6

    momentum = core.Optimizer(name="SGD", learning_rate=0.01, momentum=0.9)
    found = ablate(bench(brings), signals(optimizer=momentum))
    assert found.says == (
        "Momentum earns its keep; without half of the width it does better; 1 of 3 parts make no "
        "difference beyond noise."
    )
    assert [row[0] for row in found.rows][:2] == ["nothing: as it is", "momentum"]


def test_what_no_change_takes_away_is_told() -> None:
    found = ablate(bench(lambda _: 0.5), signals(class_weight={0: 1.0, 1: 2.0}))
    assert ("class weights", "no change takes them away") in found.not_asked


@pytest.mark.parametrize("missing", ["momentum", "dropout"])
def test_what_is_not_there_is_not_taken_away(missing: str) -> None:
    found = ablate(bench(lambda _: 0.5), signals())
    assert missing not in [row[0] for row in found.rows]


def _log(ratio: float) -> float:
    from math import log10

    return log10(ratio)
