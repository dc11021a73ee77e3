"""Figures beside findings: asked within the budget, shown, and a hint where trials left it open."""

from dataclasses import replace

import pytest

from convalesce import core
from convalesce.causes import all_causes
from convalesce.confirm import Budget
from tests.confirm.bench import WrittenLab, finding
from tests.confirm.test_confirm import made, prove
from tests.readings.test_spoken import curvature, figure


def curve(needed: float) -> core.LearningCurve:
    law = core.PowerLaw(scale=1.0, exponent=figure(0.5), floor=0.0, doubled=figure(0.2))
    return core.LearningCurve(
        figure=figure(0.2, 0.1, 0.3),
        sizes=(1, 2, 4),
        losses=((1.0,),) * 3,
        skills=(0.1,) * 3,
        law=law,
        gain=0.1,
        needed=figure(needed),
        steps=100,
        says="twice the data would take 20% of the validation loss away",
    )


def test_a_proven_rate_comes_with_its_figures() -> None:
    lab = WrittenLab(lambda arm: 0.9 if made(arm, core.ScaleLearningRate) else 0.0)
    lab.answers[core.Instrument.SHARPNESS] = curvature(40.0)
    diagnosis = prove(lab, finding("hp.lr_high"))
    (found,) = diagnosis.findings
    assert [one.instrument for one in found.measured] == [core.Instrument.SHARPNESS]
    assert found.measured[0].speaks is core.Speaks.FOR
    assert found.measured[0].observed == 40.0
    assert "along_update was not measured for hp.lr_high" in diagnosis.remarks[-1]


def test_beside_a_proof_figures_take_what_the_budget_has_for_such() -> None:
    def asked(beside_s: float, brings: float) -> tuple[core.Diagnosis, WrittenLab]:
        lab = WrittenLab(lambda arm: brings if made(arm, core.ScaleLearningRate) else 0.0)
        lab.answers[core.Instrument.SHARPNESS] = curvature(40.0)
        budget = Budget(1000.0, beside_s=beside_s)
        return prove(lab, finding("hp.lr_high"), budget=budget), lab

    proven, _ = asked(0.5, 0.9)
    assert proven.findings[0].verdict is core.Verdict.CONFIRMED
    assert not proven.findings[0].measured
    assert not any("not measured" in remark for remark in proven.remarks)
    assert asked(2.5, 0.9)[0].findings[0].measured
    assert asked(0.5, 0.0)[0].findings[0].measured  # there it tells


def test_a_budget_that_is_asked_for_pays_for_figures_too() -> None:
    assert Budget.of(100.0, None).beside_s == pytest.approx(10.0)
    assert Budget.of(100.0, 0.5).beside_s == float("inf")


def test_each_is_asked_once_and_only_for_what_stands() -> None:
    lab = WrittenLab(lambda _: 0.95)
    prove(lab, finding("hp.lr_high"), skill=0.95)
    assert lab.asked == []
    lab = WrittenLab(lambda _: 0.0)
    lab.answers[core.Instrument.SHARPNESS] = curvature(0.1)
    prove(lab, finding("hp.lr_high"), finding("arch.exploding_gradient"))
    assert lab.asked == list(all_causes()["hp.lr_high"].asks)


def test_of_open_suspicions_the_one_that_a_figure_speaks_for_comes_first() -> None:
    lab = WrittenLab(lambda _: 0.0)
    before = prove(lab, finding("hp.optimizer", 0.7), finding("hp.lr_high", 0.4))
    assert before.findings[0].cause == "hp.optimizer"
    lab = WrittenLab(lambda _: 0.0)
    lab.answers[core.Instrument.SHARPNESS] = curvature(12.0)
    after = prove(lab, finding("hp.optimizer", 0.7), finding("hp.lr_high", 0.4))
    assert [f.cause for f in after.findings] == ["hp.lr_high", "hp.optimizer"]
    assert all(f.verdict is core.Verdict.UNDECIDED for f in after.findings)
    assert after.health is core.Health.UNDECIDED


def test_the_learning_curve_numbers_the_examples_to_collect() -> None:
    lab = WrittenLab(lambda _: 0.4)
    lab.answers[core.Instrument.LEARNING_CURVE] = curve(3.5)
    (found,) = prove(
        lab, replace(finding("data.insufficient"), severity=core.Severity.WARNING)
    ).findings
    assert core.CollectData(3.5) in found.remedies
    lab.answers[core.Instrument.LEARNING_CURVE] = curve(float("inf"))
    (same,) = prove(lab, finding("data.insufficient")).findings
    assert same.remedies == finding("data.insufficient").remedies


def test_an_instrument_that_fails_costs_no_diagnosis() -> None:
    class Broken(WrittenLab):
        def ask(self, fit: int, instrument: core.Instrument, *, seconds: float) -> core.Answered:
            raise ZeroDivisionError("of ours")

    diagnosis = prove(Broken(lambda _: 0.0), finding("hp.lr_high"))
    assert diagnosis.findings[0].cause == "hp.lr_high"
    assert any("ZeroDivisionError: of ours" in r for r in diagnosis.remarks)


def test_an_interrupted_figure_costs_no_proof() -> None:
    class Stopped(WrittenLab):
        def ask(self, fit: int, instrument: core.Instrument, *, seconds: float) -> core.Answered:
            raise KeyboardInterrupt

    lab = Stopped(lambda arm: 0.9 if made(arm, core.ScaleLearningRate) else 0.0)
    (found,) = prove(lab, finding("hp.lr_high")).findings
    assert found.verdict is core.Verdict.CONFIRMED and not found.measured


def test_what_there_is_no_time_to_try_on_a_sound_training_is_said() -> None:
    diagnosis = prove(WrittenLab(lambda _: 0.7), skill=0.7, budget=Budget(1.0))
    assert any("There was no time to settle" in r for r in diagnosis.remarks)
    settled = prove(WrittenLab(lambda _: 0.7), skill=0.7)
    assert not settled.remarks
