"""`convalesce study`: a search over changes to a script, from what was diagnosed."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Annotated, Any

import typer

from convalesce.commands.options import (
    Args,
    Budget,
    Html,
    Json,
    Module,
    Mute,
    Quiet,
    Ray,
    Script,
    Store,
    Workers,
    listed,
    machines,
    options_of,
)
from convalesce.settings import in_force

if TYPE_CHECKING:
    from rich.console import Console

    from convalesce import core, keeping, session

Trials = Annotated[
    int, typer.Option("--trials", metavar="N", min=1, help="Trainings of the search.")
]
Minutes = Annotated[
    float | None,
    typer.Option("--minutes", metavar="M", min=0.0, help="Begin no further ones after so long."),
]
Seed = Annotated[int, typer.Option("--seed", metavar="N", help="Of the search.")]
Optimizers = Annotated[
    bool, typer.Option("--optimizers", help="Ask: which optimizer, each at its own best rate?")
]
BatchSize = Annotated[bool, typer.Option("--batch-size", help="Ask: which batch size?")]
Data = Annotated[bool, typer.Option("--data", help="Ask: what would more data bring?")]
Ablate = Annotated[
    bool, typer.Option("--ablate", help="Ask: which parts of the script earn their keep?")
]


def study(  # noqa: PLR0913 - one parameter an option
    script: Script,
    args: Args = None,
    *,
    module: Module = False,
    trials: Trials = 20,
    minutes: Minutes = None,
    seed: Seed = 0,
    optimizers: Optimizers = False,
    batch_size: BatchSize = False,
    data: Data = False,
    ablate: Ablate = False,
    json: Json = None,
    html: Html = None,
    store: Store = None,
    budget: Budget = None,
    quiet: Quiet = None,
    mute: Mute = None,
    ray: Ray = None,
    workers: Workers = None,
) -> int:
    """Search learning rate, optimizer, batches, regularisation and layers, from the diagnosis.

    The script is run once, watched, and never edited. Called again with the same script and seed,
    a study goes on from where it was. With a question there is no search. Ends with 0, and with 2
    where no study could be made.
    """
    settings = in_force(
        {
            "json": json,
            "html": html,
            "store": store,
            "budget": budget,
            "quiet": quiet,
            "mute": listed(mute),
        }
    )
    where = machines(ray, workers, quiet=bool(settings.get("quiet")))
    options = replace(options_of(settings), machines=where)
    from convalesce import session, studying  # noqa: PLC0415 - not for --help
    from convalesce.track.folder import Start  # noqa: PLC0415

    start = Start(script=script, kind="study", arguments=tuple(args or ()), module=module)
    begun = session.begin(start, options)
    examined, kept, say = begun.examined, begun.kept, session.saying(options)
    if examined is None:
        return 2
    seconds = None if minutes is None else minutes * 60
    given = {
        "optimizers": optimizers,
        "batch-size": batch_size,
        "data": data,
        "ablate": ablate,
    }
    questions = [name for name, wanted in given.items() if wanted]
    if questions:
        answers = studying.answers(examined, begun.shelf, questions, say, seconds, where)
        begun.shelf.close()
        _tell_answers(answers, script, options, kept)
        return 0 if answers else 2
    asked = studying.Asked(
        trials=trials,
        seconds=seconds,
        seed=seed,
        script=begun.script.path,
        original=begun.script.original,
        place=kept.store / "studies",
        mute=options.mute,
        told=_told(options, trials),
        machines=options.machines,
    )
    found = studying.study(examined, begun.shelf, asked, say)
    begun.shelf.close()
    _tell(found, script, options, kept)
    return 2 if found.why_not else 0


def _told(options: session.Options, trials: int) -> Callable[[core.StudyTrial], object]:
    """A line a trial, as it ends."""
    if options.quiet:
        return lambda _: None
    from convalesce.report.study import one_line  # noqa: PLC0415 - not for --help

    return lambda trial: sys.stderr.write(f"convalesce: {one_line(trials, trial)}\n")


def _tell_answers(
    answers: tuple[core.Answer, ...],
    script: str,
    options: session.Options,
    kept: keeping.Kept,
) -> None:
    """Print the answers, write them where it was asked for, and keep them beside the run."""
    from convalesce.report import answers as shown  # noqa: PLC0415 - not for --help

    reports = shown.page(answers, script), shown.document(answers, script)
    _write(options, kept, "answers", reports, lambda console: shown.show(answers, console))


def _tell(found: core.Study, script: str, options: session.Options, kept: keeping.Kept) -> None:
    """Print it, write it where it was asked for, and keep it beside the run."""
    from convalesce.report import study as shown  # noqa: PLC0415 - not for --help

    reports = shown.page(found, script), shown.document(found, script)
    _write(
        options, kept, "study", reports, lambda console: shown.show(found, console), found.trials,
        found.what,
    )  # fmt: skip


def _write(  # noqa: PLR0913, PLR0917 - what is shown, what is kept, and where
    options: session.Options,
    kept: keeping.Kept,
    name: str,
    reports: tuple[str, dict[str, Any]],
    show: Callable[[Console], None],
    trials: tuple[core.StudyTrial, ...] = (),
    what: str = "",
) -> None:
    import json  # noqa: PLC0415

    from rich.console import Console  # noqa: PLC0415 - not for --help

    from convalesce import keeping, telling  # noqa: PLC0415

    console = Console(stderr=True)
    if not options.quiet:
        console.print()
        show(console)
    page = reports[0].encode()
    data = json.dumps(reports[1], indent=1, ensure_ascii=False).encode()
    telling.write(options.json, data, console)
    telling.write(options.html, page, console)
    if kept.folder is None:
        return
    try:
        keeping.add(kept, {f"{name}.json": data, f"{name}.html": page}, trials, str(what))
    except OSError as error:
        telling.say(console, f"the {name} could not be kept: {error.strerror or error}")
        return
    if not options.quiet and options.html is None:
        telling.say(console, f"full report: {os.path.relpath(kept.folder.path / name)}.html")
