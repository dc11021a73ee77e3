"""Which verdict follows from which outcome, with a lab whose outcomes are written down."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import pytest

from convalesce import core
from convalesce.causes import all_causes
from convalesce.confirm import Budget, confirm
from convalesce.readings import specimen
from tests.confirm.bench import Backwards, WrittenLab, finding, record

Again = Callable[[tuple[core.Change, ...]], Sequence[core.Finding]]
PLENTY = Budget(1000.0)


def prove(  # noqa: PLR0913 - a lab, what is suspected, and what then shows
    lab: WrittenLab,
    *findings: core.Finding,
    skill: float = 0.0,
    seen: core.Signals | None = None,
    again: Again = lambda _: (),
    budget: Budget = PLENTY,
    crew: core.Crew | None = None,
) -> core.Diagnosis:
    """The diagnosis after experiments; `again` says what is found once changes are made."""

    def diagnose(_: core.Signals) -> core.Diagnosis:
        found = tuple(again(lab.trained[-1].changes))
        return core.Diagnosis(health=core.Health.UNDECIDED, findings=found)

    before = core.Diagnosis(health=core.Health.UNDECIDED, findings=tuple(findings))
    run = core.Run(script="train.py", fits=(core.Fit(index=0, signals=seen or record(skill)),))
    return confirm(before, run, lab, budget, diagnose=diagnose, hire=lambda _: crew)


def made(arm: core.Arm, kind: type[core.Change]) -> bool:
    return any(isinstance(c, kind) for c in arm.changes)


def test_a_suspicion_whose_change_helps_is_confirmed_with_its_figures() -> None:
    lab = WrittenLab(lambda arm: 0.9 if made(arm, core.ScaleLearningRate) else 0.0)
    diagnosis = prove(lab, finding("hp.lr_high"))
    (found,) = diagnosis.findings
    assert found.verdict is core.Verdict.CONFIRMED
    assert diagnosis.health is core.Health.UNHEALTHY
    assert found.trial is not None
    assert found.trial.control == (0.0,) and found.trial.treated == (0.9,)
    assert found.trial.effect == pytest.approx(0.9)
    assert found.trial.low < 0.9 < found.trial.high
    assert found.mended is not None and found.mended.treated == (0.9,)


def test_a_remedy_that_leaves_most_open_does_not_keep_the_next_from_its_trial() -> None:
    def brings(arm: core.Arm) -> float:
        if made(arm, core.InsertBatchNormalization):
            return 0.9
        return 0.3 if made(arm, core.AddResidual) else 0.0

    lab = WrittenLab(brings, cannot=(core.ChangeDepth,))
    (found,) = prove(lab, finding("arch.too_deep")).findings
    assert found.trial is not None and found.trial.treated[0] == pytest.approx(0.9)
    assert isinstance(found.trial.changes[-1], core.InsertBatchNormalization)
    half = WrittenLab(lambda arm: 0.6 if arm.changes else 0.0, cannot=(core.ChangeDepth,))
    prove(half, finding("arch.too_deep"))
    assert not any(made(arm, core.InsertBatchNormalization) for arm in half.trained)


def test_a_suspicion_without_effect_on_a_sound_training_is_ruled_out() -> None:
    diagnosis = prove(WrittenLab(lambda _: 0.95), finding("hp.lr_high"), skill=0.95)
    assert diagnosis.findings[0].verdict is core.Verdict.REFUTED
    assert diagnosis.health is core.Health.HEALTHY


def test_a_gain_of_a_whole_training_too_small_to_count_is_worth_a_note() -> None:
    """Seeds differ by more than the gain, so that it is not ruled out either."""

    def brings(arm: core.Arm) -> float:
        wobble = 0.03 * (-1) ** arm.seed
        return 0.85 + wobble + (0.02 if made(arm, core.StopEarly) else 0.0)

    suspected = finding("reg.overfitting", 0.6, severity="warning")
    diagnosis = prove(WrittenLab(brings), suspected, seen=record(0.97, 0.85))
    (found,) = diagnosis.findings
    assert (found.verdict, found.severity) == (core.Verdict.UNDECIDED, core.Severity.NOTE)
    assert diagnosis.health is core.Health.HEALTHY


def test_a_training_that_learned_nothing_is_never_declared_healthy() -> None:
    diagnosis = prove(WrittenLab(lambda _: 0.0), finding("hp.lr_high"))
    assert diagnosis.findings[0].verdict is core.Verdict.UNDECIDED
    assert diagnosis.findings[0].trial is not None
    assert diagnosis.health is core.Health.UNDECIDED


def test_what_a_short_trial_leaves_open_is_tried_over_a_whole_training() -> None:
    def brings(arm: core.Arm) -> float:
        if not made(arm, core.SetActivation):
            return 0.5
        return 0.9 if arm.steps is None else 0.54

    lab = WrittenLab(brings)
    (found,) = prove(lab, finding("arch.dead_units"), skill=0.5).findings
    assert found.verdict is core.Verdict.CONFIRMED
    assert found.trial is not None and found.trial.steps == 400
    none = WrittenLab(lambda arm: 0.84 if arm.steps and made(arm, core.SetActivation) else 0.81)
    (gone,) = prove(none, finding("arch.dead_units"), skill=0.81).findings
    assert gone.verdict is core.Verdict.REFUTED
    short = Budget(8.0)
    (left,) = prove(
        WrittenLab(brings), finding("arch.dead_units"), skill=0.5, budget=short
    ).findings
    assert left.verdict is core.Verdict.UNDECIDED


def test_of_two_that_help_alike_the_upstream_one_is_the_root() -> None:
    helps = (core.ScaleLearningRate, core.Normalize, core.Rescale)
    lab = WrittenLab(lambda arm: 0.9 if any(made(arm, kind) for kind in helps) else 0.0)
    diagnosis = prove(lab, finding("hp.lr_high", 0.9), finding("data.unnormalized", 0.5))
    assert diagnosis.findings[0].cause == "data.unnormalized"
    rate = next(f for f in diagnosis.findings if f.cause == "hp.lr_high")
    assert rate.severity is core.Severity.NOTE
    assert rate.explained_by == "data.unnormalized"


ALIKE = core.Reach(steps=400, seconds_a_step=0.01, overhead_s=1.0, validated=True, alike=True)


@pytest.mark.parametrize(("gain", "controls"), [(0.4, 0), (0.12, 1)])
def test_the_observed_training_is_control_enough_for_a_clear_gain(
    gain: float, controls: int
) -> None:
    def brings(arm: core.Arm) -> float:
        return 0.4 + gain if arm.changes else 0.4

    lab = WrittenLab(brings, reached=ALIKE)
    found = prove(lab, finding("arch.too_shallow"), skill=0.4).findings[0]
    assert found.trial is not None and found.trial.control[0] == pytest.approx(0.4)
    whole = [arm for arm in lab.trained if arm.steps is None]
    assert len([arm for arm in whole if not arm.changes]) >= controls
    assert controls or not [arm for arm in whole if not arm.changes]
    other = WrittenLab(brings, reached=replace(ALIKE, alike=False))
    prove(other, finding("arch.too_shallow"), skill=0.4)
    assert [arm for arm in other.trained if arm.steps is None and not arm.changes]


def test_suspects_that_there_is_no_time_to_try_side_by_side_are_tried_one_by_one() -> None:
    def brings(arm: core.Arm) -> float:
        return 0.9 if made(arm, core.ScaleLearningRate) else 0.0

    lab = WrittenLab(
        brings, reached=core.Reach(steps=400, seconds_a_step=0.05, overhead_s=1.0, validated=True)
    )
    suspects = finding("arch.dead_units", 0.8), finding("hp.lr_high", 0.6)
    found = prove(lab, *suspects, budget=Budget(40.5)).findings
    assert (found[0].cause, found[0].verdict) == ("hp.lr_high", core.Verdict.CONFIRMED)


def test_time_for_one_whole_training_is_enough_where_the_observed_one_is_its_control() -> None:
    lab = WrittenLab(lambda arm: 0.8 if arm.changes else 0.4, reached=ALIKE)
    found = prove(lab, finding("arch.too_shallow"), skill=0.4, budget=Budget(7.0)).findings[0]
    assert found.verdict is core.Verdict.CONFIRMED and found.mended is not None
    assert len(lab.trained) == 1
    other = WrittenLab(lambda arm: 0.8 if arm.changes else 0.4)
    left = prove(other, finding("arch.too_shallow"), skill=0.4, budget=Budget(7.0)).findings[0]
    assert left.verdict is core.Verdict.UNDECIDED


def test_a_whole_training_that_was_watched_is_the_second_look_and_not_made_again() -> None:
    """Its trial leaves no time for another one."""
    lab = WrittenLab(lambda arm: 0.8 if arm.changes else 0.4)
    found = prove(lab, finding("arch.too_shallow"), skill=0.4, budget=Budget(12.6)).findings[0]
    assert found.verdict is core.Verdict.CONFIRMED
    assert found.mended is not None and found.mended.treated == (0.8,)
    assert len([arm for arm in lab.trained if arm.changes]) == 1


def test_what_the_root_may_explain_is_open_where_there_is_no_time_for_a_second_look() -> None:
    helps = (core.ScaleLearningRate, core.Normalize, core.Rescale)
    lab = WrittenLab(
        lambda arm: 0.9 if any(made(arm, kind) for kind in helps) else 0.0,
        reached=core.Reach(steps=4000, seconds_a_step=0.01, overhead_s=1.0, validated=True),
    )
    suspects = finding("hp.lr_high", 0.9), finding("data.unnormalized", 0.5)
    first, second = prove(lab, *suspects, budget=Budget(16.0)).findings
    assert (first.cause, first.verdict) == ("data.unnormalized", core.Verdict.CONFIRMED)
    assert first.mended is None
    assert (second.cause, second.verdict) == ("hp.lr_high", core.Verdict.UNDECIDED)
    assert second.trial is not None and second.trial.verdict is core.Verdict.CONFIRMED


def test_what_facts_state_upstream_is_settled_before_what_it_can_look_like() -> None:
    """Longer trainings help where batches are of one class, and are not what lacks."""

    def brings(arm: core.Arm) -> float:
        return 0.9 if made(arm, core.Shuffle) else 0.7 if made(arm, core.SetEpochs) else 0.5

    few = finding("hp.epochs_few", 0.9, severity="warning")
    ordered = finding("data.unshuffled", 0.5, stated=True, severity="warning")
    lab = WrittenLab(brings)
    first, second = prove(lab, few, ordered, skill=0.5).findings
    assert first.cause == "data.unshuffled" and first.mended is not None
    assert second.explained_by == "data.unshuffled"
    assert not any(made(arm, core.SetEpochs) for arm in lab.trained)


def test_the_upstream_one_is_not_named_where_it_explains_little() -> None:
    def brings(arm: core.Arm) -> float:
        if made(arm, core.ScaleLearningRate):
            return 0.9
        return 0.3 if made(arm, core.Normalize) or made(arm, core.Rescale) else 0.0

    diagnosis = prove(
        WrittenLab(brings), finding("hp.lr_high", 0.9), finding("data.unnormalized", 0.5)
    )
    assert diagnosis.findings[0].cause == "hp.lr_high"


def test_a_gain_that_a_whole_training_does_not_keep_gives_way_to_the_rival() -> None:
    """A leaky slope keeps units alive for the short arm, and not longer."""

    def brings(arm: core.Arm) -> float:
        if made(arm, core.ScaleLearningRate):
            return 0.34
        short = arm.steps is not None and arm.steps <= 200
        return 0.42 if made(arm, core.SetActivation) and short else 0.0

    def again(changes: tuple[core.Change, ...]) -> Sequence[core.Finding]:
        slower = any(isinstance(c, core.ScaleLearningRate) for c in changes)
        return () if slower else (rate,)

    rate, units = finding("hp.lr_high", 0.7), finding("arch.dead_units", 0.5)
    first, second = prove(WrittenLab(brings), units, rate, again=again).findings
    assert (first.cause, first.verdict) == ("hp.lr_high", core.Verdict.CONFIRMED)
    assert first.mended is not None and first.mended.treated[0] == pytest.approx(0.34)
    assert (second.cause, second.explained_by) == ("arch.dead_units", "hp.lr_high")


def test_a_rival_that_leaves_a_whole_training_at_nothing_too_is_no_better() -> None:
    def brings(arm: core.Arm) -> float:
        short = arm.steps is not None and arm.steps <= 200
        return 0.4 if arm.changes and short else 0.0

    found = prove(
        WrittenLab(brings), finding("arch.dead_units", 0.5), finding("hp.lr_high", 0.7)
    ).findings
    assert found[0].cause == "arch.dead_units"


def test_of_two_that_matter_the_upstream_one_that_brings_more_over_whole_trainings_leads() -> None:
    def brings(arm: core.Arm) -> float:
        wide, fast = made(arm, core.ScaleWidth), made(arm, core.ScaleLearningRate)
        return 0.75 if wide and fast else 0.4 if fast else 0.32 if wide else 0.3

    slow, small = finding("hp.lr_low", 0.8), finding("arch.too_shallow", 0.4)
    found = prove(WrittenLab(brings), slow, small).findings
    assert [f.cause for f in found] == ["arch.too_shallow", "hp.lr_low"]
    assert all(f.verdict is core.Verdict.CONFIRMED for f in found)


@pytest.mark.parametrize(("held_out", "stopped"), [(0.95, 0.6), (0.75, 0.95)])
def test_validation_of_another_kind_is_told_from_overfitting_by_examples_held_out(
    held_out: float, stopped: float
) -> None:
    """Also where stopping in time brings more, which is by another yardstick."""

    def brings(arm: core.Arm) -> float:
        if made(arm, core.HoldOut):
            return held_out
        return stopped if made(arm, core.StopEarly) else 0.4

    overfits = finding("reg.overfitting", 0.7, severity="warning")
    mismatch = finding("data.preprocessing_mismatch", 0.4, severity="warning")
    lab = WrittenLab(brings, cannot=(core.UnifyPreprocessing,))
    first, second = prove(lab, overfits, mismatch).findings
    assert (first.cause, first.verdict) == (mismatch.cause, core.Verdict.CONFIRMED)
    assert second.cause == overfits.cause
    assert second.explained_by == mismatch.cause


def facts(skill: float, known: float, **train: Any) -> core.Signals:
    """A fit that learned by heart, on pictures or on what is given."""
    split = specimen.split(specimen.targets((250, 250)), **train)
    return core.record({**record(skill, known).recorded, core.TRAIN: split})


@pytest.mark.parametrize(("held_out", "named"), [(0.95, True), (0.45, False)])
def test_what_is_learned_by_heart_is_not_known_of_examples_held_out_of_training_either(
    held_out: float, *, named: bool
) -> None:
    """No fact of the data tells the splits apart: the experiment alone does."""

    def brings(arm: core.Arm) -> float:
        if made(arm, core.HoldOut):
            return held_out
        return 0.5 if made(arm, core.StopEarly) else 0.4

    overfits = finding("reg.overfitting", 0.7, severity="warning")
    found = prove(WrittenLab(brings), overfits, seen=facts(0.99, 0.4)).findings
    first = "data.preprocessing_mismatch" if named else "reg.overfitting"
    assert (found[0].cause, found[0].verdict) == (first, core.Verdict.CONFIRMED)
    if named:
        assert found[1].explained_by == first
        assert found[1].severity is core.Severity.NOTE
        assert found[0].remedies == (core.UnifyPreprocessing(),)


@pytest.mark.parametrize(
    "train", [{"duplicates": core.Duplicates(exact=100, compared=500)}, {"examples": 100}]
)
def test_copies_within_training_or_few_examples_held_out_tell_nothing(train: Any) -> None:
    lab = WrittenLab(lambda arm: 0.9 if made(arm, core.HoldOut) else 0.5 if arm.changes else 0.4)
    seen = facts(0.99, 0.4, **train)
    (found,) = prove(lab, finding("reg.overfitting", severity="warning"), seen=seen).findings
    assert found.cause == "reg.overfitting"


def test_what_only_tells_where_a_fault_lies_is_no_base_for_a_second_look() -> None:
    lab = WrittenLab(
        lambda arm: 0.8 if made(arm, core.LearnFromValidation) else 0.1,
        cannot=(core.ScaleAugmentation, core.Jointly),
    )
    drawn = finding("data.augmentation", severity="warning")
    pipeline = replace(drawn.evidence, changes=(core.ScaleAugmentation(core.PIPELINE, 0.3),))
    (found,) = prove(lab, replace(drawn, evidence=pipeline)).findings
    assert found.verdict is core.Verdict.CONFIRMED
    assert found.trial is not None and found.trial.treated[0] == pytest.approx(0.8)
    assert found.mended is None
    assert all(len(arm.changes) <= 1 for arm in lab.trained)


def test_two_faults_that_hide_one_another_are_both_found() -> None:
    def brings(arm: core.Arm) -> float:
        scaled = made(arm, core.Normalize) or made(arm, core.Rescale)
        return 0.9 if scaled and made(arm, core.ScaleLearningRate) else 0.0

    rate, inputs = finding("hp.lr_high", 0.9), finding("data.unnormalized", 0.5)

    def again(changes: tuple[core.Change, ...]) -> Sequence[core.Finding]:
        mended = any(isinstance(c, core.ScaleLearningRate) for c in changes)
        return () if mended else (rate,)

    diagnosis = prove(WrittenLab(brings), rate, inputs, again=again)
    confirmed = {f.cause for f in diagnosis.findings if f.verdict is core.Verdict.CONFIRMED}
    assert confirmed == {"hp.lr_high", "data.unnormalized"}


@pytest.mark.parametrize(("learned", "looks"), [(0.99, 0), (0.6, 1)])
def test_where_all_is_learned_and_examples_lack_no_second_look_is_paid_for(
    learned: float, looks: int
) -> None:
    stated = finding("data.insufficient", 0.9, stated=True, severity="warning")
    lab = WrittenLab(lambda arm: 0.7 if arm.changes else learned)
    (found,) = prove(lab, stated, seen=record(learned, 0.5)).findings
    assert found.verdict is core.Verdict.CONFIRMED
    assert len(lab.trained) == looks


def test_a_fault_hidden_by_a_stated_one_is_found_beneath_it() -> None:
    stated = finding("arch.missing_nonlinearity", 0.9, stated=True)
    hidden = finding("hp.lr_low", 0.5)

    def brings(arm: core.Arm) -> float:
        if not made(arm, core.SetActivation):
            return 0.1
        return 0.9 if made(arm, core.ScaleLearningRate) else 0.3

    def again(changes: tuple[core.Change, ...]) -> Sequence[core.Finding]:
        slow = not any(isinstance(c, core.ScaleLearningRate) for c in changes)
        return (hidden,) if slow else ()

    diagnosis = prove(WrittenLab(brings), stated, again=again)
    assert [f.cause for f in diagnosis.findings] == ["arch.missing_nonlinearity", "hp.lr_low"]
    assert diagnosis.findings[1].verdict is core.Verdict.CONFIRMED
    assert diagnosis.findings[1].beneath == "arch.missing_nonlinearity"


def test_a_second_look_is_taken_with_a_remedy_that_helps_where_the_first_makes_it_worse() -> None:
    def brings(arm: core.Arm) -> float:
        return 0.3 if made(arm, core.WeightClasses) else 0.9 if arm.changes else 0.6

    def again(changes: tuple[core.Change, ...]) -> Sequence[core.Finding]:
        worse = any(isinstance(c, core.WeightClasses) for c in changes)
        return (finding("hp.lr_high"),) if worse else ()

    rare = finding("data.imbalance", stated=True, severity="warning")
    diagnosis = prove(WrittenLab(brings), rare, skill=0.6, again=again)
    (found,) = diagnosis.findings
    assert found.cause == "data.imbalance"
    assert found.mended is not None and found.mended.changes == (core.Oversample("smote"),)


def test_where_every_remedy_makes_it_worse_there_is_no_second_look_and_that_is_said() -> None:
    rare = finding("data.imbalance", stated=True, severity="warning")
    lab = WrittenLab(lambda arm: 0.3 if arm.changes else 0.6)
    diagnosis = prove(lab, rare, skill=0.6, again=lambda _: (finding("hp.lr_high"),))
    assert [f.cause for f in diagnosis.findings] == ["data.imbalance"]
    assert diagnosis.findings[0].mended is None
    assert any("went from 60% to 30%" in remark for remark in diagnosis.remarks)


def test_a_change_that_cannot_be_made_leaves_the_suspicion_open_and_says_why() -> None:
    lab = WrittenLab(lambda _: 0.0, cannot=(core.ScaleLearningRate,))
    (found,) = prove(lab, finding("hp.lr_high")).findings
    assert found.verdict is core.Verdict.UNDECIDED
    assert "can't be made here" in found.untried


def test_what_there_is_no_time_for_is_said() -> None:
    lab = WrittenLab(lambda _: 0.0)
    (found,) = prove(lab, finding("hp.lr_high"), budget=Budget(2.0)).findings
    assert found.verdict is core.Verdict.UNDECIDED
    assert "left of the budget" in found.untried
    assert not lab.trained


def test_without_a_budget_nothing_is_tried() -> None:
    lab = WrittenLab(lambda _: 0.0)
    (found,) = prove(lab, finding("hp.lr_high"), budget=Budget.of(60.0, 0.0)).findings
    assert found.trial is None
    assert not lab.trained


def test_experiments_keep_to_their_budget() -> None:
    lab = WrittenLab(
        lambda _: 0.0,
        reached=core.Reach(steps=100_000, seconds_a_step=0.01, overhead_s=1.0, validated=True),
    )
    budget = Budget.of(1000.0, None)
    prove(lab, finding("hp.lr_high"), finding("data.unnormalized"), budget=budget)
    assert lab.trained
    assert lab.spent_s <= budget.seconds


def test_arms_of_a_pair_share_their_seed_and_length() -> None:
    lab = WrittenLab(lambda arm: 0.06 * bool(arm.changes) + 0.01 * (arm.seed % 2))
    prove(lab, finding("hp.lr_high"))
    control = {(a.seed, a.steps) for a in lab.trained if not a.changes}
    treated = {(a.seed, a.steps) for a in lab.trained if a.changes and not a.closely}
    assert treated <= control


def test_an_error_inside_an_arm_leaves_the_diagnosis_standing() -> None:
    def brings(_: core.Arm) -> float:
        raise RuntimeError("out of memory\nand a long story")

    (found,) = prove(WrittenLab(brings), finding("hp.lr_high")).findings
    assert found.untried == "an arm failed: RuntimeError: out of memory"


def test_an_interrupt_ends_the_experiments_and_keeps_what_is_known() -> None:
    def brings(_: core.Arm) -> float:
        raise KeyboardInterrupt

    diagnosis = prove(WrittenLab(brings), finding("hp.lr_high"))
    assert diagnosis.findings[0].cause == "hp.lr_high"
    assert any("interrupted" in remark for remark in diagnosis.remarks)


def test_a_training_that_knows_little_without_a_symptom_is_screened() -> None:
    lab = WrittenLab(lambda arm: 0.9 if made(arm, core.SetActivation) else 0.1)
    diagnosis = prove(lab, skill=0.1)
    (found,) = diagnosis.findings
    assert found.cause == "arch.dead_units"
    assert found.verdict is core.Verdict.CONFIRMED
    assert found.trial is not None and found.trial.effect > 0.7
    assert diagnosis.health is core.Health.UNHEALTHY


@pytest.mark.parametrize(
    ("parameters", "first"), [(50, core.ScaleWidth), (5000, core.ScaleLearningRate)]
)
def test_a_tiny_net_is_screened_for_its_size_first(
    parameters: int, first: type[core.Change]
) -> None:
    model = core.Model(name="net", style="sequential", layers=(), outputs=(), parameters=parameters)
    train = core.Split(
        role="train",
        source="arrays",
        examples=3000,
        scanned=3000,
        whole=True,
        inputs=(),
        targets=(),
    )
    seen = core.Signals({**record(0.3).recorded, core.MODEL: model, core.TRAIN: train})
    lab = WrittenLab(lambda _: 0.3)
    assert not prove(lab, seen=seen).findings
    assert isinstance(lab.trained[0].changes[0], first)
    assert {arm.seed for arm in lab.trained} == {0}  # none promised anything


def test_a_rare_class_that_is_found_is_not_screened_for_its_accuracy() -> None:
    rare = core.Predictions(
        role="validation", examples=2048, accuracy=0.95, baseline_accuracy=0.95,
        confusion=((1843, 77), (13, 115)), loss=0.9, baseline_loss=1.0,
    )  # fmt: skip
    seen = core.Signals({**record(0.1).recorded, core.VALIDATION_ANSWERS: rare})
    lab = WrittenLab(lambda arm: 0.9 if made(arm, core.ScaleLearningRate) else 0.1)
    assert not prove(lab, seen=seen).findings
    assert not any(made(arm, core.SetActivation) for arm in lab.trained)


def test_one_lucky_seed_is_no_cause_without_a_symptom() -> None:
    lab = WrittenLab(lambda arm: 0.9 if made(arm, core.SetActivation) and not arm.seed else 0.1)
    assert not prove(lab, skill=0.1).findings


def test_a_training_of_few_updates_is_first_tried_longer() -> None:
    def brings(arm: core.Arm) -> float:
        return 0.9 if made(arm, core.SetEpochs) or made(arm, core.SetActivation) else 0.1

    lab = WrittenLab(
        brings, reached=core.Reach(steps=40, epochs=2, seconds_a_step=0.01, validated=True)
    )
    (found,) = prove(lab, skill=0.1).findings
    assert found.cause == "hp.epochs_few"
    assert found.remedies == (core.SetEpochs(10),)


def test_a_brief_training_that_was_mended_is_tried_longer() -> None:
    def brings(arm: core.Arm) -> float:
        mended = made(arm, core.Normalize)
        return (0.9 if made(arm, core.SetEpochs) else 0.6) if mended else 0.1

    brief = core.Reach(steps=40, epochs=2, seconds_a_step=0.01, validated=True)
    scaled = finding("data.unnormalized", stated=True)
    first, second = prove(WrittenLab(brings, reached=brief), scaled).findings
    assert (first.cause, second.cause) == ("data.unnormalized", "hp.epochs_few")
    assert second.beneath == "data.unnormalized"
    assert second.verdict is core.Verdict.CONFIRMED
    (alone,) = prove(WrittenLab(brings), scaled).findings
    assert alone.cause == "data.unnormalized"


@pytest.mark.parametrize(("known", "first"), [(0.0, "data.labels"), (0.4, "reg.overfitting")])
def test_what_leaves_nothing_known_stands_behind_a_suspicion_of_the_data(
    known: float, first: str
) -> None:
    def brings(arm: core.Arm) -> float:
        return known if made(arm, core.StopEarly) or made(arm, core.SetDropout) else -0.5

    lab = WrittenLab(brings, cannot=(core.RepairLabels,))
    suspects = [finding("reg.overfitting"), finding("data.labels")]
    overfit = lambda changes: suspects[1:] if changes else suspects  # noqa: E731
    found = prove(lab, *suspects, seen=record(0.5, validation=-0.5), again=overfit).findings
    assert found[0].cause == first
    assert {f.cause: f.verdict for f in found}["reg.overfitting"] is core.Verdict.CONFIRMED


def test_screening_that_finds_nothing_says_nothing() -> None:
    diagnosis = prove(WrittenLab(lambda _: 0.3), skill=0.3)
    assert not diagnosis.findings
    assert diagnosis.health is core.Health.UNDECIDED


def test_where_nothing_is_learned_and_proven_it_is_asked_what_the_suspect_looks_like() -> None:
    lab = WrittenLab(lambda arm: 0.9 if made(arm, core.InsertBatchNormalization) else 0.0)
    first, second = prove(lab, finding("hp.lr_low"), skill=0.0).findings
    assert first.cause == "arch.vanishing_gradient"
    assert first.verdict is core.Verdict.CONFIRMED
    assert first.trial is not None and first.trial.pairs > 1 and first.trial.steps == 200
    assert first.mended is not None
    assert first.severity is core.Severity.ERROR
    assert str(first.remedies[0]) == "put BatchNormalization after every hidden layer"
    assert second.cause == "hp.lr_low"
    assert second.explained_by == "arch.vanishing_gradient"


def test_of_look_alikes_that_mend_as_much_the_one_upstream_is_named() -> None:
    def brings(arm: core.Arm) -> float:
        if made(arm, core.SetOptimizer):
            return 0.9
        return 0.8 if made(arm, core.InsertBatchNormalization) else 0.0

    first = prove(WrittenLab(brings), finding("hp.lr_low"), skill=0.0).findings[0]
    assert first.cause == "arch.vanishing_gradient"


def test_no_look_alike_is_tried_where_something_is_learned() -> None:
    lab = WrittenLab(lambda arm: 0.9 if made(arm, core.InsertBatchNormalization) else 0.2)
    (found,) = prove(lab, finding("hp.lr_low"), skill=0.2).findings
    assert found.cause == "hp.lr_low"
    assert found.verdict is core.Verdict.UNDECIDED
    assert not any(made(arm, core.InsertBatchNormalization) for arm in lab.trained)


def rate(arm: core.Arm) -> float:
    """By how much the rate of an arm was multiplied."""
    factors = [c.factor for c in arm.changes if isinstance(c, core.ScaleLearningRate)]
    return math.prod(factors)


def test_a_training_that_looks_sound_is_tried_at_other_rates() -> None:
    lab = WrittenLab(lambda arm: 0.95 if rate(arm) > 1 else 0.7)
    (found,) = prove(lab, skill=0.7).findings
    assert found.cause == "hp.lr_low"
    assert found.verdict is core.Verdict.CONFIRMED
    assert found.remedies == (core.ScaleLearningRate(3.0),)
    assert "95%" in found.evidence.says
    (other,) = prove(WrittenLab(lambda arm: 0.95 if rate(arm) < 1 else 0.7), skill=0.7).findings
    assert other.cause == "hp.lr_high"


def test_a_change_that_closes_less_than_half_of_what_is_open_is_no_fault() -> None:
    lab = WrittenLab(lambda arm: 0.83 if arm.changes else 0.7)
    assert not prove(lab, skill=0.7).findings
    assert all(arm.seed == 0 for arm in lab.trained)  # the first arm alone was enough


def test_a_small_gain_of_a_training_that_looks_sound_is_worth_a_note() -> None:
    lab = WrittenLab(lambda arm: 0.96 if rate(arm) > 1 else 0.89)
    diagnosis = prove(lab, skill=0.89)
    (found,) = diagnosis.findings
    assert (found.cause, found.severity) == ("hp.lr_low", core.Severity.NOTE)
    assert found.verdict is core.Verdict.CONFIRMED
    assert diagnosis.health is not core.Health.UNHEALTHY


def test_one_lucky_seed_is_no_fault_of_a_training_that_looks_sound() -> None:
    lab = WrittenLab(lambda arm: 0.95 if rate(arm) > 1 and not arm.seed else 0.7)
    assert not prove(lab, skill=0.7).findings


def test_an_augmentation_layer_is_taken_out_and_a_net_made_deeper() -> None:
    layer = core.Layer(path="turn", name="turn", kind="RandomRotation")
    model = core.Model(name="net", style="sequential", layers=(layer,), outputs=())
    seen = core.Signals({**record(0.7).recorded, core.MODEL: model})
    lab = WrittenLab(lambda arm: 0.95 if made(arm, core.ScaleAugmentation) else 0.7)
    (found,) = prove(lab, seen=seen).findings
    assert found.cause == "data.augmentation"
    assert found.remedies == (core.ScaleAugmentation("turn", 0.0),)
    deeper = WrittenLab(lambda arm: 0.95 if made(arm, core.ChangeDepth) else 0.7)
    (found,) = prove(deeper, skill=0.7).findings
    assert found.cause == "arch.too_shallow"
    wider = WrittenLab(lambda arm: 0.95 if made(arm, core.ScaleWidth) else 0.7)
    (found,) = prove(wider, skill=0.7).findings
    assert found.remedies == (core.ScaleWidth(4.0),)
    # What it knows of the training examples leaves nothing to a deeper net.
    fits = core.Signals(
        {**record(0.7).recorded, core.TRAIN_ANSWERS: record(0.99).recorded[core.TRAIN_ANSWERS]}
    )
    assert not prove(deeper, seen=fits).findings


def test_a_rate_that_was_ruled_out_at_one_size_may_be_found_at_another() -> None:
    lab = WrittenLab(lambda arm: 0.97 if 0.2 < rate(arm) < 1 else 0.8)
    found = prove(lab, finding("hp.lr_high"), skill=0.8).findings
    assert [(f.cause, f.verdict) for f in found] == [("hp.lr_high", core.Verdict.CONFIRMED)]


def test_what_was_but_worth_knowing_is_tried_first() -> None:
    note = finding("hp.optimizer", severity="note")
    change = all_causes()[note.cause].probe(note.evidence).change
    lab = WrittenLab(lambda arm: 0.95 if change in arm.changes else 0.7)
    (found,) = prove(lab, note, skill=0.7).findings
    assert (found.cause, found.severity) == ("hp.optimizer", core.Severity.WARNING)
    assert found.verdict is core.Verdict.CONFIRMED
    assert lab.trained[0].changes == (change,)
    (left,) = prove(WrittenLab(lambda _: 0.7), note, skill=0.7).findings
    assert left == note


def test_a_training_that_knows_enough_is_not_asked_about() -> None:
    lab = WrittenLab(lambda _: 0.95)
    prove(lab, skill=0.95)
    assert not lab.trained


@pytest.mark.parametrize(
    ("training", "share", "seconds"),
    [(10, None, 40), (1000, None, 200), (10, 0.0, 0), (10, 1.0, 80), (10, 20.0, 200)],
)
def test_the_budget_is_a_share_with_a_floor(
    training: float, share: float | None, seconds: float
) -> None:
    assert Budget.of(training, share).seconds == seconds


@pytest.mark.parametrize("lost", [(), (0,)])
@pytest.mark.parametrize(
    ("suspects", "skill"),
    [(("hp.lr_high", "hp.lr_low", "hp.optimizer"), 0.1), ((), 0.1), ((), 0.7), (("hp.lr_low",), 0)],
)
def test_arms_that_a_crew_trains_ahead_give_the_same_findings(
    suspects: tuple[str, ...], skill: float, lost: tuple[int, ...]
) -> None:
    def brings(arm: core.Arm) -> float:
        helps = made(arm, core.SetOptimizer) or made(arm, core.InsertBatchNormalization)
        return (0.95 if helps else skill) + 0.001 * arm.seed

    findings = [finding(cause) for cause in suspects]
    cannot = (core.FindLearningRate,)
    alone = WrittenLab(brings, cannot)
    expected = prove(alone, *findings, skill=skill)
    here, there = WrittenLab(brings, cannot), WrittenLab(brings, cannot)
    crew = Backwards(there, lost)
    assert prove(here, *findings, skill=skill, crew=crew) == expected
    assert max(map(len, crew.asked)) > 1
    trained = {(a.changes, a.seed, a.steps) for a in (*here.trained, *there.trained)}
    assert trained >= {(a.changes, a.seed, a.steps) for a in alone.trained}
    if not lost:
        assert len(here.trained) < len(alone.trained)


def test_a_crew_is_asked_for_no_more_than_the_budget_holds() -> None:
    there = WrittenLab(lambda _: 0.3)
    crew = Backwards(there)
    prove(WrittenLab(lambda _: 0.3), skill=0.3, budget=Budget(11.0), crew=crew)
    assert all(len(arms) <= 4 for arms in crew.asked)
