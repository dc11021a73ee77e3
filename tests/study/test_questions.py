"""Each question on written results: an answer where there is one, and honesty where not."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

from convalesce import core
from convalesce.study import Bench, ablate, batch_size, data, optimizers
from convalesce.study.questions.parts import parts_of
from tests.study.examples import REACH, Brings, WrittenCrew, rate_of, signals

KNOWN = core.Yardstick.KNOWN
FIGURE = core.Figure(0.2, 0.1, 0.3, "share")


def bench(brings: Brings) -> Bench:
    return Bench(WrittenCrew(brings), 0, REACH, KNOWN)


def name_of(arm: core.Arm) -> str:
    return next((c.name for c in arm.changes if isinstance(c, core.SetOptimizer)), "")


def momentum_of(arm: core.Arm) -> tuple[float, bool | None]:
    found = (c for c in arm.changes if isinstance(c, core.SetMomentum))
    return next(((c.value, c.nesterov) for c in found), (0.9, None))


def test_each_optimizer_is_judged_at_its_own_best_rate() -> None:
    def brings(arm: core.Arm) -> float:
        best = {"Adam": 0.0003, "SGD": 1.0}.get(name_of(arm), 0.01)
        top = {"Adam": 0.9, "SGD": 0.7}.get(name_of(arm), 0.5)
        return max(0.05, top - 0.3 * abs(_log(rate_of(arm) / best)))

    found = optimizers(bench(brings), signals())
    assert found.says.startswith("Adam at a rate of 0.00032 is best")
    assert "hold for all 6 comparisons at once" in found.says
    rates = {row[0]: row[1] for row in found.rows}
    assert rates["SGD, momentum 0.9"] == "1"
    assert [row[0] for row in found.rows][:2] == ["as it is", "Adam"]
    adam = next(c for c in found.curves if c.name == "Adam")
    assert adam.x[-1] == 400
    assert len(adam.x) == len(adam.y) == 5


def test_the_scripts_own_optimizer_is_tried_over_rates_and_the_same_one_not_twice() -> None:
    own = core.Optimizer(
        name="SGD", learning_rate=0.05, momentum=0.9, settings={"nesterov": 1.0, "momentum": 0.9}
    )
    found = optimizers(bench(lambda _: 0.6), signals(optimizer=own))
    names = [row[0] for row in found.rows]
    assert "SGD, momentum 0.9, Nesterov (the script's)" in names
    assert "SGD, momentum 0.9, Nesterov" not in names
    assert {"SGD", "SGD, momentum 0.9", "RMSprop", "Adam", "AdamW", "Lion"} < set(names)
    tried = optimizers(bench(lambda a: 0.9 - 0.1 * abs(_log(rate_of(a) / 0.5))), signals())
    assert {row[0]: row[1] for row in tried.rows}["SGD (the script's)"] == "0.32"
    kept = optimizers(bench(lambda a: 0.9 - 0.1 * abs(_log(rate_of(a) / 0.01))), signals())
    assert "The script's own rate, 0.01, is the best that was found for it." in kept.says
    assert "SGD (the script's)" not in [row[0] for row in kept.rows]


def test_nesterov_is_a_change_of_its_own() -> None:
    crew = WrittenCrew(lambda a: 0.9 if momentum_of(a) == (0.9, True) else 0.5)
    found = optimizers(Bench(crew, 0, REACH, KNOWN), signals())
    assert found.says.startswith("SGD, momentum 0.9, Nesterov at a rate of")


def test_no_optimizer_that_is_better_is_an_answer() -> None:
    assert "keep it" in optimizers(bench(lambda _: 0.6), signals()).says


def test_an_optimizer_that_can_not_be_had_is_told() -> None:
    def brings(arm: core.Arm) -> float:
        if name_of(arm) == "RMSprop":
            raise core.CannotChange("it needs slots")
        return 0.6

    assert ("RMSprop", "it needs slots") in optimizers(bench(brings), signals()).not_asked


def test_an_optimizer_that_fails_at_a_seed_is_counted_and_never_called_best() -> None:
    def brings(arm: core.Arm) -> float:
        if name_of(arm) == "Lion":
            return math.nan if arm.seed == 1 else 0.9
        return 0.8 if name_of(arm) == "Adam" else 0.5

    found = optimizers(bench(brings), signals())
    assert found.says.startswith("Adam at a rate of")
    assert "Not to be relied on: Lion (1 of 3: NaN)." in found.says
    failed = {row[0]: row[4] for row in found.rows}
    assert failed["Lion"] == "1 of 3: NaN"
    assert failed["Adam"] == "0 of 3"


def test_a_rate_is_lowered_where_the_best_one_fails_at_a_seed() -> None:
    def brings(arm: core.Arm) -> float:
        rate = rate_of(arm)
        if name_of(arm) == "Adam" and rate > 0.005:
            return math.nan if arm.seed == 2 else 0.9
        return 0.8 if name_of(arm) == "Adam" and rate > 0.002 else 0.5

    found = optimizers(bench(brings), signals())
    rows = {row[0]: row for row in found.rows}
    assert rows["Adam"][1] == "0.0032"
    assert rows["Adam"][4] == "0 of 3"


def test_a_script_that_fails_itself_is_told_from_one_that_is_beaten() -> None:
    def brings(arm: core.Arm) -> float:
        return 0.6 if arm.changes or arm.seed == 0 else math.nan

    found = optimizers(bench(brings), signals())
    assert found.says.startswith("The script as it is fails at 2 of 3: NaN; SGD (the script's)")


def test_a_schedule_of_the_script_is_followed_by_every_optimizer() -> None:
    schedule = core.Schedule(name="CosineDecay", planned=(0.02, 0.01, 0.0))
    own = core.Optimizer(name="Adam", learning_rate=0.02, schedule=schedule, momentum=0.9)
    crew = WrittenCrew(lambda _: 0.5)
    found = optimizers(Bench(crew, 0, REACH, KNOWN), signals(optimizer=own))
    assert "Each follows the script's schedule CosineDecay, scaled" in found.says
    made = [c for arm in crew.trained for c in arm.changes if isinstance(c, core.SetOptimizer)]
    assert all(c.scheduled for c in made)


def test_rates_that_the_script_overrides_are_not_asked() -> None:
    crew = WrittenCrew(lambda _: 0.5, in_force=lambda _: 0.007)
    found = optimizers(Bench(crew, 0, REACH, KNOWN), signals())
    assert found.says == "No optimizer could be tried over rates: see below."
    why = dict(found.not_asked)["Adam"]
    assert why == "at 0.0001 the rate in force was 0.007: code of the script's sets it"


def test_every_training_that_ends_is_told() -> None:
    heard: list[int] = []
    told = Bench(WrittenCrew(lambda _: 0.5), 0, REACH, KNOWN, told=heard.append)
    told.train([(), (core.SetMomentum(0.5),)])
    told.train([()])
    assert heard == [1, 2, 3, 4, 5, 6]


def test_minutes_that_are_over_are_told() -> None:
    late = Bench(WrittenCrew(lambda _: 0.5), 0, REACH, KNOWN, until=0.0)
    found = optimizers(late, signals())
    assert found.not_asked[0][1] == ("out of time: not begun: the minutes that were given are over")


def noise() -> core.NoiseScale:
    return core.NoiseScale(
        figure=core.Figure(80.0, 60.0, 110.0, "examples"), signal=1.0, noise=80.0, batch=32,
        gradients=16, says="the noise scale is 80 examples against a batch of 32",
    )  # fmt: skip


def size_of(arm: core.Arm) -> int:
    return next((c.size for c in arm.changes if isinstance(c, core.SetBatchSize)), 32)


def unscaled(arm: core.Arm) -> bool:
    return any(isinstance(c, core.ScaleLearningRate) for c in arm.changes)


def test_a_better_batch_is_named_with_its_gain() -> None:
    found = batch_size(bench(lambda arm: 0.8 if size_of(arm) == 8 else 0.5), signals(), noise)
    assert found.says.startswith("Batches of 8 at the scaled rate do better than 32")
    assert "noise scale is 80 examples" in found.says
    assert "all 8 comparisons at once" in found.says
    assert [row[0] for row in found.rows] == ["8", "16", "32, now", "64", "128"]
    assert found.curves[0].x == (8.0, 16.0, 32.0, 64.0, 128.0)


def test_a_size_is_judged_by_the_better_of_two_rates() -> None:
    def brings(arm: core.Arm) -> float:
        return 0.8 if size_of(arm) == 8 and unscaled(arm) else 0.5

    found = batch_size(bench(brings), signals(), noise)
    assert found.says.startswith("Batches of 8 at the present rate do better than 32")
    assert found.rows[0][1:3] == ("kept", "80.0 %")
    assert found.rows[0][5] == "50.0 %"


def test_where_batches_are_alike_the_largest_is_told_and_what_was_not_measured() -> None:
    def unknown() -> core.NoiseScale:
        raise core.CannotChange("too few examples")

    found = batch_size(bench(lambda _: 0.5), signals(), unknown)
    assert "up to 128 none is worse by more than 6 points" in found.says
    assert found.not_asked == (("gradient noise scale", "too few examples"),)


@pytest.mark.parametrize("at_64", [0.2, math.nan])
def test_a_size_that_is_worse_or_fails_is_not_passed_over(at_64: float) -> None:
    found = batch_size(bench(lambda a: at_64 if size_of(a) == 64 else 0.5), signals(), noise)
    assert found.says.startswith("No size is better than 32 beyond noise: keep it.")


def test_a_size_that_fails_at_a_seed_is_counted() -> None:
    def brings(arm: core.Arm) -> float:
        return math.nan if size_of(arm) == 128 and arm.seed == 1 else 0.5

    found = batch_size(bench(brings), signals(), noise)
    assert found.rows[-1][3] == "1 of 3: NaN"
    assert "up to 64 none is worse" in found.says


def test_the_rate_of_the_script_is_the_one_that_is_kept_whatever_its_schedule() -> None:
    crew = WrittenCrew(lambda _: 0.5)
    batch_size(Bench(crew, 0, REACH, KNOWN), signals(), noise)
    pairs = {a.changes for a in crew.trained if size_of(a) == 128}
    assert (core.SetBatchSize(128), core.ScaleLearningRate(0.25)) in pairs


def test_a_schedule_that_counts_updates_is_spoken_of() -> None:
    schedule = core.Schedule(name="CosineDecay")
    own = core.Optimizer(name="Adam", learning_rate=0.01, schedule=schedule)
    says = batch_size(bench(lambda _: 0.5), signals(optimizer=own), noise).says
    assert "CosineDecay counts updates: with larger batches it is left before its end" in says


def test_a_batch_of_unknown_size_is_not_asked_about() -> None:
    found = batch_size(bench(lambda _: 0.5), signals(batch_size=None), noise)
    assert found.says == "The size of a batch is not known here."


def curve(**more: Any) -> core.LearningCurve:
    law: Any = None
    given = {"losses": ((0.9, 0.8), (0.7, 0.6), (0.5, 0.5)), "steps": 200, "whole": 200, **more}
    return core.LearningCurve(
        figure=FIGURE, sizes=(25, 50, 100), skills=(0.1, 0.3, 0.5), law=law, gain=0.1,
        needed=FIGURE, says="twice the data would take 20% of the validation loss away", **given,
    )  # fmt: skip


def test_more_data_are_worth_what_the_curve_says() -> None:
    found = data(curve, signals())
    assert found.says == (
        "Twice the data would take 20% of the validation loss away. Each training made the 200 "
        "updates of the script's own."
    )
    assert found.rows[0] == ("25", "0.85", "0.8 to 0.9", "0 of 2")

    def cannot() -> core.LearningCurve:
        raise core.CannotChange("there are no validation examples")

    assert data(cannot, signals()).not_asked == (
        ("learning curve", "there are no validation examples"),
    )


def test_a_curve_that_was_cut_says_so_and_what_it_means_then() -> None:
    cut = data(lambda: curve(whole=2000), signals(), whole=False)
    assert "There was time for 200 of the 2000 updates of a whole training" in cut.says
    assert "Only 100 examples could be kept" in cut.says


def test_trainings_of_a_curve_that_failed_and_callbacks_it_leaves_out_are_told() -> None:
    losses = ((0.9, math.nan), (0.7, 0.6), (0.5, 0.5))
    plateau = signals(callbacks=(core.Callback(name="ReduceLROnPlateau"),))
    found = data(lambda: curve(losses=losses), plateau)
    assert [row[3] for row in found.rows] == ["1 of 2", "0 of 2", "0 of 2"]
    assert found.not_asked[0][0] == "ReduceLROnPlateau"


def test_parts_that_earn_their_keep_are_told_from_those_that_cost() -> None:
    def brings(arm: core.Arm) -> float:
        if any(isinstance(c, core.SetMomentum) for c in arm.changes):
            return 0.3
        return 0.8 if any(isinstance(c, core.ScaleWidth) for c in arm.changes) else 0.6

    momentum = core.Optimizer(name="SGD", learning_rate=0.01, momentum=0.9)
    found = ablate(bench(brings), signals(optimizer=momentum))
    assert found.says == (
        "Momentum earns its keep; without half of the width it does better; one hidden layer makes "
        "no difference beyond noise. The intervals hold for all 3 comparisons at once (Bonferroni, "
        "95 %)."
    )
    assert [row[0] for row in found.rows][:2] == ["nothing: as it is", "momentum"]


def test_a_part_without_which_trainings_end_in_nan_is_needed() -> None:
    def brings(arm: core.Arm) -> float:
        return math.nan if any(isinstance(c, core.DropClipping) for c in arm.changes) else 0.6

    clipped = core.Optimizer(name="Adam", learning_rate=0.01, clipping=("clipnorm", 1.0))
    found = ablate(bench(brings), signals(optimizer=clipped))
    assert found.says.startswith("Without gradient clipping more trainings end in NaN: needed")
    assert found.rows[1] == (
        "gradient clipping", "–", "3 of 3: NaN", "–", "needed: else NaN",
    )  # fmt: skip
    assert not [name for name, _ in found.not_asked if name == "gradient clipping"]


def test_trainings_that_fail_otherwise_are_counted_and_leave_it_open() -> None:
    def brings(arm: core.Arm) -> float:
        if arm.seed == 2 and any(isinstance(c, core.ScaleWidth) for c in arm.changes):
            raise core.OutOfTime("10 of 400 updates in 60 s")
        return 0.6

    found = ablate(bench(brings), signals())
    (row,) = [row for row in found.rows if row[0] == "half of the width"]
    assert row[2] == "1 of 3: out of time"
    assert row[4] == "open: fails"


def test_a_script_that_ends_in_nan_itself_is_told() -> None:
    def brings(arm: core.Arm) -> float:
        return 0.5 if arm.changes or arm.seed else math.nan

    says = ablate(bench(brings), signals()).says
    assert says.startswith("As it is, it fails at 1 of 3: NaN; without half of the width and")


def test_many_parts_that_make_no_difference_bring_no_false_winner() -> None:
    draw = np.random.default_rng(5)

    def brings(_: core.Arm) -> float:
        return 0.6 + float(draw.normal()) * 0.05

    told = [ablate(bench(brings), many_parts()).says for _ in range(40)]
    assert sum("keep" in one or "better" in one for one in told) <= 4


def many_parts() -> core.Signals:
    own = core.Optimizer(
        name="SGD", learning_rate=0.01, momentum=0.9, weight_decay=0.1, clipping=("clipnorm", 1.0),
        settings={"nesterov": 1.0},
    )  # fmt: skip
    callbacks = [core.Callback(name=n) for n in ("ReduceLROnPlateau", "EarlyStopping")]
    plain = signals(optimizer=own, callbacks=tuple(callbacks), class_weight={0: 1.0, 1: 2.0})
    kinds = (("drop", "Dropout"), ("norm", "BatchNormalization"), ("flip", "RandomFlip"))
    more = [
        core.Layer(name=name, path=f"net/{name}", kind=kind, rate=0.5 if name == "drop" else None)
        for name, kind in (*kinds, ("turn", "RandomRotation"))
    ]
    penalised = core.Layer(name="dense", path="net/dense", kind="Dense", l2=0.1)
    model = core.Model(name="net", style="functional", layers=(*more, penalised), outputs=())
    return core.Signals({**plain.recorded, core.MODEL: model})


def test_a_part_that_did_nothing_is_told_from_one_that_makes_no_difference() -> None:
    known = {0: 0.58, 1: 0.6, 2: 0.63}

    def brings(arm: core.Arm) -> float:
        idle = any(isinstance(c, core.DropCallback) for c in arm.changes)
        return known[arm.seed] + (0.0 if idle or not arm.changes else 0.001 * arm.seed)

    found = ablate(bench(brings), many_parts())
    verdicts = {row[0]: row[4] for row in found.rows}
    assert verdicts["EarlyStopping"] == verdicts["ReduceLROnPlateau"] == "does nothing here"
    assert verdicts["momentum"] == "no difference"
    assert "ReduceLROnPlateau and EarlyStopping do nothing here" in found.says
    assert "13 of 15 parts make no difference beyond noise" in found.says
    assert "all 13 comparisons" in found.says


def test_one_part_of_several_layers_is_spoken_of_in_the_plural() -> None:
    def brings(arm: core.Arm) -> float:
        return 0.2 if any(isinstance(c, core.DropNormalization) for c in arm.changes) else 0.6

    assert "ormalisation layers earn their keep" in ablate(bench(brings), many_parts()).says


def test_a_large_effect_in_much_noise_is_left_open() -> None:
    draw = np.random.default_rng(3)

    def brings(arm: core.Arm) -> float:
        wide = any(isinstance(c, core.ScaleWidth) for c in arm.changes)
        return (0.4 if wide else 0.6) + float(draw.normal()) * (0.4 if wide else 0.02)

    found = ablate(bench(brings), many_parts())
    verdicts = {row[0]: row[4] for row in found.rows}
    assert verdicts["half of the width"] == "open: too much noise"
    assert "without half of the width there is too much noise to tell" in found.says.lower()


def test_every_part_of_a_script_has_a_change_that_takes_it_away() -> None:
    found = dict(parts_of(many_parts()))
    assert list(found) == [
        "dropout", "L2 penalties", "augmentation flip", "augmentation turn",
        "augmentation, all of it", "normalisation layers", "Nesterov", "momentum", "weight decay",
        "gradient clipping", "ReduceLROnPlateau", "EarlyStopping", "class weights",
        "half of the width", "one hidden layer",
    ]  # fmt: skip
    assert found["Nesterov"] == (core.SetMomentum(0.9, nesterov=False),)
    assert found["normalisation layers"] == (core.DropNormalization(),)
    assert found["class weights"] == (core.DropClassWeights(),)
    assert len(found["augmentation, all of it"]) == 2


def test_what_no_change_takes_away_is_told() -> None:
    found = ablate(bench(lambda _: 0.5), signals(sample_weight=True))
    assert ("sample weights", "they belong to the examples") in found.not_asked


@pytest.mark.parametrize("missing", ["momentum", "dropout"])
def test_what_is_not_there_is_not_taken_away(missing: str) -> None:
    found = ablate(bench(lambda _: 0.5), signals())
    assert missing not in [row[0] for row in found.rows]


def _log(ratio: float) -> float:
    from math import log10

    return log10(ratio)
