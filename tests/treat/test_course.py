"""Which course is offered, with a lab whose outcomes are written down."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

import pytest

from convalesce import core
from convalesce.treat import treat
from tests.confirm.bench import Backwards, WrittenLab, finding, record

Again = Callable[[tuple[core.Change, ...]], Sequence[core.Finding]]


def confirmed(cause: str, *, stated: bool = False) -> core.Finding:
    return replace(finding(cause, stated=stated), verdict=core.Verdict.CONFIRMED)


def treated(
    lab: WrittenLab,
    *findings: core.Finding,
    again: Again = lambda _: (),
    crew: core.Crew | None = None,
) -> core.Treatment:
    def diagnose(_: core.Signals) -> core.Diagnosis:
        found = tuple(again(lab.trained[-1].changes if lab.trained else ()))
        return core.Diagnosis(health=core.Health.UNDECIDED, findings=found)

    diagnosis = core.Diagnosis(health=core.Health.UNHEALTHY, findings=tuple(findings))
    return treat(diagnosis, lab, diagnose=diagnose, hire=lambda _: crew)


def scaled(arm: core.Arm) -> bool:
    return any(isinstance(c, core.ScaleLearningRate) for c in arm.changes)


def test_a_course_that_helps_is_proven_by_three_pairs() -> None:
    lab = WrittenLab(lambda arm: 0.9 if scaled(arm) else 0.1, cannot=(core.FindLearningRate,))
    found = treated(lab, confirmed("hp.lr_high"))
    assert found.proven
    assert any(isinstance(c, core.ScaleLearningRate) for c in found.changes)
    assert found.verified is not None
    assert found.verified.pairs == 3
    assert found.verified.low > 0


def test_where_all_causes_can_not_be_mended_the_first_one_is() -> None:
    def brings(arm: core.Arm) -> float:
        bad = any(isinstance(c, core.SetDropout | core.StopEarly) for c in arm.changes)
        penalty = any(isinstance(c, core.SetWeightPenalty | core.Augment) for c in arm.changes)
        return 0.05 if bad or penalty else 0.9 if scaled(arm) else 0.1

    lab = WrittenLab(brings, cannot=(core.FindLearningRate,))
    found = treated(lab, confirmed("hp.lr_high"), confirmed("reg.overfitting"))
    assert found.proven and found.causes == ("hp.lr_high",)
    assert found.left == ("against reg.overfitting no course is proven",)


def test_where_the_changes_of_a_second_cause_can_not_be_made_the_first_is_mended() -> None:
    lab = WrittenLab(
        lambda arm: 0.9 if scaled(arm) else 0.1,
        cannot=(core.FindLearningRate, core.CollectData, core.ScaleAugmentation, core.Jointly),
    )
    found = treated(lab, confirmed("hp.lr_high"), confirmed("data.augmentation"))
    assert found.proven and found.causes == ("hp.lr_high",)
    assert found.left == ("against data.augmentation no course is proven",)


def test_a_course_says_what_the_data_tell_of_it() -> None:
    asked, told = core.RepairLabels("look around row 20"), core.ShiftLabels(1, 20, 60)
    lab = WrittenLab(lambda arm: 0.9 if told in arm.changes else 0.1, told={asked: told})
    found = treated(lab, replace(confirmed("data.labels"), remedies=(asked,)))
    assert found.proven and found.changes == (told,)


def test_a_gain_that_leaves_nothing_known_is_no_mend() -> None:
    lab = WrittenLab(lambda arm: 0.0 if arm.changes else -0.4)
    found = treated(lab, confirmed("reg.overfitting"))
    assert not found.proven
    assert found.why_not.endswith("is 0%: next to nothing still")


def test_a_course_that_makes_it_worse_is_never_offered() -> None:
    lab = WrittenLab(lambda arm: 0.1 if arm.changes else 0.6)
    found = treated(lab, confirmed("hp.lr_high"))
    assert not found.proven
    assert "60% to 10%" in found.why_not


def test_no_gain_is_no_proof() -> None:
    found = treated(WrittenLab(lambda _: 0.5), confirmed("hp.lr_high"))
    assert not found.proven
    assert "no gain beyond noise" in found.why_not


def test_where_the_first_remedy_fails_the_next_is_tried() -> None:
    def brings(arm: core.Arm) -> float:
        return 0.9 if any(isinstance(c, core.WarmUp) for c in arm.changes) else 0.1

    lab = WrittenLab(brings, cannot=(core.FindLearningRate,))
    found = treated(lab, confirmed("hp.lr_high"))
    assert found.proven or len({a.changes for a in lab.trained}) > 2


def test_a_leak_is_mended_though_the_figure_falls() -> None:
    lab = WrittenLab(lambda arm: 0.7 if arm.changes else 0.9)
    found = treated(lab, confirmed("data.leakage", stated=True))
    assert found.proven
    assert found.gone == ("data.leakage",)


def test_a_leak_that_is_still_found_is_not_mended() -> None:
    leak = confirmed("data.leakage", stated=True)
    lab = WrittenLab(lambda arm: 0.7 if arm.changes else 0.9)
    assert not treated(lab, leak, again=lambda _: (leak,)).proven


def test_a_long_training_is_repeated_once_and_that_is_said() -> None:
    reach = core.Reach(steps=100_000, seconds_a_step=0.01, validated=True)
    lab = WrittenLab(
        lambda arm: 0.9 if arm.changes else 0.1, cannot=(core.FindLearningRate,), reached=reach
    )
    found = treated(lab, confirmed("hp.lr_high"))
    assert found.proven
    assert found.verified is not None and found.verified.pairs == 1
    assert "1002 s" in found.few


def test_without_a_proven_cause_nothing_is_trained() -> None:
    lab = WrittenLab(lambda _: 0.5)
    assert "nothing is confirmed" in treated(lab, finding("hp.lr_high")).why_not
    assert not lab.trained


def test_a_fit_without_experiments_says_why() -> None:
    lab = WrittenLab(lambda _: 0.5, reached=core.Reach(why_not="the weights were not kept"))
    assert treated(lab, confirmed("hp.lr_high")).why_not == "the weights were not kept"


def test_beside_a_leak_the_original_is_judged_without_it_too() -> None:
    leak, other = confirmed("data.leakage"), confirmed("hp.lr_high")
    lab = WrittenLab(
        lambda arm: (0.6 if scaled(arm) else 0.3) + 0.39 * (not _clean(arm)),
        cannot=(core.FindLearningRate,),
    )
    found = treated(lab, leak, other)
    assert found.proven
    assert found.verified is not None
    assert found.verified.control == pytest.approx((0.3, 0.3, 0.3))


def _clean(arm: core.Arm) -> bool:
    return any(
        isinstance(c, core.Deduplicate | core.DropFeature | core.Resplit) for c in arm.changes
    )


def test_what_only_the_loss_tells_is_a_gain_where_nothing_is_lost() -> None:
    def train(fit: int, arm: core.Arm, *, seconds: float) -> core.Signals:
        shown = dict(record(0.7).recorded)
        sure = replace(shown[core.VALIDATION_ANSWERS], loss=0.4 if arm.changes else 0.9)
        return core.Signals(shown | {core.VALIDATION_ANSWERS: sure})

    lab = WrittenLab(lambda _: 0.7)
    lab.train = train  # type: ignore[method-assign]
    diagnosis = core.Diagnosis(
        health=core.Health.UNHEALTHY, findings=(confirmed("data.labels", stated=False),)
    )
    calm = core.Diagnosis(health=core.Health.HEALTHY)
    found = treat(diagnosis, lab, diagnose=lambda _: calm)
    assert found.proven
    assert found.verified is not None
    assert found.verified.predict.what is core.Yardstick.SURE


def test_surer_answers_of_which_more_are_wrong_are_no_mend() -> None:
    def train(fit: int, arm: core.Arm, *, seconds: float) -> core.Signals:
        shown = dict(record(0.66 if arm.changes else 0.7).recorded)
        sure = replace(shown[core.VALIDATION_ANSWERS], loss=0.4 if arm.changes else 0.9)
        return core.Signals(shown | {core.VALIDATION_ANSWERS: sure})

    lab = WrittenLab(lambda _: 0.7)
    lab.train = train  # type: ignore[method-assign]
    assert not treated(lab, confirmed("data.labels")).proven


def test_the_rate_that_is_written_is_the_one_that_was_found() -> None:
    def brings(arm: core.Arm) -> float:
        return 0.9 if core.SetLearningRate(0.012) in arm.changes else 0.1

    found = treated(WrittenLab(brings), confirmed("hp.lr_high"))
    assert found.proven
    assert found.changes == (core.SetLearningRate(0.012),)
    assert "learning rate 0.012" in found.measured[0]


def test_of_two_remedies_the_better_one_is_taken_where_much_is_left_open() -> None:
    def brings(arm: core.Arm) -> float:
        if any(isinstance(c, core.Oversample) for c in arm.changes):
            return 0.8
        return 0.5 if any(isinstance(c, core.WeightClasses) for c in arm.changes) else 0.1

    found = treated(WrittenLab(brings), confirmed("data.imbalance"))
    assert found.proven
    assert found.changes == (core.Oversample("smote"),)
    assert found.verified is not None
    assert found.verified.pairs == 3


def test_the_first_remedy_stays_where_another_is_no_better() -> None:
    def brings(arm: core.Arm) -> float:
        return 0.7 if arm.changes else 0.1

    found = treated(WrittenLab(brings), confirmed("data.imbalance"))
    assert found.changes == (core.WeightClasses(),)


def test_what_a_mend_only_makes_up_for_must_show_a_gain() -> None:
    lab = WrittenLab(lambda arm: 0.52 if arm.changes else 0.5)
    few = replace(confirmed("data.insufficient", stated=True), remedies=(core.Augment(0.1),))
    assert not treated(lab, few).proven
    leak = replace(confirmed("data.nonfinite", stated=True), remedies=(core.DropNonfinite(),))
    assert treated(lab, leak).proven


def test_a_found_rate_is_taken_where_it_does_better_than_the_one_that_was_tried() -> None:
    def brings(arm: core.Arm) -> float:
        if core.SetLearningRate(0.012) in arm.changes:
            return 0.85
        return 0.6 if scaled(arm) else 0.1

    trial = core.Tried(changes=(core.ScaleLearningRate(0.1),), predict=core.LEARNS)
    found = treated(WrittenLab(brings), replace(confirmed("hp.lr_high"), trial=trial))
    assert found.changes == (core.SetLearningRate(0.012),)
    assert "learning rate 0.012" in found.measured[0]


def test_an_augmentation_is_taken_out_where_narrowing_it_leaves_much_open() -> None:
    narrowed, without = (core.ScaleAugmentation("turn", f) for f in (0.2, 0.0))

    def brings(arm: core.Arm) -> float:
        return 0.9 if without in arm.changes else 0.7 if narrowed in arm.changes else 0.3

    far = replace(confirmed("data.augmentation"), remedies=(narrowed, without))
    assert treated(WrittenLab(brings), far).changes == (without,)


@pytest.mark.parametrize("lost", [(), (2,)])
def test_pairs_that_a_crew_trains_give_the_same_treatment(lost: tuple[int, ...]) -> None:
    def brings(arm: core.Arm) -> float:
        return (0.9 if scaled(arm) else 0.1) + 0.01 * arm.seed

    cannot = (core.FindLearningRate,)
    alone = treated(WrittenLab(brings, cannot), confirmed("hp.lr_high"))
    here, there = WrittenLab(brings, cannot), WrittenLab(brings, cannot)
    crew = Backwards(there, lost)
    found = treated(here, confirmed("hp.lr_high"), again=lambda _: (), crew=crew)
    assert found == alone
    assert len(crew.asked[0]) == 6
    trained = {(arm.changes, arm.seed) for arm in here.trained}
    # The lab trains what was lost, and the mended model once more, to keep it.
    assert trained == {(found.changes, 3), *((c, s) for s in lost for c in ((), found.changes))}


def test_a_crew_of_one_trains_no_pairs_ahead() -> None:
    lab = WrittenLab(lambda arm: 0.9 if scaled(arm) else 0.1, (core.FindLearningRate,))
    crew = Backwards(lab, width=1)
    assert treated(lab, confirmed("hp.lr_high"), crew=crew).proven
    assert crew.asked == []
