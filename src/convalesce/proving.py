"""A run's experiments: from suspicion to proof, and from proof to a mend."""

from __future__ import annotations

import os
import sys
import time
import traceback
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from convalesce import core  # loads NumPy, which the script may want to set up first
    from convalesce.lab.ray.cluster import Machines
    from convalesce.observe.shelf import Shelf

Say = Callable[[str], object]
WRITTEN = 3  # findings whose remedies are written as diffs: each takes about a tenth of a second


@dataclass(frozen=True, slots=True, kw_only=True)
class Script:
    """The user's script, to be mended.

    Attributes:
        path: Where it is.
        original: Its bytes before it ran; None where there is no such file.
        edit: Put the mended script in its place.
        arguments: Behind its name on the command line.
        here: The working directory that it was started in; so is `environment`.
    """

    path: Path
    original: bytes | None
    edit: bool = False
    arguments: tuple[str, ...] = ()
    here: Path = Path()
    environment: Mapping[str, str] = field(default_factory=dict)


def script_of(target: str, args: Sequence[str] = (), *, module: bool) -> Script:
    """The script as it is before it runs; it may change its directory, and itself."""
    path = Path(target).absolute()
    original: bytes | None = None
    if not module:
        with suppress(OSError):
            original = path.read_bytes()
    return Script(
        path=path,
        original=original,
        arguments=tuple(args),
        here=Path.cwd(),
        environment=dict(os.environ),
    )


def shelf(share: float | None) -> Shelf | None:
    """Where the observation keeps what experiments need; None where none are wanted."""
    if share == 0:
        return None
    from convalesce.observe.shelf import Shelf as Kept  # noqa: PLC0415

    return Kept()


def prove(  # noqa: PLR0913, PLR0917 - what is proven, and how
    examined: core.Examined,
    kept: Shelf | None,
    share: float | None,
    mute: Iterable[str],
    say: Say,
    machines: Machines | None = None,
) -> core.Examined:
    """Settle by experiment what is only suspected, as far as the budget goes."""
    run = examined.run
    suspected = _suspected(examined, mute)
    if kept is None or not kept.kept:
        return examined
    from convalesce.confirm import Budget, confirm  # noqa: PLC0415
    from convalesce.lab.staffed import staffed  # noqa: PLC0415

    staff = staffed(kept, run.fits, machines)
    lab = staff.lab
    budget = Budget.of(_training_s(run), share)
    try:
        with lab.open():
            diagnosis = confirm(
                suspected,
                run,
                staff.remembering,
                budget,
                diagnose=_diagnose(mute),
                say=say,
                hire=staff.crew,
            )
    except (Exception, KeyboardInterrupt) as error:  # noqa: BLE001 - the diagnosis must stand
        return _failed(examined, "the experiments", error)
    run = replace(run, probes_s=lab.taken_s)
    if run.cut:
        diagnosis = _proven_only(diagnosis, examined.diagnosis)
    return replace(examined, diagnosis=diagnosis, run=run)


def _failed(examined: core.Examined, what: str, error: BaseException) -> core.Examined:
    """The diagnosis as it was, and that something of ours ended before its time."""
    if os.environ.get("CONVALESCE_DEBUG"):
        traceback.print_exc(file=sys.stderr)
    said = f"{what} were broken off in convalesce itself: {type(error).__name__}: {error}"
    if isinstance(error, KeyboardInterrupt):
        said = f"{what} were interrupted"
    diagnosis = examined.diagnosis
    return replace(examined, diagnosis=replace(diagnosis, remarks=(*diagnosis.remarks, said)))


def _suspected(examined: core.Examined, mute: Iterable[str]) -> core.Diagnosis:
    """The findings to settle: of a run that was cut short, what its first steps let suspect."""
    if not examined.run.cut:
        return examined.diagnosis
    from convalesce.diagnose import diagnose_run  # noqa: PLC0415

    return diagnose_run(replace(examined.run, cut=False), mute=mute)


def _proven_only(proven: core.Diagnosis, stated: core.Diagnosis) -> core.Diagnosis:
    """What facts or experiments say after the first steps; the rest stays unasked."""
    from convalesce import core  # noqa: PLC0415

    known = {f.cause for f in stated.findings}
    sure = [
        f
        for f in proven.findings
        if f.cause in known or (f.verdict is core.Verdict.CONFIRMED and not f.explained_by)
    ]
    said = {f.cause for f in sure}
    serious = any(f.serious and f.verdict is core.Verdict.CONFIRMED for f in sure)
    return replace(
        stated,
        findings=tuple(sure),
        not_asked=tuple(n for n in stated.not_asked if n.cause not in said),
        health=core.Health.UNHEALTHY if serious else stated.health,
        remarks=proven.remarks,
    )


def mend(  # noqa: PLR0913, PLR0917 - what is mended, and how
    examined: core.Examined,
    kept: Shelf | None,
    script: Script,
    mute: Iterable[str],
    say: Say,
    machines: Machines | None = None,
) -> core.Examined:
    """Mend what is confirmed, verify it by retraining, and write it into the script."""
    from convalesce.lab.staffed import staffed  # noqa: PLC0415
    from convalesce.treat import treat  # noqa: PLC0415

    if examined.diagnosis.health == "crashed":
        return _past_the_crash(examined, script, say)
    if kept is None or examined.diagnosis.health != "unhealthy":
        return examined
    run, tried_s = examined.run, 0.0
    staff = staffed(kept, run.fits, machines)
    lab = staff.lab
    before = lab.taken_s
    try:
        with lab.open():
            treatment = treat(
                examined.diagnosis,
                staff.remembering,
                diagnose=_diagnose(mute),
                say=say,
                hire=staff.crew,
            )
            if treatment.proven:
                begun = time.perf_counter()
                treatment = _written(treatment, run, script, say)
                tried_s = time.perf_counter() - begun
                if treatment.proven:
                    treatment = _saved(treatment, lab, _mended_model(script))
        if not treatment.proven:
            begun = time.perf_counter()
            treatment = _rewritten(treatment, examined, script, _diagnose(mute), say)
            tried_s += time.perf_counter() - begun
    except (Exception, KeyboardInterrupt) as error:  # noqa: BLE001 - the diagnosis must stand
        return _failed(examined, "the retrainings for a mend", error)
    run = replace(run, probes_s=run.probes_s + lab.taken_s - before + tried_s)
    examined = replace(examined, run=run, treatment=treatment)
    return _with_files(examined, treatment, script)


def _past_the_crash(examined: core.Examined, script: Script, say: Say) -> core.Examined:
    """A script that raised, with the remedy by which it runs beyond the step where it did.

    There is nothing to retrain and compare with: what is shown is that it runs.
    """
    from convalesce import core, treat  # noqa: PLC0415

    run, begun = examined.run, time.perf_counter()
    fits = {fit.index: fit for fit in run.fits}
    causes = [f for f in examined.diagnosis.findings if f.serious and f.evidence.stated]
    if script.original is None or not causes or causes[0].fit not in fits:
        return examined
    lead = causes[0]
    made = fits[lead.fit].signals.recorded.get(core.HISTORY)
    steps = treat.beyond(made.steps if isinstance(made, core.History) else 0)
    none = "no edit of the script keeps it from raising"
    treatment = core.Treatment(fit=lead.fit, causes=(lead.cause,), why_not=none)
    for change in lead.remedies:
        course = replace(treatment, changes=(change,), why_not="")
        try:
            told = _written(course, run, script, say, steps)
        except (Exception, KeyboardInterrupt) as error:  # noqa: BLE001 - the diagnosis must stand
            return _failed(examined, "the trials of an edit", error)
        if told.ran:
            treatment = replace(told, gone=treatment.causes)
            break
    run = replace(run, probes_s=run.probes_s + time.perf_counter() - begun)
    examined = replace(examined, run=run, treatment=treatment)
    return _with_files(examined, treatment, script)


def _with_files(
    examined: core.Examined, treatment: core.Treatment, script: Script
) -> core.Examined:
    """With the mends of what the script reads; a fault of ours costs no report."""
    from convalesce.treat import Surroundings, proposed  # noqa: PLC0415

    around = Surroundings(
        here=script.here,
        reads=examined.run.reads,
        arguments=script.arguments,
        environment=script.environment,
    )
    try:
        treatment = proposed(treatment, examined, script.path, script.original or b"", around)
    except Exception as error:  # noqa: BLE001 - the mend must stand
        return _failed(examined, "the mends of files", error)
    return replace(examined, treatment=treatment)


def edited(examined: core.Examined, script: Script) -> core.Examined:
    """With the diff of each remedy of the first findings; a fault of ours costs no report."""
    if script.original is None:
        return examined
    from convalesce.treat import edits  # noqa: PLC0415 - loads libcst

    serious = [f for f in examined.diagnosis.findings if f.serious][:WRITTEN]
    try:
        found = edits(serious, examined.run, script.path, script.original)
    except Exception as error:  # noqa: BLE001 - the diagnosis must stand
        return _failed(examined, "the edits of the script", error)
    return replace(examined, edits=found)


def _written(
    treatment: core.Treatment, run: core.Run, script: Script, say: Say, steps: int | None = None
) -> core.Treatment:
    """With its diff, run before it is offered; the script edited where asked for and safe.

    A short training runs whole and must do what was proven. Where no retraining stands behind it,
    it must run through so many steps of each fit.
    """
    from convalesce import treat  # noqa: PLC0415

    extent = steps or (None if _training_s(run) <= treat.SHORT_S else treat.STEPS)

    @cache
    def tried(edited: bytes) -> Any:
        say("running the edited script in a copy of its folder")
        piece = replace(_piece(run, script), edited=edited, steps=extent)
        try:
            return treat.rehearse(piece)
        except KeyboardInterrupt:
            return treat.Rehearsed(ran=None, says="its trial run was interrupted")
        except Exception as error:  # noqa: BLE001 - the mend must stand
            said = f"its trial run failed in convalesce itself: {type(error).__name__}: {error}"
            return treat.Rehearsed(ran=None, says=said)

    return _put(treatment, run, script, tried, unproven=steps is not None)


def _put(
    treatment: core.Treatment,
    run: core.Run,
    script: Script,
    rehearse: Callable[[bytes], Any],
    *,
    unproven: bool = False,
) -> core.Treatment:
    """With its diff, and put into the script where asked for; why not, where that fails."""
    from convalesce.treat import written  # noqa: PLC0415

    path, original = script.path, script.original
    try:
        return written(
            treatment,
            run,
            path,
            original,
            edit=script.edit,
            rehearse=rehearse,
            unproven=unproven,
        )
    except (ValueError, OSError) as error:
        told = written(treatment, run, path, original, edit=False, rehearse=rehearse)
        return replace(told, left=(*told.left, f"the script was not edited: {error}"))


def _piece(run: core.Run, script: Script) -> Any:
    """The script, to be run in a copy."""
    from convalesce import treat  # noqa: PLC0415

    original = script.original or b""
    return treat.Piece(
        script=script.path,
        original=original,
        edited=original,
        arguments=script.arguments,
        here=script.here,
        reads=run.reads,
        training_s=_training_s(run),
        environment=script.environment,
    )


def _training_s(run: core.Run) -> float:
    """Seconds that it trained, without those in which the machine did other programs' work."""
    return sum(fit.cost.work_s or fit.cost.training_s for fit in run.fits)


def _rewritten(
    treatment: core.Treatment,
    examined: core.Examined,
    script: Script,
    diagnose: Callable[[core.Signals], core.Diagnosis],
    say: Say,
) -> core.Treatment:
    """What no change in memory mends, by an edit of the source; as it was where that fails too."""
    from convalesce import treat  # noqa: PLC0415

    run, original = examined.run, script.original
    causes = [f for f in examined.diagnosis.findings if f.cause in treatment.causes and f.serious]
    if original is None or not causes or _training_s(run) > treat.SHORT_S:
        return treatment
    lead = causes[0]
    piece = replace(_piece(run, script), fit=lead.fit)
    model = _mended_model(script)
    kept = model.with_suffix(".trial.keras")

    def runs(source: bytes, seed: int) -> core.Run | None:
        edited = source != original
        say(f"running the {'edited script' if edited else 'original'} in a copy")
        saved = replace(piece, model=kept) if edited and not seed else piece
        return treat.run_whole(source, saved, seed)

    found = treat.rewritten(
        lead,
        run,
        original,
        lambda change: treat.source_with(change, run, lead.fit, script.path, original),
        runs,
        diagnose,
    )
    if found is None:
        kept.unlink(missing_ok=True)
        return treatment
    ran = treat.Rehearsed(ran=True, says="it ran in a copy, from beginning to end")
    told = _put(found, run, script, lambda _: ran)
    if not kept.exists():
        return replace(told, left=(*told.left, "the mended model: Keras can't save it"))
    kept.replace(model)
    return replace(told, model=str(model))


def _mended_model(script: Script) -> Path:
    return script.path.with_name(f"{script.path.stem}-mended.keras")


def _diagnose(mute: Iterable[str]) -> Callable[[core.Signals], core.Diagnosis]:
    from convalesce.diagnose import diagnose  # noqa: PLC0415

    muted = tuple(mute)
    return lambda signals: diagnose(signals, mute=muted)


def _saved(treatment: core.Treatment, lab: Any, path: Path) -> core.Treatment:
    """The mended model beside the script; why not, where Keras can't save it."""
    from convalesce import core  # noqa: PLC0415

    try:
        lab.save(treatment.fit, treatment.changes, path)
    except core.CannotChange as error:
        return replace(treatment, left=(*treatment.left, f"the mended model: {error}"))
    return replace(treatment, model=str(path))
