"""A study of a run's fit: what is known of it, the search, the finalists, the best as a diff."""

from __future__ import annotations

import hashlib
import math
import time
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from convalesce import core  # loads NumPy, which the script may want to set up first
    from convalesce.lab.ray.cluster import Machines
    from convalesce.lab.staffed import Staffed
    from convalesce.observe.shelf import Shelf
    from convalesce.study import Known

Say = Callable[[str], object]
DIAGNOSED = 3  # trainings that came to nothing which are trained once more to find out why
LOOKED_AT = 200  # updates of such a training
RATE_TEST_S = 0.5  # of one training's time: a range test that takes longer is not worth it
TOLD = 10  # trainings of a question after which it is said how many there were


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What a study is to do.

    Attributes:
        trials: How many trainings, those of an earlier call included.
        seconds: No further round is begun after so many; None for no bound.
        script: The user's script. `original`: its bytes before it ran; None for a module.
        place: Folder in which studies are stored.
        told: Hears of each trial as it ends, and of those that an earlier call left.
        machines: Where to train; None for here.
    """

    trials: int
    seconds: float | None
    seed: int
    script: Path
    original: bytes | None
    place: Path
    mute: tuple[str, ...] = ()
    told: Callable[[core.StudyTrial], object] = field(default=lambda _: None)
    machines: Machines | None = None


@dataclass(frozen=True, slots=True)
class _Subject:
    """The fit that is studied, and what trains on it."""

    fit: int
    signals: core.Signals
    staff: Staffed
    reach: core.Reach
    what: core.Yardstick


def _subject(
    examined: core.Examined, kept: Shelf | None, machines: Machines | None
) -> _Subject | core.Study:
    """What is to be studied; a study without trials that says why there is nothing."""
    from convalesce import core  # noqa: PLC0415
    from convalesce.lab.staffed import staffed  # noqa: PLC0415

    run = examined.run
    if kept is None or not kept.kept or not run.fits:
        return core.Study(why_not="no fit could be kept for trials")
    fit = fit_of(examined, kept)
    staff = staffed(kept, run.fits, machines)
    reach = staff.lab.reach(fit)
    if reach.why_not:
        return core.Study(fit=fit, why_not=reach.why_not)
    signals = next(f.signals for f in run.fits if f.index == fit)
    return _Subject(fit, signals, staff, reach, yardstick(examined.diagnosis, fit, reach))


def study(examined: core.Examined, kept: Shelf | None, asked: Asked, say: Say) -> core.Study:
    """Search over changes to the fit that matters most.

    Args:
        examined: The run, diagnosed and proven.
        kept: What was kept of its fits.
        asked: What to do.
        say: Told what is being done.
    """
    subject = _subject(examined, kept, asked.machines)
    if not isinstance(subject, _Subject):
        return subject
    begun = time.monotonic()
    with subject.staff.lab.open():
        found = _searched(examined.diagnosis, subject, asked, say)
    found = replace(found, seconds=time.monotonic() - begun)
    return _written(found, examined.run, asked)


def answers(  # noqa: PLR0913, PLR0917 - a run, what is asked of it, and with what means
    examined: core.Examined,
    kept: Shelf | None,
    names: Sequence[str],
    say: Say,
    seconds: float | None = None,
    machines: Machines | None = None,
) -> tuple[core.Answer, ...]:
    """Ready questions about the fit that matters most; none where nothing could be kept of it.

    Args:
        examined: The run, diagnosed and proven.
        kept: What was kept of its fits.
        names: Of the questions: `optimizers`, `batch-size`, `data`, `ablate`.
        say: Told what is being done.
        seconds: After which no further training is begun; None for no bound.
        machines: Where to train; None for here.
    """
    from convalesce import study as room  # noqa: PLC0415
    from convalesce.lab import asking  # noqa: PLC0415

    subject = _subject(examined, kept, machines)
    if not isinstance(subject, _Subject):
        return ()
    fit, lab, signals = subject.fit, subject.staff.lab, subject.signals
    until = math.inf if seconds is None else time.monotonic() + seconds

    def told(count: int) -> None:
        if count % TOLD == 0:
            say(f"{count} trainings so far")

    ask: dict[str, Callable[[], core.Answer]] = {
        "optimizers": lambda: room.optimizers(bench, signals),
        "batch-size": lambda: room.batch_size(bench, signals, lambda: asking.noise_scale(lab, fit)),
        "data": lambda: room.data(
            lambda: asking.learning_curve(lab, fit, until - time.monotonic()),
            signals,
            whole=subject.reach.whole,
        ),
        "ablate": lambda: room.ablate(bench, signals),
    }
    found = []
    with lab.open():
        bench = room.Bench(
            subject.staff.crews.of(fit), fit, subject.reach, subject.what, until, told
        )
        for name in names:
            say(f"asking: {name}")
            found.append(ask[name]())
    sick = [f.cause for f in examined.diagnosis.findings if f.fit == fit and f.serious]
    said = f" The script as it is suffers from {sick[0]}: mend that, and ask again." if sick else ""
    return tuple(replace(one, says=one.says + said) for one in found)


def fit_of(examined: core.Examined, kept: Shelf) -> int:
    """The fit that is diagnosed as sick, else the last one that was kept."""
    sick = [f.fit for f in examined.diagnosis.findings if f.serious and f.fit in kept.kept]
    return sick[0] if sick else max(kept.kept)


def _searched(diagnosis: core.Diagnosis, subject: _Subject, asked: Asked, say: Say) -> core.Study:
    from convalesce import core  # noqa: PLC0415
    from convalesce.readings.yardstick import measure  # noqa: PLC0415
    from convalesce.study import Search, finals, space, starts  # noqa: PLC0415

    fit, lab, reach = subject.fit, subject.staff.lab, subject.reach
    spoken = spoken_for(diagnosis, fit)
    say("looking for what can be changed")
    measured = _measured_rate(lab, fit, reach, say)
    known = [*spoken.all, *([core.SetLearningRate(measured)] if measured > 0 else [])]
    within = space(subject.signals, reach, lambda c: lab.why_not(fit, c), known)
    search = Search(
        optuna=stored(asked.place, _key(asked, within, fit), asked.seed),
        space=within,
        crew=subject.staff.crew(fit),
        fit=fit,
        what=subject.what,
        reach=reach,
        why=_Why(lab, fit, asked.mute),
        seen=measure(subject.signals, subject.what),
        seed=asked.seed,
        told=asked.told,
    )
    resumed = search.begin(list(starts(within, spoken, measured)))
    until = math.inf if asked.seconds is None else time.monotonic() + asked.seconds
    with suppress(KeyboardInterrupt):
        search.go(asked.trials, until)
    trials = search.trials()
    say("training the best again from other seeds")
    return core.Study(
        fit=fit,
        what=subject.what,
        dimensions=search.space.dimensions,
        left_out=within.left_out,
        trials=trials,
        finalists=finals(search, trials),
        importance=importance(search.optuna, asked.seed),
        resumed=resumed,
    )


def spoken_for(diagnosis: core.Diagnosis, fit: int) -> Known:
    """Changes that a diagnosis speaks for, none of a kind twice."""
    from convalesce import core  # noqa: PLC0415
    from convalesce.study import Known  # noqa: PLC0415

    found: dict[type[core.Change], core.Change] = {}
    proven = likely = 0
    ours = [f for f in diagnosis.findings if f.fit == fit]
    ours.sort(key=lambda f: (not _is_proven(f), not f.serious))
    for finding in ours:
        for change in finding.mends[:1]:
            if not isinstance(change, core.FindLearningRate | core.CollectData | core.Transfer):
                found.setdefault(type(change), change)
        proven = len(found) if _is_proven(finding) else proven
        likely = len(found) if finding.serious else likely
    changes = tuple(found.values())
    likely = max(proven, likely)
    return Known(changes[:proven], changes[proven:likely], changes[likely:])


def _is_proven(finding: core.Finding) -> bool:
    from convalesce import core  # noqa: PLC0415

    return finding.serious and finding.verdict is core.Verdict.CONFIRMED


def yardstick(diagnosis: core.Diagnosis, fit: int, reach: core.Reach) -> core.Yardstick:
    """By what the causes found are tried, where there is validation to do so."""
    from convalesce.causes import all_causes  # noqa: PLC0415
    from convalesce.readings.yardstick import fair  # noqa: PLC0415

    serious = [f for f in diagnosis.findings if f.fit == fit and f.serious]
    trials = (all_causes()[f.cause].probe(f.evidence) for f in serious)
    return fair(trials, validated=reach.validated)


def _measured_rate(lab: Any, fit: int, reach: core.Reach, say: Say) -> float:
    """What a confirmed range test finds, where it is cheap beside one training; else nan."""
    from convalesce import core  # noqa: PLC0415

    say("measuring the learning rate")
    limit = max(20.0, RATE_TEST_S * reach.seconds(None))
    try:
        return float(lab.find_rate(fit, (), seconds=limit))
    except (core.CannotChange, core.OutOfTime):
        return math.nan


def _key(asked: Asked, within: Any, fit: int) -> str:
    """Equal for calls that go on with one study: same script, space and seed."""
    said = repr((asked.original or str(asked.script), fit, asked.seed))
    said += repr([(d.name, d.plain, d.choices) for d in within.dimensions])
    return hashlib.sha256(said.encode()).hexdigest()[:16]


def stored(place: Path, name: str, seed: int) -> Any:
    """The Optuna study of this name, in a file of its own; each trial is kept as it ends."""
    import optuna  # noqa: PLC0415 - heavy

    optuna.logging.set_verbosity(optuna.logging.ERROR)
    place.mkdir(parents=True, exist_ok=True)
    return optuna.create_study(
        storage=f"sqlite:///{(place / f'{name}.db').absolute().as_posix()}",
        study_name=name,
        direction="maximize",
        load_if_exists=True,
        sampler=optuna.samplers.TPESampler(seed=seed),
    )


def importance(made: Any, seed: int) -> dict[str, float]:
    """Share of the variation of the results by dimension (fANOVA); empty for too few trials."""
    import optuna  # noqa: PLC0415 - heavy

    judge = optuna.importance.FanovaImportanceEvaluator(seed=seed)
    try:
        found = optuna.importance.get_param_importances(made, evaluator=judge)
    except (ValueError, RuntimeError, ZeroDivisionError):
        return {}
    return {str(k): float(v) for k, v in found.items() if math.isfinite(v)}


@dataclass(slots=True)
class _Why:
    """Names the cause of a training that came to nothing."""

    lab: Any
    fit: int
    mute: Iterable[str]
    looked: int = 0

    def __call__(self, arm: core.Arm, trained: core.Trained) -> tuple[str, str]:
        from convalesce import core  # noqa: PLC0415
        from convalesce.study.limit import OUT_OF_MEMORY  # noqa: PLC0415

        if isinstance(trained, core.CannotChange):
            return "", f"it can't be made here: {trained}"
        if isinstance(trained, core.OutOfTime):
            return "time", f"it took too long: {trained}"
        if isinstance(trained, Exception):
            if type(trained).__name__ in OUT_OF_MEMORY:
                return "memory", "out of memory: smaller batches or a narrower net would fit"
            return "error", f"{type(trained).__name__}: {str(trained).partition(chr(10))[0][:200]}"
        return self._looked_at(arm)

    def _looked_at(self, arm: core.Arm) -> tuple[str, str]:
        from convalesce.diagnose import diagnose  # noqa: PLC0415

        said = "its answers are no numbers"
        if self.looked >= DIAGNOSED:
            return "", said
        self.looked += 1
        close = replace(arm, bars=(), closely=True, steps=LOOKED_AT)
        try:
            signals = self.lab.train(self.fit, close, seconds=120.0)
        except Exception:  # noqa: BLE001 - a reason less, no more
            return "", said
        found = diagnose(signals, mute=tuple(self.mute)).findings
        serious = [f for f in found if f.serious]
        if not serious:
            return "", said
        return serious[0].cause, f"{said}; {serious[0].evidence.says}"


def _written(found: core.Study, run: core.Run, asked: Asked) -> core.Study:
    """With the best as a diff of the script."""
    best = found.best
    if best is None or not best.changes:
        return found
    from convalesce import core  # noqa: PLC0415
    from convalesce.treat import written  # noqa: PLC0415

    treatment = core.Treatment(fit=found.fit, changes=best.changes)
    treatment = written(treatment, run, asked.script, asked.original, edit=False)
    return replace(found, diff=treatment.diff, left=treatment.left)
