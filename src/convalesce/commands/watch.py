"""`convalesce watch`: a training while it runs, read from its folder."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from contextlib import suppress
from typing import TYPE_CHECKING, Annotated, Any

import typer

from convalesce.commands.options import Store, out, the_run, the_store
from convalesce.settings import WrongSetting

if TYPE_CHECKING:
    from convalesce.report.live import Seen
    from convalesce.track.folder import RunFolder

EVERY_S = 0.5

Run = Annotated[
    str,
    typer.Argument(metavar="[RUN|FOLDER]", help="A run. [default: the running one, or the last]"),
]


def watch(
    name: Run = "",
    *,
    once: Annotated[bool, typer.Option("--once", help="Show it once and end.")] = False,
    store: Store = None,
) -> int:
    """Show a running training: curves, gradients, findings as they arise."""
    folder = the_run(the_store(store), name)
    with suppress(KeyboardInterrupt):
        if sys.stdout.isatty() and not once:
            _draw(folder)
        elif once:
            _show_once(folder)
        else:
            _tell(folder)
    return 0


def _draw(folder: RunFolder) -> None:
    from rich.live import Live  # noqa: PLC0415 - not for --help

    from convalesce.report import live  # noqa: PLC0415

    console = out()
    with Live(console=console, auto_refresh=False, vertical_overflow="crop") as screen:
        for seen in follow(folder):
            screen.update(live.view(seen, console), refresh=True)


def _show_once(folder: RunFolder) -> None:
    from convalesce.report import live  # noqa: PLC0415 - not for --help

    console = out()
    console.print(live.view(next(follow(folder)), console))


def _tell(folder: RunFolder) -> None:
    """A line an epoch and a line a finding, for a pipe or a log."""
    from convalesce.report import live  # noqa: PLC0415 - not for --help

    console, said = out(), set()
    status = ""
    for seen in follow(folder):
        told = [live.progress(fit) for fit in seen.run.fits[-1:]]
        told += [live.told(finding).plain for finding in seen.findings]
        for line in told:
            if line not in said:
                said.add(line)
                console.print(line, markup=False, soft_wrap=True)
        status = seen.status
    console.print(f"{folder.id}: {status}", markup=False)


def follow(folder: RunFolder) -> Iterator[Seen]:
    """What is known, again whenever something was written, until the run is over.

    Raises:
        WrongSetting: The folder holds no run.
    """
    before: Any = None
    while True:
        now = _state(folder)
        if now != before:
            before = now
            seen = look(folder)
            yield seen
            if seen.status != "running":
                return
        elif _status(folder) != "running":
            before = None  # its process ended without a word
        time.sleep(EVERY_S)


def look(folder: RunFolder) -> Seen:
    """What is known of a run by now."""
    from convalesce import keeping  # noqa: PLC0415 - not for --help
    from convalesce.report.live import Seen  # noqa: PLC0415
    from convalesce.track.replay import read_run  # noqa: PLC0415

    status = _status(folder)
    try:
        run = read_run(folder)
    except (OSError, ValueError) as error:
        raise WrongSetting(f"{folder.path} cannot be read: {error}") from None
    findings = keeping.conclude(run).diagnosis.findings if run.fits else ()
    return Seen(id=folder.id, status=status, run=run, findings=findings)


def _status(folder: RunFolder) -> str:
    from convalesce.track import index  # noqa: PLC0415 - not for --help

    try:
        return index.entry(folder).status
    except (OSError, ValueError):
        return "interrupted"  # a copy without its summary


def _state(folder: RunFolder) -> tuple[tuple[str, int, int], ...]:
    found = []
    for path in sorted(folder.path.iterdir()):
        with suppress(OSError):
            stat = path.stat()
            found.append((path.name, stat.st_mtime_ns, stat.st_size))
    return tuple(found)
