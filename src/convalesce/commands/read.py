"""`convalesce read`: a diagnosis of what other tools left of a training."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from convalesce.commands.options import Json, out
from convalesce.settings import WrongSetting, known_causes

if TYPE_CHECKING:
    from convalesce import core

TOO_LITTLE = "Curves without a fault are no proof of a sound training."


def read(  # noqa: PLR0913 - one parameter an option
    path: Annotated[
        str,
        typer.Argument(
            metavar="PATH",
            help="CSVLogger file, History as JSON, event files, MLflow store, or a kept run.",
        ),
    ],
    *,
    run: Annotated[
        str, typer.Option("--run", metavar="RUN", help="Which one, where there are several.")
    ] = "",
    json: Json = None,
    html: Annotated[Path | None, typer.Option("--html", metavar="FILE", help="As a page.")] = None,
    sarif: Annotated[
        Path | None, typer.Option("--sarif", metavar="FILE", help="As SARIF 2.1.0.")
    ] = None,
    mute: Annotated[
        list[str] | None,
        typer.Option("--mute", metavar="CAUSE[,CAUSE]", help="Do not ask these causes."),
    ] = None,
    quiet: Annotated[bool, typer.Option("--quiet", help="Nothing on the terminal.")] = False,
) -> int:
    """Diagnose from what other tools left, and say what such a log cannot tell."""
    named = [n.strip() for part in mute or () for n in part.split(",") if n.strip()]
    muted = known_causes(named, "--mute")
    from rich.console import Console  # noqa: PLC0415 - not for --help

    from convalesce import keeping, telling  # noqa: PLC0415
    from convalesce.track.logs import UnreadableLog, read  # noqa: PLC0415

    try:
        found = read(path, run)
    except UnreadableLog as error:
        raise WrongSetting(str(error)) from None
    options = telling.Options(quiet=quiet, json=json, html=html, sarif=sarif)
    console = Console(stderr=True) if str(json) == "-" else out()
    telling.publish(modest(keeping.conclude(found, muted)), options, console)
    return 0


def modest(examined: core.Examined) -> core.Examined:
    """The same, where curves alone show no fault: that is not enough to call a training healthy."""
    from dataclasses import replace  # noqa: PLC0415

    from convalesce import core  # noqa: PLC0415 - not for --help

    more = {core.TRAIN, core.FED, core.MODEL}  # what an observed run has
    alone = not any(more & fit.signals.recorded.keys() for fit in examined.run.fits)
    diagnosis = examined.diagnosis
    if not alone or diagnosis.health is not core.Health.HEALTHY:
        return examined
    remarks = (*diagnosis.remarks, TOO_LITTLE)
    unsure = replace(diagnosis, health=core.Health.UNDECIDED, remarks=remarks)
    return replace(examined, diagnosis=unsure)
