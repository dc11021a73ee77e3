"""Order and standing of findings, on evidence made by hand."""

import math
from dataclasses import replace

import pytest

from convalesce import core
from convalesce.causes import all_causes
from convalesce.diagnose.ask import diagnose, explained, finding, health, in_order
from convalesce.diagnose.script import diagnose_run

LIMIT = core.Limit(1.0, "1", "made for this test")


def evidence(
    strength: float,
    *,
    stated: bool,
    severity: core.Severity = core.Severity.WARNING,
) -> core.Evidence:
    return core.Evidence(
        readings=(core.Reading(core.LOSS, 2.0, LIMIT),),
        says="made for this test",
        strength=strength,
        stated=stated,
        severity=severity,
    )


def found(cause: str, strength: float, *, stated: bool) -> core.Finding:
    return finding(all_causes()[cause], evidence(strength, stated=stated))


def nan_data() -> core.Signals:
    return all_causes()["data.nonfinite"].sick[0]


def test_facts_come_before_suspicions_and_strength_decides_among_them() -> None:
    fact = found("data.nonfinite", 0.3, stated=True)
    strong = found("hp.lr_high", 0.9, stated=False)
    weak = found("hp.lr_low", 0.2, stated=False)
    assert in_order([weak, strong, fact]) == [fact, strong, weak]


def test_upstream_comes_first_where_all_else_is_equal() -> None:
    down = found("hp.lr_high", 0.5, stated=False)
    up = found("data.unnormalized", 0.5, stated=False)
    assert in_order([down, up]) == [up, down]


def test_a_suspicion_that_a_fact_explains_becomes_a_note_that_says_so() -> None:
    fact = found("data.nonfinite", 1.0, stated=True)
    mimic = next(
        c.id for c in all_causes().values() if "data.nonfinite" in c.mimics and c.id[:2] != "da"
    )
    _, note = explained([fact, found(mimic, 0.9, stated=False)])
    assert note.explained_by == "data.nonfinite"
    assert note.severity is core.Severity.NOTE


def test_only_suspicions_leave_a_run_undecided() -> None:
    assert health([]) is core.Health.HEALTHY
    assert health([found("hp.lr_high", 0.9, stated=False)]) is core.Health.UNDECIDED
    assert health([found("hp.lr_high", 0.9, stated=True)]) is core.Health.UNHEALTHY


def test_a_cause_without_its_signals_is_not_asked_and_the_reason_is_given() -> None:
    diagnosis = diagnose(nan_data())
    assert diagnosis.findings[0].cause == "data.nonfinite"
    asked = all_causes().keys() - {n.cause for n in diagnosis.not_asked}
    assert all(set(all_causes()[c].needs) <= set(nan_data().recorded) for c in asked)
    assert all(n.why for n in diagnosis.not_asked)


def test_a_muted_cause_is_not_asked() -> None:
    diagnosis = diagnose(nan_data(), mute=("data.nonfinite",))
    assert core.NotAsked("data.nonfinite", "muted") in diagnosis.not_asked
    assert all(f.cause != "data.nonfinite" for f in diagnosis.findings)


def test_a_cause_in_several_fits_is_said_once_with_the_others_named() -> None:
    fits = tuple(core.Fit(index=i, signals=nan_data()) for i in range(3))
    diagnosis = diagnose_run(core.Run(script="train.py", fits=fits))
    (one,) = [f for f in diagnosis.findings if f.cause == "data.nonfinite"]
    assert {one.fit, *one.also_in} == {0, 1, 2}


def test_what_a_stage_shows_and_the_next_does_not_was_part_of_the_course() -> None:
    """A head on a frozen base, and then all of it; what the data hold is in the weights."""
    frozen, sound = all_causes()["arch.frozen"].sick[0], all_causes()["arch.frozen"].healthy[-1]
    stages = (core.Fit(index=0, signals=frozen), core.Fit(index=1, signals=sound, continues=0))
    assert "arch.frozen" not in {
        f.cause for f in diagnose_run(core.Run(script="t.py", fits=stages)).findings
    }
    again = (stages[0], core.Fit(index=1, signals=frozen, continues=0))
    apart = (stages[0], core.Fit(index=1, signals=sound))
    dirty = (core.Fit(index=0, signals=nan_data()), stages[1])
    for fits, cause in ((again, "arch.frozen"), (apart, "arch.frozen"), (dirty, "data.nonfinite")):
        found = diagnose_run(core.Run(script="t.py", fits=fits)).findings
        assert cause in {f.cause for f in found}


def test_a_script_without_a_fit_is_undecided_and_says_why() -> None:
    diagnosis = diagnose_run(core.Run(script="train.py"))
    assert diagnosis.health is core.Health.UNDECIDED
    assert {n.cause for n in diagnosis.not_asked} == set(all_causes())


def test_a_crash_is_the_verdict_whatever_the_fits_showed() -> None:
    crash = core.Crash(exception="KeyError", message="'x'", phase="other")
    fits = (core.Fit(index=0, signals=nan_data()),)
    diagnosis = diagnose_run(core.Run(script="train.py", fits=fits, crash=crash, status=1))
    assert diagnosis.health is core.Health.CRASHED


def test_a_training_that_ended_in_nan_is_never_called_healthy() -> None:
    history = core.History(metrics={"loss": (1.0, float("nan"))})
    record = core.record({core.HISTORY: history})
    diagnosis = diagnose(record)
    assert diagnosis.findings == ()
    assert diagnosis.health is core.Health.UNDECIDED
    whole = diagnose_run(core.Run(script="t.py", fits=(core.Fit(index=0, signals=record),)))
    assert whole.health is core.Health.UNDECIDED
    assert "non-finite" in whole.remarks[0]


def test_a_split_of_which_nothing_was_read_counts_as_missing() -> None:
    unread = core.Split(
        role="train",
        source="generator",
        examples=None,
        scanned=0,
        whole=False,
        inputs=(),
        targets=(),
    )
    asked = {n.cause for n in diagnose(core.record({core.TRAIN: unread})).not_asked}
    needy = {c.id for c in all_causes().values() if core.TRAIN in c.needs}
    assert needy <= asked
    assert "data.nonfinite" in asked


def test_a_cause_that_fails_is_named_and_the_others_are_asked(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    broken = all_causes()["hp.lr_high"]

    def fails(_: core.Signals) -> core.Evidence | None:
        raise ZeroDivisionError("ours")

    spoiled = dict(all_causes()) | {"hp.lr_high": replace(broken, needs=(), symptom=fails)}
    monkeypatch.setattr("convalesce.diagnose.ask.all_causes", lambda: spoiled)
    diagnosis = diagnose(nan_data())
    assert diagnosis.findings[0].cause == "data.nonfinite"
    why = {n.cause: n.why for n in diagnosis.not_asked}["hp.lr_high"]
    assert "ZeroDivisionError: ours" in why


def test_a_fit_without_a_single_step_cannot_be_judged() -> None:
    history = core.History(metrics={}, planned=3)
    diagnosis = diagnose(core.record({core.HISTORY: history}))
    assert diagnosis.health is core.Health.UNDECIDED
    assert "No step was trained" in diagnosis.remarks[0]


def test_a_loop_of_which_no_step_was_seen_is_not_called_healthy() -> None:
    setup = core.Setup(losses=(), optimizer=None, partial="GradientTape in a tf.function")
    diagnosis = diagnose(core.record({core.SETUP: setup}))
    assert diagnosis.health is core.Health.UNDECIDED
    assert "in part only" in diagnosis.remarks[0]


def test_a_much_stronger_suspicion_explains_what_happens_to_units_but_not_what_was_chosen() -> None:
    rate = found("hp.lr_high", 0.9, stated=False)
    dead, _ = explained([found("arch.dead_units", 0.5, stated=False), rate])
    assert (dead.explained_by, dead.severity) == ("hp.lr_high", core.Severity.NOTE)
    close, _ = explained([found("arch.dead_units", 0.7, stated=False), rate])
    assert close.explained_by == ""
    for chosen in ("data.unnormalized", "hp.lr_low"):
        one, _ = explained([found(chosen, 0.4, stated=False), rate])
        assert one.explained_by == ""


@pytest.mark.parametrize(("accuracy", "sound"), [(0.2, False), (0.4, True), (math.nan, True)])
def test_classes_that_are_hardly_known_are_no_sign_of_health(
    accuracy: float,
    *,
    sound: bool,
) -> None:
    answers = core.Predictions(
        role="train", examples=1000, loss=0.9, baseline_loss=1.0, accuracy=accuracy,
        baseline_accuracy=0.1,
    )  # fmt: skip
    history = core.History(metrics={"loss": (0.95, 0.9)}, steps=100)
    diagnosis = diagnose(core.record({core.HISTORY: history, core.TRAIN_ANSWERS: answers}))
    assert (diagnosis.health is core.Health.HEALTHY) == sound
    assert sound or diagnosis.remarks[0].startswith("Training knows 11% of what there is to know")


def test_a_rare_class_that_is_found_is_something_learned() -> None:
    # Weighted for its rare class, a model loses more by accuracy and by loss than a constant does.
    train = core.Predictions(role="train", examples=1000, loss=0.9, baseline_loss=0.2)
    held = core.Predictions(
        role="validation", examples=1000, confusion=((900, 50), (5, 45)), loss=0.9
    )
    history = core.History(metrics={"loss": (0.9, 0.5)}, steps=100)
    seen = {core.HISTORY: history, core.TRAIN_ANSWERS: train}
    idle = diagnose(core.record(seen))
    assert any("next to nothing" in remark for remark in idle.remarks)
    found = diagnose(core.record({**seen, core.VALIDATION_ANSWERS: held}))
    assert not any("next to nothing" in remark for remark in found.remarks)
