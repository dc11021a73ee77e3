"""Options that several of these commands take, and how a store is found."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Mapping
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from typer.core import TyperCommand

from convalesce.settings import WrongSetting, known_causes, read_settings

if TYPE_CHECKING:
    from rich.console import Console

    from convalesce.lab.ray.cluster import Machines
    from convalesce.session import Options
    from convalesce.track.folder import RunFolder

# Everything after SCRIPT is the script's own, untouched.
SCRIPT_FIRST = {"allow_interspersed_args": False}

Script = Annotated[str, typer.Argument(metavar="SCRIPT", help="The script, run as Python would.")]
Args = Annotated[
    list[str] | None, typer.Argument(metavar="ARGS", help="Handed to the script untouched.")
]
Module = Annotated[bool, typer.Option("-m", help="SCRIPT is a module, as in python -m.")]
Html = Annotated[Path | None, typer.Option("--html", metavar="FILE", help="Write it as a page.")]
Budget = Annotated[
    float | None,
    typer.Option(
        "--budget",
        metavar="SHARE",
        min=0.0,
        help="Time for experiments, as a share of training time. [default: 0.2, and at least 40 s]",
    ),
]
NoProbes = Annotated[bool | None, typer.Option("--no-probes", help="No experiments.")]
Every = Annotated[
    int | None,
    typer.Option(
        "--every", metavar="K", min=0, help="Look at every K-th step only; 0 looks at none."
    ),
]
Quiet = Annotated[bool | None, typer.Option("--quiet", help="Nothing on the terminal.")]
Mute = Annotated[
    list[str] | None,
    typer.Option("--mute", metavar="CAUSE[,CAUSE]", help="Do not ask these causes."),
]
Store = Annotated[
    Path | None,
    typer.Option("--store", metavar="DIR", help="Where runs are kept. [default: .convalesce]"),
]
Json = Annotated[
    Path | None, typer.Option("--json", metavar="FILE", help="Write it as JSON (- stdout).")
]
Ray = Annotated[
    str | None,
    typer.Option(
        "--ray",
        metavar="[ADDRESS]",
        help="Train at the same time on a Ray cluster; without an address, on one of this machine.",
    ),
]
Workers = Annotated[
    int | None,
    typer.Option("--workers", metavar="N", min=1, help="Processes of it. [default: by its size]"),
]
# What `--ray` takes for an address; anything else that follows it is SCRIPT.
ADDRESS = re.compile(r"auto|local|ray://\S+|[\w.\-]+:\d+|\[[\da-fA-F:]+\]:\d+")
WIDE = 200  # columns where nobody looks at a screen: nothing is folded


class WithRay(TyperCommand):
    """A command with `--ray [ADDRESS]`, whose address may be left out before SCRIPT."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """As Typer does, the address put in where it was left out."""
        takes = {
            name
            for one in self.params
            if one.param_type_name == "option" and not getattr(one, "is_flag", False)
            for name in one.opts
        }
        given = list(args)
        place = 0
        while place < len(given) and given[place].startswith("-") and given[place] != "--":
            name = given[place]
            if name == "--ray" and not ADDRESS.fullmatch("".join(given[place + 1 : place + 2])):
                given.insert(place + 1, "local")
            place += 2 if name in takes else 1
        return super().parse_args(ctx, given)


def machines(ray: str | None, workers: int | None, *, quiet: bool) -> Machines | None:
    """Where to train; None for here.

    Raises:
        WrongSetting: Ray is not installed, or no cluster answers at that address.
    """
    if ray is None and workers is None:
        return None
    from convalesce.lab.ray.cluster import LOCAL, Machines, NoCluster, check  # noqa: PLC0415

    try:
        check(ray or LOCAL)
    except NoCluster as error:
        raise WrongSetting(str(error)) from None

    def tell(said: str) -> None:
        if not quiet:
            sys.stderr.write(f"convalesce: {said}\n")

    return Machines(address=ray or LOCAL, workers=workers, tell=tell)


def listed(mute: list[str] | None) -> tuple[str, ...] | None:
    """The ids of causes that `--mute` names; None where it was not given."""
    if mute is None:
        return None
    names = [name.strip() for part in mute for name in part.split(",")]
    return known_causes([name for name in names if name], "--mute")


def options_of(settings: Mapping[str, Any]) -> Options:
    """What the settings in force ask of a session.

    Raises:
        WrongSetting: They ask for what is not installed.
    """
    from convalesce import session  # noqa: PLC0415 - not for --help

    return session.Options(
        every=settings.get("every"),
        quiet=settings.get("quiet", False),
        mute=settings.get("mute", ()),
        json=settings.get("json"),
        html=settings.get("html"),
        sarif=settings.get("sarif"),
        store=settings.get("store"),
        budget=settings.get("budget"),
        probes=not settings.get("no-probes", False),
        tensorboard=_tensorboard(settings.get("tensorboard")),
    )


def _tensorboard(folder: Path | None) -> Path | None:
    """A folder that can be served: said before the script runs, not after."""
    if folder is not None and find_spec("tensorboard") is None:
        raise WrongSetting(
            "TensorBoard's event files need the package tensorboard, which is not here. Install it "
            "with `pip install 'convalesce[tensorboard]'`."
        )
    return folder.absolute() if folder is not None else None


def the_store(asked: Path | None) -> Path:
    """As asked, else `$CONVALESCE_STORE`, else as pyproject.toml has it, else `.convalesce`."""
    from convalesce.track.folder import store_path  # noqa: PLC0415 - not for --help

    if asked is None and not os.environ.get("CONVALESCE_STORE"):
        asked = read_settings(Path.cwd()).get("store")
    return store_path(asked)


def the_run(store: Path, name: str) -> RunFolder:
    """The run of this name.

    Raises:
        WrongSetting: There is none, or there are several.
    """
    from convalesce.track import index  # noqa: PLC0415 - not for --help

    try:
        return index.find(store, name) if name else index.latest(store)
    except (index.UnknownRun, OSError) as error:
        raise WrongSetting(str(error)) from None


def out() -> Console:
    """Where a command prints what it was asked for: stdout."""
    from rich.console import Console  # noqa: PLC0415 - not for --help

    return Console(width=None if sys.stdout.isatty() else WIDE, highlight=False)


def write_json(path: Path, value: Any) -> None:
    """Write plain values, `-` to stdout.

    Raises:
        WrongSetting: The file can't be written.
    """
    import json  # noqa: PLC0415

    from convalesce.track.disk import plain  # noqa: PLC0415

    data = json.dumps(plain(value), indent=2, ensure_ascii=False) + "\n"
    write_text(path, data)


def write_text(path: Path, text: str) -> None:
    """Write a file, `-` to stdout.

    Raises:
        WrongSetting: The file can't be written.
    """
    if str(path) == "-":
        sys.stdout.write(text)
        return
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise WrongSetting(f"{path} cannot be written: {error.strerror or error}") from None
