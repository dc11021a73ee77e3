"""Instruments put to findings: figures beside the trials, and a hint where trials left it open."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from dataclasses import replace

from convalesce import core
from convalesce.causes import all_causes
from convalesce.confirm.experiments import Experiments
from convalesce.readings.spoken import Spoken, spoken, tells
from convalesce.readings.yardstick import measure

MOST = 3  # findings of a fit for which figures are taken

Say = Callable[[str], object]


def measured(
    findings: Iterable[core.Finding], experiments: Experiments, say: Say
) -> tuple[list[core.Finding], list[str]]:
    """The findings with the figures that their causes ask for, and what was left for want of time.

    Figures are taken on the training as it was, so for what hid behind a mend there are none.
    Beside a proof they settle nothing and may take only what the budget has for such; the
    learning curve numbers the remedy, and is asked in any case.

    Args:
        findings: Of one fit, in order.
        experiments: On that fit.
        say: Told what is being measured.
    """
    told: list[core.Finding] = []
    left: list[str] = []
    seen: dict[core.Instrument, core.Answered | str] = {}
    waiting = MOST
    lab = experiments.arms.lab
    ends = lab.spent_s + experiments.arms.budget.beside_s
    learned = measure(experiments.original, core.Yardstick.LEARNED)
    for finding in findings:
        asks = [one for one in all_causes()[finding.cause].asks if tells(one, learned)]
        stands = finding.serious and finding.verdict is not core.Verdict.REFUTED
        if not (asks and stands and waiting) or finding.beneath or finding.explained_by:
            told.append(finding)
            continue
        waiting -= 1
        figures = []
        proven = finding.verdict is core.Verdict.CONFIRMED
        for instrument in asks:
            if instrument not in seen:
                say(f"measuring for {finding.cause}: {instrument}")
                aside = proven and instrument is not core.Instrument.LEARNING_CURVE
                seconds = min(experiments.left, ends - lab.spent_s if aside else math.inf)
                answer = _asked(instrument, experiments, seconds)
                if isinstance(answer, str) and seconds < experiments.left:
                    continue  # it would settle nothing, and is asked again where it may
                seen[instrument] = answer
            known = seen[instrument]
            if isinstance(known, str):
                left.append(f"{instrument} was not measured for {finding.cause}: {known}.")
            else:
                figures.append(_figure(instrument, known, spoken(finding.cause, known, learned)))
        told.append(_with(finding, tuple(figures), seen))
    return told, left


def _asked(
    instrument: core.Instrument, experiments: Experiments, seconds: float
) -> core.Answered | str:
    """Its answer, or why there is none."""
    why_not = experiments.reach.why_not
    if why_not:
        return why_not
    try:
        return experiments.arms.lab.ask(experiments.fit, instrument, seconds=seconds)
    except (core.CannotChange, core.OutOfTime) as error:
        return str(error)
    except KeyboardInterrupt:
        return "it was interrupted"
    except Exception as error:  # noqa: BLE001 - a figure of ours must not cost the diagnosis
        return f"{type(error).__name__}: {str(error).partition(chr(10))[0]}"


def _figure(instrument: core.Instrument, answer: core.Answered, said: Spoken) -> core.Measured:
    return core.Measured(
        instrument=instrument,
        figure=answer.figure,
        says=answer.says,
        speaks=said.speaks,
        limit=said.limit,
        observed=said.observed,
    )


def _with(
    finding: core.Finding,
    figures: tuple[core.Measured, ...],
    seen: dict[core.Instrument, core.Answered | str],
) -> core.Finding:
    """With its figures; the examples to collect are numbered by the learning curve."""
    curve = seen.get(core.Instrument.LEARNING_CURVE)
    remedies = finding.remedies
    if isinstance(curve, core.LearningCurve):
        remedies = tuple(
            core.CollectData(curve.needed.value) if _numbered(one, curve) else one
            for one in remedies
        )
    return replace(finding, measured=figures, remedies=remedies)


def _numbered(change: core.Change, curve: core.LearningCurve) -> bool:
    return isinstance(change, core.CollectData) and math.isfinite(curve.needed.value)


def supported(finding: core.Finding) -> int:
    """Order among the open ones: what figures speak for comes first, what they rule out last."""
    speaks = {one.speaks for one in finding.measured}
    if core.Speaks.FOR in speaks:
        return 0
    return 2 if core.Speaks.AGAINST in speaks else 1
