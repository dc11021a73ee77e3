"""What came of a run, told wherever the person asked for it: terminal, files, the store."""

from __future__ import annotations

import os
import sys
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from convalesce import keeping

if TYPE_CHECKING:
    from rich.console import Console

    from convalesce import core  # loads NumPy, which the script may want to set up first
    from convalesce.lab.ray.cluster import Machines


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """What the person asked for.

    Attributes:
        every: Monitor every k-th step; None for the default schedule.
        mute: Ids of causes not to ask.
        json: Where to write the report; `-` is stdout. So are `html` and `sarif`.
        store: Folder in which runs are kept; None for the default.
        tensorboard: Folder for TensorBoard's event files; None for none.
        budget: Time for experiments, as a share of the training's; None for the default.
        probes: Make experiments at all.
        hopeless: End a training that cannot come to anything.
        machines: Where retrainings and trials are made; None for here.
    """

    every: int | None = None
    quiet: bool = False
    mute: tuple[str, ...] = ()
    json: Path | None = None
    html: Path | None = None
    sarif: Path | None = None
    store: Path | None = None
    tensorboard: Path | None = None
    budget: float | None = None
    probes: bool = True
    hopeless: bool = False
    machines: Machines | None = None

    @property
    def share(self) -> float | None:
        """Time for experiments as a share of the training's; 0 makes none."""
        return self.budget if self.probes else 0.0


def tell(examined: core.Examined, options: Options, kept: keeping.Kept) -> None:
    """Write the report wherever it was asked for, and keep the run in the store."""
    from rich.console import Console  # noqa: PLC0415

    console = Console(stderr=True)
    json, html = publish(examined, options, console)
    if options.tensorboard is not None:
        from convalesce.track.tensorboard import write  # noqa: PLC0415 - loads tensorboard

        write(examined.run, options.tensorboard)
    try:
        keeping.complete(kept, examined, {"report.json": json, "report.html": html})
    except OSError as error:
        say(
            console,
            f"convalesce could not keep this run in {kept.store}: {error.strerror or error}. "
            "Name another folder with --store.",
        )
        return
    if not options.quiet and options.html is None and kept.folder is not None:
        page = os.path.relpath(kept.folder.html) if options.store is None else kept.folder.html
        say(console, f"full report: {page}")


def publish(examined: core.Examined, options: Options, console: Console) -> tuple[bytes, bytes]:
    """Print the report and write it wherever it was asked for; it as JSON and as a page."""
    from convalesce import report  # noqa: PLC0415

    if not options.quiet:
        report.to_terminal(examined, console)
    json, html = report.to_json(examined), report.to_html(examined).encode()
    write(options.json, json, console)
    write(options.html, html, console)
    if options.sarif is not None:
        write(options.sarif, report.to_sarif(examined), console)
    return json, html


def say(console: Console, said: str) -> None:
    """A line on the terminal, as it is."""
    console.print(said, markup=False, highlight=False, soft_wrap=True)


def write(path: Path | None, data: bytes, console: Console) -> None:
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
        say(console, f"convalesce could not write {path}: {error.strerror or error}.")
        with suppress(OSError):
            fallback.write_bytes(data)
            say(console, f"The report is in {fallback}.")
