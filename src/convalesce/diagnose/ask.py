"""Ask every cause about one record, and put the answers in order."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from convalesce import core
from convalesce.causes import all_causes
from convalesce.readings.confidence import confidence
from convalesce.readings.yardstick import known_of_classes

SEVERITIES = (core.Severity.ERROR, core.Severity.WARNING, core.Severity.NOTE)

# What happens to units and gradients in training, rather than what somebody chose.
HAPPENS = {"arch.dead_units", "arch.exploding_gradient", "arch.vanishing_gradient"}
MUCH = 0.3  # of strength: the step between "may be" and "is likely" of the causes
UNEXPLAINED = "Training turned non-finite, and none of the causes that could be asked explains it."
IDLE = "Training learned next to nothing, and none of the causes that could be asked explains it."
FAINT = (
    "Training knows {known:.0%} of what there is to know, and none of the causes that could be "
    "asked explains it."
)
NOTHING = 0.05  # of what the best constant answer leaves open
LITTLE = 0.2  # of classes; figures that are mostly noise are common
UNSEEN = "The training loop could be seen in part only, too little to judge."
UNTRAINED = "No step was trained, so that nothing could be judged."
WHY_ABSENT: dict[core.Signal[Any], str] = {
    core.TRAIN: "the training data could not be scanned",
    core.VALIDATION: "the fit had no validation data that could be scanned",
    core.ACROSS: "there was no validation data to compare with",
    core.MODEL: "the model could not be read",
    core.SETUP: "the set-up could not be read",
    core.HISTORY: "no epoch was trained",
    core.TRAIN_ANSWERS: "the model's answers on the training data could not be read",
    core.VALIDATION_ANSWERS: "the model's answers on validation data could not be read",
    core.LOSS: "the monitor recorded no step",
    core.FED: "the batches were not recorded on their way to the model",
    core.EVALUATIONS: "the script evaluated no hold-out data",
}


def diagnose(signals: core.Signals, *, fit: int = 0, mute: Iterable[str] = ()) -> core.Diagnosis:
    """Causes that the record speaks for, most probable root cause first.

    Args:
        signals: What was recorded so far. A cause is asked as soon as all that it needs is
            there, so the same call serves before, during and after training.
        fit: Index of the fit that the record is of.
        mute: Ids of causes not to ask.
    """
    signals, findings, not_asked = _readable(signals), [], []
    for cause in all_causes().values():
        missing = [need for need in cause.needs if need not in signals]
        if not cause.needs and not any(want in signals for want in cause.wants):
            missing = list(cause.wants[:1])
        if cause.id in set(mute):
            not_asked.append(core.NotAsked(cause.id, "muted"))
        elif missing:
            not_asked.append(core.NotAsked(cause.id, _why(missing[0])))
        else:
            try:
                evidence = cause.ask(signals)
            except Exception as error:  # noqa: BLE001 - one cause's fault must not hide the others
                why = f"asking it failed in convalesce itself: {type(error).__name__}: {error}"
                not_asked.append(core.NotAsked(cause.id, why))
                continue
            if evidence is not None:
                findings.append(finding(cause, evidence, fit=fit))
    ordered = in_order(explained(findings))
    found = health(ordered)
    remarks: tuple[str, ...] = ()
    doubt = _doubt(signals)
    if found is core.Health.HEALTHY and doubt:
        found, remarks = core.Health.UNDECIDED, (doubt,)
    return core.Diagnosis(
        health=found, findings=tuple(ordered), not_asked=tuple(not_asked), remarks=remarks
    )


def _doubt(signals: core.Signals) -> str:
    """Why a record without findings is no sign of health; empty where it is one."""
    if turned_nonfinite(signals):
        return UNEXPLAINED
    if trained(signals):
        known = _learned(signals)
        if known < NOTHING:
            return IDLE
        answers = signals.recorded.get(core.TRAIN_ANSWERS)
        classes = isinstance(answers, core.Predictions) and math.isfinite(answers.accuracy)
        return FAINT.format(known=known) if classes and known < LITTLE else ""
    setup = signals.recorded.get(core.SETUP)
    return UNSEEN if isinstance(setup, core.Setup) and setup.partial else UNTRAINED


def turned_nonfinite(signals: core.Signals) -> bool:
    """Training ended in NaN or infinity: whatever else it is, it is not healthy."""
    history = signals.recorded.get(core.HISTORY)
    losses = history.curve("loss") if isinstance(history, core.History) else ()
    return core.ORIGIN in signals or bool(losses and not math.isfinite(losses[-1]))


def _learned(signals: core.Signals) -> float:
    """What a whole training has learned; a model that answers like a constant is not sound.

    nan where it was cut, or where no answers are known.
    """
    history = signals.recorded.get(core.HISTORY)
    whole = isinstance(history, core.History) and history.stopped != "cut by check"
    answers = signals.recorded.get(core.TRAIN_ANSWERS)
    if not whole or not isinstance(answers, core.Predictions):
        return math.nan
    return known_of_classes(signals, core.Yardstick.LEARNED)


def trained(signals: core.Signals) -> bool:
    """At least one step was made."""
    history = signals.recorded.get(core.HISTORY)
    made = isinstance(history, core.History) and (history.steps > 0 or history.epochs > 0)
    return made or core.LOSS in signals or core.GRADIENT_NORM in signals


def _readable(signals: core.Signals) -> core.Signals:
    """The record without splits of which not one example was read: they say nothing."""
    return core.Signals(
        {
            signal: value
            for signal, value in signals.recorded.items()
            if not (isinstance(value, core.Split) and value.scanned == 0)
        }
    )


def finding(cause: core.Cause, evidence: core.Evidence, *, fit: int = 0) -> core.Finding:
    """What a cause's evidence amounts to before any experiment."""
    return core.Finding(
        cause=cause.id,
        title=cause.title,
        evidence=evidence,
        verdict=core.Verdict.CONFIRMED if evidence.stated else core.Verdict.UNDECIDED,
        severity=evidence.severity,
        confidence=confidence(evidence.strength, proven=evidence.stated),
        remedies=tuple(cause.remedies(evidence)),
        fit=fit,
    )


def explained(findings: list[core.Finding]) -> list[core.Finding]:
    """A suspicion whose symptom a stated cause produces too becomes a note that says so.

    So does a suspicion of something that happens to units or gradients, where a much stronger
    suspicion would make it happen.
    """
    serious = [f for f in findings if f.evidence.severity is not core.Severity.NOTE]
    return [
        replace(one, severity=core.Severity.NOTE, explained_by=by)
        if not one.evidence.stated and (by := _explanation(one, serious))
        else one
        for one in findings
    ]


def _explanation(one: core.Finding, serious: list[core.Finding]) -> str:
    likely = [f for f in serious if f.cause in all_causes()[one.cause].mimics]
    stated = next((f.cause for f in likely if f.evidence.stated), "")
    if stated or one.cause not in HAPPENS:
        return stated
    stronger = [f for f in likely if f.evidence.strength >= one.evidence.strength + MUCH]
    return max(stronger, key=lambda f: f.evidence.strength).cause if stronger else ""


def in_order(findings: Iterable[core.Finding]) -> list[core.Finding]:
    """Most probable root cause first: severity, facts before suspicions, strength, upstream."""
    return sorted(
        findings,
        key=lambda f: (
            SEVERITIES.index(f.severity),
            not f.evidence.stated,
            -f.evidence.strength,
            core.upstream(f.cause),
        ),
    )


def health(findings: Iterable[core.Finding]) -> core.Health:
    """Healthy without error and warning; undecided where only suspicions stand."""
    serious = [f for f in findings if f.serious]
    if any(f.evidence.stated for f in serious):
        return core.Health.UNHEALTHY
    return core.Health.UNDECIDED if serious else core.Health.HEALTHY


def _why(missing: core.Signal[Any]) -> str:
    return WHY_ABSENT.get(missing, f"`{missing.name}` was not recorded")
