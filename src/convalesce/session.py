"""The course from observation to report: the whole program on one screen."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from rich.console import Console

    from convalesce import core  # loads NumPy, which the script may want to set up first

FailOn = Literal["error", "warning", "note"]
CHECK_STEPS = 100  # "its first steps (about a hundred)" of the command line's contract
SERIOUS = ("error", "warning", "note")


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """What the person asked for.

    Attributes:
        every: Monitor every k-th step; None for the default schedule.
        mute: Ids of causes not to ask.
        json: Where to write the report; `-` is stdout. So are `html` and `sarif`.
        store: Folder in which runs are kept; None for the default.
        budget: Time for experiments, as a share of the training's; None for the default.
        probes: Make experiments at all.
    """

    every: int | None = None
    quiet: bool = False
    mute: tuple[str, ...] = ()
    json: Path | None = None
    html: Path | None = None
    sarif: Path | None = None
    store: Path | None = None
    budget: float | None = None
    probes: bool = True

    @property
    def share(self) -> float | None:
        """Time for experiments as a share of the training's; 0 makes none."""
        return self.budget if self.probes else 0.0


def run(
    target: str,
    args: Sequence[str],
    options: Options,
    *,
    module: bool = False,
    strict: bool = False,
) -> int:
    """Run a script watched, and tell what is wrong; the script's own exit status."""
    from convalesce.observe import observe_script  # noqa: PLC0415 - after the command is known
    from convalesce.observe.options import Options as Look  # noqa: PLC0415

    shelf = _shelf(options)
    look = Look(every=options.every, quiet=options.quiet, progress=_progress(options), shelf=shelf)
    observed = observe_script(target, args, look, module=module)
    examined = _report(observed, options, shelf)
    if examined is None or observed.status:
        return observed.status
    errors = any(f.severity == "error" for f in examined.diagnosis.findings)
    return 1 if strict and errors else 0


def check(
    target: str,
    args: Sequence[str],
    options: Options,
    *,
    module: bool = False,
    fail_on: FailOn = "error",
) -> int:
    """Check data, model and set-up on the first steps of each fit.

    Returns:
        0 clean, 1 findings at or above `fail_on`, 2 could not judge.
    """
    from convalesce.observe import observe_script  # noqa: PLC0415
    from convalesce.observe.options import Options as Look  # noqa: PLC0415

    progress = _progress(options)
    shelf = _shelf(options)
    look = Look(
        every=options.every,
        quiet=options.quiet,
        cut=CHECK_STEPS,
        progress=progress,
        shelf=shelf,
    )
    examined = _report(observe_script(target, args, look, module=module), options, shelf)
    if examined is None:
        return 2
    bar = SERIOUS.index(fail_on)
    if any(SERIOUS.index(f.severity) <= bar for f in examined.diagnosis.findings):
        return 1
    judged = examined.run.fits and not examined.run.interrupted
    return 0 if judged and examined.diagnosis.health != "crashed" else 2


def fix(
    target: str,
    args: Sequence[str],
    options: Options,
    *,
    module: bool = False,
    edit: bool = False,
) -> int:
    """Diagnose, mend, verify by retraining, and write the diff.

    Returns:
        0 mended and verified, or healthy; 1 no proven remedy; 2 could not judge.
    """
    from convalesce.observe import observe_script  # noqa: PLC0415
    from convalesce.observe.options import Options as Look  # noqa: PLC0415
    from convalesce.treat.writing import read  # noqa: PLC0415

    shelf = _shelf(options)
    look = Look(every=options.every, quiet=options.quiet, progress=_progress(options), shelf=shelf)
    script = Path(target)
    original = None if module else read(script)
    observed = observe_script(target, args, look, module=module)

    def treated(examined: core.Examined) -> core.Examined:
        return _treat(examined, shelf, options, (script, original, edit))

    examined = _report(observed, options, shelf, treated)
    if examined is None or not examined.run.fits or examined.diagnosis.health == "crashed":
        return 2
    if examined.treatment is not None:
        return 0 if examined.treatment.proven else 1
    return {"healthy": 0, "unhealthy": 1}.get(examined.diagnosis.health, 2)


def demo() -> int:
    """The whole course on a CNN that does not learn scikit-learn's digits."""
    script = Path(__file__).with_name("demo") / "digits.py"
    if find_spec("keras") is None or find_spec("tensorflow") is None:
        sys.stderr.write(
            "convalesce: the demo trains a CNN, and there is no TensorFlow here. Install it with "
            "`pip install 'convalesce[tensorflow]'`.\n"
        )
        return 2
    sys.stderr.write(f"A CNN that does not learn: {script}\n\n")
    return run(str(script), (), Options())


def monitor(*, every: int | None = None) -> Any:
    """The same observation as one Keras callback: `model.fit(..., callbacks=[Monitor()])`.

    Args:
        every: Monitor every k-th step; None for the default schedule.
    """
    from convalesce import report  # noqa: PLC0415
    from convalesce.observe.notebook import make_monitor  # noqa: PLC0415
    from convalesce.observe.options import Options as Look  # noqa: PLC0415

    return make_monitor(Look(every=every), conclude, (report.to_notebook, report.to_text))


def _progress(options: Options) -> Any:
    """Shows on a terminal what is being waited for."""
    from convalesce.observe.options import no_progress  # noqa: PLC0415

    if options.quiet or not sys.stderr.isatty():
        return no_progress
    from convalesce import report  # noqa: PLC0415

    return report.progress


def _shelf(options: Options) -> Any:
    """Where the observation keeps what experiments need; None where none are wanted."""
    if options.share == 0:
        return None
    from convalesce.observe.shelf import Shelf  # noqa: PLC0415

    return Shelf()


def _report(
    observed: core.Run,
    options: Options,
    shelf: Any,
    treated: Callable[[core.Examined], core.Examined] = lambda examined: examined,
) -> core.Examined | None:
    """Conclude, prove and tell; an error of ours is said, and the script's own status stands."""
    try:
        examined = conclude(observed, options.mute)
        examined = treated(prove(examined, shelf, options))
        tell(examined, options)
    except Exception as error:
        if os.environ.get("CONVALESCE_DEBUG"):
            raise
        sys.stderr.write(
            "convalesce: the script ran, but the report failed in convalesce itself: "
            f"{type(error).__name__}: {error}. CONVALESCE_DEBUG=1 shows where; please report it.\n"
        )
        return None
    return examined


def conclude(observed: core.Run, mute: Iterable[str] = ()) -> core.Examined:
    """What follows from an observed run."""
    from convalesce import core  # noqa: PLC0415
    from convalesce.diagnose import diagnose_run  # noqa: PLC0415

    return core.Examined(
        run=observed,
        diagnosis=diagnose_run(observed, mute=mute),
        started=datetime.now(UTC).isoformat(timespec="seconds"),
    )


def prove(examined: core.Examined, shelf: Any, options: Options) -> core.Examined:
    """Settle by experiment what is only suspected, as far as the budget goes."""
    run = examined.run
    if shelf is None or not shelf.kept:
        return examined
    from convalesce.confirm import Budget, confirm  # noqa: PLC0415
    from convalesce.diagnose import diagnose  # noqa: PLC0415
    from convalesce.lab import KerasLab  # noqa: PLC0415

    training = sum(fit.cost.training_s for fit in run.fits)
    lab = KerasLab(shelf, run.fits)
    with lab.open():
        diagnosis = confirm(
            examined.diagnosis,
            run,
            lab,
            Budget.of(training, options.share),
            diagnose=lambda signals: diagnose(signals, mute=options.mute),
            say=_saying(options),
        )
    run = replace(run, probes_s=lab.spent_s)
    return replace(examined, diagnosis=diagnosis, run=run)


def _treat(
    examined: core.Examined, shelf: Any, options: Options, file: tuple[Path, Any, bool]
) -> core.Examined:
    """Mend what is confirmed, verify it, and write it into the script."""
    from convalesce.diagnose import diagnose  # noqa: PLC0415
    from convalesce.lab import KerasLab  # noqa: PLC0415
    from convalesce.treat import treat, written  # noqa: PLC0415

    if shelf is None or examined.diagnosis.health != "unhealthy":
        return examined
    run = examined.run
    lab = KerasLab(shelf, run.fits)
    with lab.open():
        treatment = treat(
            examined.diagnosis,
            lab,
            diagnose=lambda signals: diagnose(signals, mute=options.mute),
            say=_saying(options),
        )
        if treatment.proven:
            script, original, edit = file
            treatment = written(treatment, run, script, original, edit=edit)
            treatment = _saved(treatment, lab, script.with_name(f"{script.stem}-mended.keras"))
    run = replace(run, probes_s=run.probes_s + lab.spent_s)
    return replace(examined, run=run, treatment=treatment)


def _saved(treatment: core.Treatment, lab: Any, path: Path) -> core.Treatment:
    """The mended model beside the script; why not, where Keras can't save it."""
    from convalesce import core  # noqa: PLC0415

    try:
        lab.save(treatment.fit, treatment.changes, path)
    except core.CannotChange as error:
        return replace(treatment, left=(*treatment.left, f"the mended model: {error}"))
    return replace(treatment, model=str(path))


def _saying(options: Options) -> Any:
    """Says on a terminal what is being tried."""
    if options.quiet or not sys.stderr.isatty():
        return lambda _: None
    return lambda said: sys.stderr.write(f"convalesce: {said}\n")


def tell(examined: core.Examined, options: Options) -> None:
    """Write the report wherever it was asked for, and keep the run in the store."""
    from rich.console import Console  # noqa: PLC0415

    from convalesce import report, track  # noqa: PLC0415

    console = Console(stderr=True)
    if not options.quiet:
        report.to_terminal(examined, console)
    json, html = report.to_json(examined), report.to_html(examined)
    _write(options.json, json, console)
    _write(options.html, html.encode(), console)
    if options.sarif is not None:
        _write(options.sarif, report.to_sarif(examined), console)
    try:
        folder = track.keep(examined.run, track.store_path(options.store), now=datetime.now())  # noqa: DTZ005 - the folder is named in the person's own time
        folder.json.write_bytes(json)
        folder.html.write_text(html, encoding="utf-8")
    except OSError as error:
        console.print(
            f"convalesce could not keep this run in {track.store_path(options.store)}: "
            f"{error.strerror or error}. Name another folder with --store.",
            markup=False,
            highlight=False,
        )
        return
    if not options.quiet and options.html is None:
        console.print(f"full report: {folder.html}", markup=False, highlight=False, soft_wrap=True)


def _write(path: Path | None, data: bytes, console: Console) -> None:
    """Write one report; an unwritable place is said, and the report is not lost."""
    if path is None:
        return
    if str(path) == "-":
        sys.stdout.buffer.write(data + b"\n")
        sys.stdout.buffer.flush()
        return
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    except OSError as error:
        fallback = Path.home() / path.name
        console.print(
            f"convalesce could not write {path}: {error.strerror or error}.",
            markup=False,
            highlight=False,
        )
        with suppress(OSError):
            fallback.write_bytes(data)
            console.print(f"The report is in {fallback}.", markup=False, highlight=False)
