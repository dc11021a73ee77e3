"""What a course leaves open is measured, and a proven course made better."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pytest

from convalesce import core
from convalesce.treat import treat
from tests.confirm.bench import WrittenLab, finding, record
from tests.treat.test_course import confirmed, scaled, treated


def overfitted() -> core.Finding:
    return replace(confirmed("reg.overfitting"), remedies=(core.SetDropout(0.5),))


def test_a_dropout_is_taken_as_strong_as_brings_most() -> None:
    def brings(arm: core.Arm) -> float:
        return 0.9 if core.SetDropout(0.2) in arm.changes else 0.6 if arm.changes else 0.3

    lab = WrittenLab(brings)
    found = treated(lab, overfitted())
    assert found.proven
    assert found.changes == (core.SetDropout(0.2),)
    assert "0.2: 90%, 0.35: 60%, 0.5: 60%, 0.65: 60%" in found.measured[0]
    searched = {a.seed for a in lab.trained if core.SetDropout(0.35) in a.changes}
    verified = {a.seed for a in lab.trained if core.SetDropout(0.2) in a.changes} - searched
    assert len(searched) == 1 and len(verified) == 3


def test_a_dropout_stays_where_another_is_hardly_better() -> None:
    def brings(arm: core.Arm) -> float:
        return 0.62 if core.SetDropout(0.2) in arm.changes else 0.6 if arm.changes else 0.3

    assert treated(WrittenLab(brings), overfitted()).changes == (core.SetDropout(0.5),)


def test_a_weight_penalty_is_searched_by_orders_of_ten() -> None:
    penalty = core.SetWeightPenalty(l2=1e-4)
    tried = set()

    def brings(arm: core.Arm) -> float:
        tried.update(c for c in arm.changes if isinstance(c, core.SetWeightPenalty))
        return 0.8 if core.SetWeightPenalty(l2=1e-2) in arm.changes else 0.4

    found = treated(WrittenLab(brings), replace(overfitted(), remedies=(penalty,)))
    assert found.changes == (core.SetWeightPenalty(l2=1e-2),)
    assert {c.l2 for c in tried} == {1e-5, 1e-4, 1e-3, 1e-2}


def test_a_long_training_is_not_spent_on_a_search() -> None:
    reach = core.Reach(steps=8000, seconds_a_step=0.01, validated=True)
    lab = WrittenLab(lambda arm: 0.6 if arm.changes else 0.3, reached=reach)
    found = treated(lab, overfitted())
    assert found.changes == (core.SetDropout(0.5),) and not found.measured


def test_taking_a_regulariser_out_needs_no_search() -> None:
    out = replace(overfitted(), remedies=(core.SetDropout(0.0),))
    lab = WrittenLab(lambda arm: 0.9 if arm.changes else 0.3)
    assert treated(lab, out).changes == (core.SetDropout(0.0),)
    assert {a.changes for a in lab.trained} == {(), (core.SetDropout(0.0),)}


def test_an_arm_that_keras_fails_on_costs_its_course_alone() -> None:
    def brings(arm: core.Arm) -> float:
        if core.SetDropout(0.5) in arm.changes:
            raise ValueError("no such layer\nand more")
        return 0.9 if arm.changes else 0.3

    found = replace(confirmed("reg.overfitting"), remedies=(core.SetDropout(0.5), core.StopEarly()))
    assert treated(WrittenLab(brings), found).changes == (core.StopEarly(),)
    only = replace(found, remedies=(core.SetDropout(0.5),))
    assert "ValueError: no such layer" in treated(WrittenLab(brings), only).why_not


def widened(arm: core.Arm) -> float:
    return next((c.factor for c in arm.changes if isinstance(c, core.ScaleWidth)), 1.0)


def narrow() -> core.Finding:
    return replace(confirmed("arch.too_shallow"), remedies=(core.ScaleWidth(4.0),))


def test_a_net_is_widened_as_long_as_that_brings_more() -> None:
    brings = {1.0: 0.2, 4.0: 0.3, 8.0: 0.4, 16.0: 0.5, 32.0: 0.6, 64.0: 0.7}
    lab = WrittenLab(lambda arm: brings.get(widened(arm), 0.71))
    found = treated(lab, narrow())
    assert found.changes == (core.ScaleWidth(64.0),)
    assert found.verified is not None and found.verified.pairs == 3
    assert max(map(widened, lab.trained)) == 128
    assert len([arm for arm in lab.trained if not arm.changes]) == 3  # the original, once a seed


def test_gradients_are_clipped_as_tightly_as_brings_most() -> None:
    def brings(arm: core.Arm) -> float:
        norms = [c.norm for c in arm.changes if isinstance(c, core.ClipGradients)]
        return {1.0: 0.5, 0.25: 0.7, 0.0625: 0.8}.get(norms[0], 0.6) if norms else 0.0

    exploding = replace(
        confirmed("arch.exploding_gradient"), remedies=(core.ClipGradients(norm=1.0),)
    )
    found = treated(WrittenLab(brings), exploding)
    assert found.changes == (core.ClipGradients(norm=0.0625),)


def test_a_width_that_all_is_learned_with_is_wide_enough() -> None:
    def train(fit: int, arm: core.Arm, *, seconds: float) -> core.Signals:
        lab.trained.append(arm)
        return record(0.97, validation=0.6) if arm.changes else record(0.2)

    lab = WrittenLab(lambda _: 0.0)
    lab.train = train  # type: ignore[method-assign]
    assert treated(lab, narrow()).changes == (core.ScaleWidth(4.0),)
    assert max(map(widened, lab.trained)) == 4


def test_what_is_still_found_in_the_mended_training_is_mended_too() -> None:
    batch = replace(finding("hp.batch_large"), remedies=(core.SetBatchSize(32),))

    def brings(arm: core.Arm) -> float:
        return 0.3 + 0.3 * scaled(arm) + 0.2 * (core.SetBatchSize(32) in arm.changes)

    def again(changes: tuple[core.Change, ...]) -> Sequence[core.Finding]:
        return () if core.SetBatchSize(32) in changes else (batch,)

    scale = replace(confirmed("hp.lr_high"), remedies=(core.ScaleLearningRate(0.1),))
    found = treated(WrittenLab(brings), scale, again=again)
    assert found.changes == (core.ScaleLearningRate(0.1), core.SetBatchSize(32))
    assert found.verified is not None and found.verified.treated == pytest.approx((0.8,) * 3)


@pytest.mark.parametrize(("gain", "pairs", "proven"), [(0.030, 6, True), (0.01, 3, False)])
def test_a_gain_near_to_noise_is_settled_by_three_more_pairs(
    gain: float,
    pairs: int,
    proven: bool,  # noqa: FBT001 - a parameter
) -> None:
    lab = WrittenLab(lambda arm: 0.5 + gain * bool(arm.changes))
    found = treated(lab, narrow())
    assert found.proven is proven
    assert max(arm.seed for arm in lab.trained) == pairs


def test_the_objection_is_that_to_the_best_course() -> None:
    def brings(arm: core.Arm) -> float:
        if any(isinstance(c, core.ChangeDepth) for c in arm.changes):
            return 0.3
        return 0.51 if arm.changes else 0.5

    both = replace(narrow(), remedies=(core.ScaleWidth(4.0), core.ChangeDepth(1)))
    assert "50% to 51%" in treated(WrittenLab(brings), both).why_not


def test_a_metric_flatters_no_yardstick() -> None:
    metric = replace(confirmed("hp.metric"), remedies=(core.SetMetric("iou"),))

    def brings(arm: core.Arm) -> float:
        return 0.3 * len(arm.changes)

    found = treated(WrittenLab(brings), metric, confirmed("hp.lr_high"))
    assert found.verified is not None and found.verified.control == (0.0, 0.0, 0.0)


def test_a_batch_is_taken_from_the_noise_scale_where_that_does_better() -> None:
    def brings(arm: core.Arm) -> float:
        return 0.9 if core.SetBatchSize(64) in arm.changes else 0.6 if arm.changes else 0.3

    large = replace(confirmed("hp.batch_large"), remedies=(core.SetBatchSize(32),))
    scale = core.NoiseScale(
        figure=core.Figure(100.0, 60.0, 200.0, "examples"),
        signal=1.0,
        noise=100.0,
        batch=512,
        gradients=8,
        says="",
    )
    lab = WrittenLab(brings, answers={core.Instrument.NOISE_SCALE: scale})
    calm = core.Diagnosis(health=core.Health.HEALTHY)
    sick = core.Diagnosis(health=core.Health.UNHEALTHY, findings=(large,))
    found = treat(sick, lab, diagnose=lambda _: calm)
    assert found.changes == (core.SetBatchSize(64),)
    assert "64: 90%" in found.measured[0] and lab.asked == [core.Instrument.NOISE_SCALE]


@pytest.mark.parametrize(
    ("change", "times"),
    [(core.SetStrides(1), 4), (core.SetEpochs(5), 5), (core.ScaleWidth(8.0), 8),
     (core.SetDropout(0.0), 1),
     (core.Jointly((core.SetEpochs(2), core.ScaleWidth(4.0))), 8)],
)  # fmt: skip
def test_a_training_may_take_as_long_as_its_change_makes_it(
    change: core.Change, times: int
) -> None:
    limits: dict[bool, float] = {}

    class Timed(WrittenLab):
        def train(self, fit: int, arm: core.Arm, *, seconds: float) -> core.Signals:
            limits.setdefault(bool(arm.changes), seconds)
            return super().train(fit, arm, seconds=seconds)

    reach = core.Reach(steps=1000, seconds_a_step=0.01, overhead_s=0.0, validated=True)
    lab = Timed(lambda arm: 0.96 if arm.changes else 0.1, reached=reach)
    treated(lab, replace(overfitted(), remedies=(change,)))
    assert limits[True] - limits[False] == pytest.approx(4 * 10 * (times - 1))


@pytest.mark.parametrize(("before", "tried"), [(0.1, False), (0.6, True)])
def test_what_is_left_is_held_against_what_was_gained(
    before: float,
    tried: bool,  # noqa: FBT001 - a parameter
) -> None:
    narrowed, without = (core.ScaleAugmentation("turn", f) for f in (0.2, 0.0))

    def brings(arm: core.Arm) -> float:
        return 0.99 if without in arm.changes else 0.956 if arm.changes else before

    far = replace(confirmed("data.augmentation"), remedies=(narrowed, without))
    assert treated(WrittenLab(brings), far).changes == ((without,) if tried else (narrowed,))
