"""The course from observation to report: the whole program on one screen."""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from convalesce import keeping, proving
from convalesce.telling import Options as Options
from convalesce.telling import tell
from convalesce.track.folder import Start

if TYPE_CHECKING:
    from convalesce import core  # loads NumPy, which the script may want to set up first

Then = Callable[["core.Examined"], "core.Examined"]  # what follows a diagnosis
After = Callable[["core.Examined", Any, proving.Script], "core.Examined"]  # and its proof
FailOn = Literal["error", "warning", "note"]
# Of the training's time, for experiments of `fix`: what is not proven is not mended, a mend takes
# six retrainings, and a proof over whole trainings two or three.
MENDING_SHARE = 3.0
CHECK_STEPS = 100  # "its first steps (about a hundred)" of the command line's contract
SERIOUS = ("error", "warning", "note")


def run(
    target: str,
    args: Sequence[str],
    options: Options,
    *,
    module: bool = False,
    strict: bool = False,
) -> int:
    """Run a script watched, and tell what is wrong; the script's own exit status."""
    begun = begin(
        Start(script=target, arguments=tuple(args), module=module),
        options,
        after=lambda found, _, script: proving.edited(found, script),
    )
    examined, observed = begun.examined, begun.observed
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
    start = Start(script=target, kind="check", arguments=tuple(args), module=module)
    examined = begin(start, options, cut=CHECK_STEPS).examined
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
    say = saying(options)
    if options.budget is None:
        options = replace(options, budget=MENDING_SHARE)

    def mended(found: core.Examined, shelf: Any, script: proving.Script) -> core.Examined:
        edits = replace(script, edit=edit)
        found = proving.edited(found, edits)
        return proving.mend(found, shelf, edits, options.mute, say, options.machines)

    start = Start(script=target, kind="fix", arguments=tuple(args), module=module)
    begun = begin(start, options, after=mended)
    if begun.shelf is not None:
        begun.shelf.close()
    examined = begun.examined
    if examined is None or not examined.run.fits:
        return 2
    if examined.diagnosis.health == "crashed":
        return 0 if examined.treatment is not None and examined.treatment.proven else 2
    if examined.treatment is not None:
        return 0 if examined.treatment.proven else 1
    return {"healthy": 0, "unhealthy": 1}.get(examined.diagnosis.health, 2)


@dataclass(frozen=True, slots=True, kw_only=True)
class Begun:
    """A script that ran under observation, and what came of it.

    Attributes:
        script: As it was before it ran.
        shelf: What was kept of its fits; None where no experiments were wished.
        examined: None where the report failed, which was said.
    """

    script: proving.Script
    shelf: Any
    observed: core.Run
    kept: keeping.Kept
    examined: core.Examined | None


def begin(
    start: Start,
    options: Options,
    *,
    cut: int | None = None,
    after: After | None = None,
) -> Begun:
    """Run a script watched, conclude, prove and tell: how every command on a script begins.

    A study trains on what was kept whatever the budget, and writes a report of its own.

    Args:
        start: What is run.
        options: What the person asked for.
        cut: Steps after which each fit is ended; None for no bound.
        after: What follows the proof, before it is told.
    """
    from convalesce.observe.options import Options as Look  # noqa: PLC0415

    study = start.kind == "study"
    shelf = proving.shelf(None if study else options.share)
    look = Look(
        every=options.every,
        quiet=options.quiet,
        cut=cut,
        progress=progress(options),
        shelf=shelf,
        hopeless=options.hopeless,
    )
    script = proving.script_of(start.script, start.arguments, module=start.module)
    observed, kept = observe(start, look, options)
    proven = prove(shelf, options)

    def then(found: core.Examined) -> core.Examined:
        found = proven(found)
        return found if after is None else after(found, shelf, script)

    shown = replace(options, json=None, html=None) if study else options
    examined = report_on(observed, shown, kept, then)
    return Begun(script=script, shelf=shelf, observed=observed, kept=kept, examined=examined)


def demo() -> int:
    """The whole course on a CNN that does not learn scikit-learn's digits: to its mend."""
    script = Path(__file__).with_name("demo") / "digits.py"
    if find_spec("keras") is None or find_spec("tensorflow") is None:
        sys.stderr.write(
            "convalesce: the demo trains a CNN, and there is no TensorFlow here. Install it with "
            "`pip install 'convalesce[tensorflow]'`.\n"
        )
        return 2
    copy = Path(tempfile.mkdtemp(prefix="convalesce-demo-")) / script.name
    shutil.copy(script, copy)
    sys.stderr.write(f"A CNN that does not learn: {copy}\n\n")
    return fix(str(copy), (), Options())


def monitor(*, every: int | None = None, recover: bool = False) -> Any:
    """The same observation as one Keras callback: `model.fit(..., callbacks=[Monitor()])`.

    Args:
        every: Monitor every k-th step; None for the default schedule.
        recover: Where the loss is no number or has doubled, go back to the last good weights, take
            a tenth of the learning rate and go on; said on stderr and in the report.
    """
    from convalesce import report  # noqa: PLC0415
    from convalesce.observe.notebook import make_monitor  # noqa: PLC0415
    from convalesce.observe.options import Options as Look  # noqa: PLC0415

    return make_monitor(
        Look(every=every, recover=recover), conclude, (report.to_notebook, report.to_text)
    )


def progress(options: Options) -> Any:
    """Shows on a terminal what is being waited for."""
    from convalesce.observe.options import no_progress  # noqa: PLC0415

    if options.quiet or not sys.stderr.isatty():
        return no_progress
    from convalesce import report  # noqa: PLC0415

    return report.progress


def observe(start: Start, look: Any, options: Options) -> tuple[core.Run, keeping.Kept]:
    """Run the script watched, in a folder of its own that is written while it trains."""
    from convalesce.observe import UnusableScript, observe_script  # noqa: PLC0415

    kept = keeping.begin(options.store, start, options.mute)
    look = replace(look, tell=kept.tell)
    try:
        observed = observe_script(start.script, start.arguments, look, module=start.module)
    except UnusableScript:
        keeping.discard(kept)
        raise
    return observed, kept


def prove(shelf: Any, options: Options) -> Then:
    """What settles a diagnosis by experiment."""
    say = saying(options)
    share, mute, where = options.share, options.mute, options.machines
    return lambda examined: proving.prove(examined, shelf, share, mute, say, where)


def saying(options: Options) -> Callable[[str], object]:
    """Says on a terminal what is being tried."""
    if options.quiet or not sys.stderr.isatty():
        return lambda _: None
    return lambda said: sys.stderr.write(f"convalesce: {said}\n")


def report_on(
    observed: core.Run, options: Options, kept: keeping.Kept, then: Then
) -> core.Examined | None:
    """Conclude, prove and tell; an error of ours is said, and the script's own status stands."""
    try:
        examined = then(conclude(observed, options.mute))
        tell(examined, options, kept)
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
    now = datetime.now(UTC).isoformat(timespec="seconds")
    return keeping.conclude(observed, mute, now)
