"""A training that knows little and shows no symptom: the commonest remedies, tried side by side."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace

import numpy as np

from convalesce import core
from convalesce.causes import alike, all_causes
from convalesce.confirm.arms import NoTime, NotSettled
from convalesce.confirm.experiments import Experiments, Least
from convalesce.confirm.verdicts import root_of
from convalesce.readings.pairs import RELEVANT
from convalesce.readings.yardstick import fair, known_of_classes, measure

LITTLE = core.Limit(
    0.5, unit="1", source="half of what there is to know is not, and no symptom tells why"
)
BRIEF = core.Limit(
    200, unit="1", source="fewer updates than the trial of a rate takes: hardly a training"
)
TINY = core.Limit(
    10,
    unit="examples a weight",
    source="Peduzzi 1996: ten events a variable; it orders trials only",
)
UNLEARNED = RELEVANT.value  # learned less than counts: what mends it shows in a short trial
SHORT = 200  # updates of such a trial, as many as that of a rate
EPOCHS = "hp.epochs_few"
LONGER = 5  # times as many epochs
PAIRS = 2  # no symptom speaks for it, so one lucky seed must not
STRENGTH = 0.6  # what an experiment found without any symptom to speak for it
WIDER, DEEPER = core.ScaleWidth(4.0), core.ChangeDepth(2)
SMALL = "arch.too_shallow"
# A net of a few units in one layer may want both.
LARGER = ((SMALL, WIDER), (SMALL, DEEPER), (SMALL, core.Jointly((WIDER, DEEPER))))
# In the order in which they are tried: the cheapest first.
COMMON: tuple[tuple[str, core.Change], ...] = (
    ("hp.lr_high", core.ScaleLearningRate(0.1)),
    ("hp.lr_low", core.ScaleLearningRate(10.0)),
    ("arch.dead_units", core.SetActivation("leaky_relu")),
    ("arch.vanishing_gradient", core.InsertBatchNormalization()),
    ("hp.optimizer", core.SetOptimizer("Adam")),
    *LARGER,
)


def screen(experiments: Experiments, say: Callable[[str], object]) -> core.Finding | None:
    """The cause whose remedy brings most over a whole training; None where none brings enough."""
    reach = experiments.reach
    if reach.why_not:
        return None
    what = fair((), validated=reach.validated)
    known = known_of_classes(experiments.original, what)
    if not known < LITTLE.value:
        return None
    best: core.Finding | None = None
    most = 0.0
    questions = [q for q in _common(experiments.original) if _sensible(q[0], experiments.original)]
    if reach.steps < BRIEF.value:
        questions.insert(0, _longer(reach))
    for cause, change in experiments.in_rounds(questions, None):
        say(f"nothing is suspected, and little is known: is it {cause}?")
        tried = over_whole(experiments, change, what)
        if tried is None:
            continue
        if cause == EPOCHS:  # whatever else speeds it up
            return _finding(cause, known, tried, experiments.fit)
        if tried.effect > most:
            most, best = tried.effect, _finding(cause, known, tried, experiments.fit)
    return best


def look_alike(
    experiments: Experiments, suspects: Sequence[core.Finding], say: Callable[[str], object]
) -> core.Finding | None:
    """What suspects that trials left open can be taken for, though no symptom speaks for it.

    Asked only where next to nothing was learned, by short trials; of those that explain the best
    effect, the one furthest upstream is named.

    Args:
        experiments: On the fit, without a base.
        suspects: Of which none is proven.
        say: Told what is being tried.
    """
    reach, original = experiments.reach, experiments.original
    learned = measure(original, core.Yardstick.LEARNED)
    if reach.why_not or not learned < UNLEARNED or reach.steps < SHORT:
        return None
    what = fair((), validated=reach.validated)
    known = known_of_classes(original, what)
    if not known < LITTLE.value:
        return None
    found: list[core.Finding] = []
    for cause, change in experiments.in_rounds(_beside(suspects, original), SHORT):
        say(f"nothing is proven, and nothing is learned: is it {cause}?")
        tried = _tried(experiments, change, what, SHORT)
        if tried is not None:
            found.append(_finding(cause, known, tried, experiments.fit))
    return root_of(found) if found else None


def _beside(
    suspects: Sequence[core.Finding], signals: core.Signals
) -> Iterable[tuple[str, core.Change]]:
    """The commonest remedies of what the suspects look like, but not of themselves."""
    names = {f.cause for f in suspects}
    for cause, change in COMMON:
        like = any(alike(cause, name) for name in names)
        if like and cause not in names and _sensible(cause, signals):
            yield cause, change


def longer(
    experiments: Experiments, root: str, say: Callable[[str], object]
) -> core.Finding | None:
    """Whether a brief training, mended, was too short as well: that hid behind what was mended.

    Args:
        experiments: On the fit, with its mends as their base.
        root: The cause that was mended first.
        say: Told what is being tried.
    """
    reach = experiments.reach
    if reach.why_not or not experiments.base or reach.steps >= BRIEF.value:
        return None
    what = fair((), validated=reach.validated)
    cause, change = _longer(reach)
    say(f"it trains briefly: is it {cause}, too?")
    tried = over_whole(experiments, change, what)
    if tried is None:
        return None
    known = measure(experiments.last, what)
    says = (
        f"{reach.steps} updates were made in {reach.epochs} epochs, and more of the same teach more"
    )
    found = _finding(cause, known, tried, experiments.fit)
    evidence = replace(found.evidence, says=says)
    return replace(found, evidence=evidence, beneath=root)


def _longer(reach: core.Reach) -> tuple[str, core.Change]:
    """That a training is too short, and the change that tells."""
    return EPOCHS, core.SetEpochs(LONGER * reach.epochs)


def over_whole(
    experiments: Experiments,
    change: core.Change,
    what: core.Yardstick,
    least: Least = lambda _: RELEVANT.value,
) -> core.Tried | None:
    """What a change brings over whole trainings; None where it is too little or not settled.

    Pairs are made where the first arm alone gains as much as is asked for.
    """
    return _tried(experiments, change, what, None, least)


def _tried(
    experiments: Experiments,
    change: core.Change,
    what: core.Yardstick,
    steps: int | None,
    least: Least = lambda _: RELEVANT.value,
) -> core.Tried | None:
    trial = core.Trial(change, predict=core.Rises(what), steps=steps)
    try:
        experiments.plan(2, [steps])
        if not experiments.promises(change, what, least):
            return None
        tried = experiments.try_out(trial, pairs=PAIRS)
    except NoTime:
        experiments.unsettled.append(change)
        return None
    except NotSettled:
        return None
    enough = tried.effect >= least(float(np.mean(tried.control)))
    return tried if enough and tried.verdict is core.Verdict.CONFIRMED else None


def _common(signals: core.Signals) -> list[tuple[str, core.Change]]:
    """The commonest remedies; a larger net in front where this one is tiny for its examples."""
    model, train = signals.recorded.get(core.MODEL), signals.recorded.get(core.TRAIN)
    if not isinstance(model, core.Model) or not isinstance(train, core.Split):
        return list(COMMON)
    tiny = 0 < model.parameters * TINY.value < (train.examples or 0)
    return sorted(COMMON, key=lambda one: not (tiny and one[0] == SMALL))


def _sensible(cause: str, signals: core.Signals) -> bool:
    """Another optimizer is another one."""
    setup = signals.recorded.get(core.SETUP)
    named = setup.optimizer.name if isinstance(setup, core.Setup) and setup.optimizer else ""
    return not (cause == "hp.optimizer" and named.startswith("Adam"))


def _finding(cause: str, known: float, tried: core.Tried, fit: int) -> core.Finding:
    found = found_by_trial(
        cause,
        tried,
        fit,
        core.Reading(core.VALIDATION_ANSWERS, known, LITTLE, "share of what there is to know"),
        f"no symptom tells why only {max(known, 0):.0%} of what there is to know is known; "
        "of the commonest remedies this one helps most",
    )
    nothing = known < UNLEARNED
    return replace(found, severity=core.Severity.ERROR) if nothing else found


def found_by_trial(
    cause: str, tried: core.Tried, fit: int, reading: core.Reading, says: str
) -> core.Finding:
    """A cause that an experiment has shown without any symptom."""
    change = tried.changes[-1]
    evidence = core.Evidence(readings=(reading,), says=says, strength=STRENGTH, changes=(change,))
    return core.Finding(
        cause=cause,
        title=all_causes()[cause].title,
        evidence=evidence,
        verdict=core.Verdict.CONFIRMED,
        severity=core.Severity.WARNING,
        confidence=STRENGTH,
        remedies=(change,),
        fit=fit,
        trial=tried,
    )
