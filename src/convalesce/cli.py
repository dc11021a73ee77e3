"""The command line. What a command does is in `session`, loaded once it is known which one runs."""

from __future__ import annotations

import signal
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any, Literal

import typer
from typer.core import TyperGroup

from convalesce import __version__
from convalesce.commands.options import (
    SCRIPT_FIRST,
    Args,
    Budget,
    Every,
    Html,
    Module,
    Mute,
    NoProbes,
    Quiet,
    Ray,
    Script,
    Store,
    WithRay,
    Workers,
    listed,
    machines,
    options_of,
)
from convalesce.commands.read import read
from convalesce.commands.runs import app as runs
from convalesce.commands.study import study
from convalesce.commands.ui import ui
from convalesce.commands.watch import watch
from convalesce.settings import WrongSetting, did_you_mean, in_force, known_causes

USAGE = 2  # exit status for a command that cannot be carried out as given

app = typer.Typer(
    add_completion=False,
    help="Says why a Keras training goes wrong, and what mends it.",
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)
Json = Annotated[
    Path | None, typer.Option("--json", metavar="FILE", help="Write the report as JSON (- stdout).")
]
Sarif = Annotated[
    Path | None, typer.Option("--sarif", metavar="FILE", help="Write it as SARIF 2.1.0.")
]
TensorBoard = Annotated[
    Path | None,
    typer.Option("--tensorboard", metavar="DIR", help="Write TensorBoard's event files too."),
]
Strict = Annotated[
    bool | None, typer.Option("--strict", help="Exit with 1 where a finding is an error.")
]
Hopeless = Annotated[
    bool,
    typer.Option("--stop-when-hopeless", help="End a fit whose loss is NaN or does not fall."),
]
FailOn = Annotated[
    Literal["error", "warning", "note"] | None,
    typer.Option("--fail-on", help="Exit with 1 from this severity on. [default: error]"),
]


def main() -> None:
    """The command `convalesce`, and `python -m convalesce`."""
    sys.exit(invoke(sys.argv[1:]))


def invoke(args: Sequence[str]) -> int:
    """Carry out one command line; its exit status.

    Typer's own way of running would put an exception hook of its own over the script's.
    """
    command = typer.main.get_command(app)
    try:
        status = command.main(list(args), prog_name="convalesce", standalone_mode=False)
    except WrongSetting as error:
        return _refuse(str(error))
    except (typer.Abort, KeyboardInterrupt):
        return 128 + signal.SIGINT
    except Exception as error:
        show = getattr(error, "show", None)  # a slip on the command line, whichever click it is
        if callable(show):
            show()
            return int(getattr(error, "exit_code", USAGE))
        from convalesce.observe import UnusableScript  # noqa: PLC0415 - only after a command ran

        if isinstance(error, UnusableScript):
            return _refuse(str(error))
        raise
    return status if isinstance(status, int) else 0


def _refuse(message: str) -> int:
    sys.stderr.write(f"convalesce: {message}\n")
    return USAGE


class InOrder(TyperGroup):
    """Commands as they stand here, and the nearest one named for a slip of the pen."""

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        """The command of these arguments."""
        name = args[0] if args else ""
        if name and not name.startswith("-") and name not in self.commands:
            raise WrongSetting(
                f"there is no command `{name}`.{did_you_mean(name, self.commands)} "
                f"There are {', '.join(self.commands)}."
            )
        return super().resolve_command(ctx, args)


def _version(wanted: bool) -> None:  # noqa: FBT001 - Typer calls it so
    if wanted:
        sys.stdout.write(f"convalesce {__version__}\n")
        raise typer.Exit


@app.callback(cls=InOrder)
def convalesce(
    *,
    version: Annotated[
        bool,
        typer.Option("--version", callback=_version, is_eager=True, help="Print the version."),
    ] = False,
) -> None:
    """Says why a Keras training goes wrong, and what mends it."""


@app.command(context_settings=SCRIPT_FIRST)
def run(  # noqa: PLR0913 - one parameter an option
    script: Script,
    args: Args = None,
    *,
    module: Module = False,
    json: Json = None,
    html: Html = None,
    sarif: Sarif = None,
    store: Store = None,
    budget: Budget = None,
    no_probes: NoProbes = None,
    every: Every = None,
    quiet: Quiet = None,
    mute: Mute = None,
    tensorboard: TensorBoard = None,
    strict: Strict = None,
    hopeless: Hopeless = False,
) -> int:
    """Run a script as Python would; say what is wrong with its training.

    Ends with the script's own exit status; with --strict, 1 where a finding is an error.
    """
    given = {
        "json": json,
        "html": html,
        "sarif": sarif,
        "store": store,
        "budget": budget,
        "no-probes": no_probes,
        "every": every,
        "quiet": quiet,
        "mute": listed(mute),
        "tensorboard": tensorboard,
        "strict": strict,
    }
    settings = in_force(given)
    from convalesce import session  # noqa: PLC0415 - after the command line is known to be right

    strict = bool(settings.get("strict"))
    options = replace(options_of(settings), hopeless=hopeless)
    return session.run(script, args or (), options, module=module, strict=strict)


@app.command(context_settings=SCRIPT_FIRST)
def check(  # noqa: PLR0913 - one parameter an option
    script: Script,
    args: Args = None,
    *,
    module: Module = False,
    json: Json = None,
    html: Html = None,
    sarif: Sarif = None,
    store: Store = None,
    budget: Budget = None,
    no_probes: NoProbes = None,
    every: Every = None,
    quiet: Quiet = None,
    mute: Mute = None,
    tensorboard: TensorBoard = None,
    fail_on: FailOn = None,
) -> int:
    """Check data, model and set-up on the first steps of each fit.

    Nothing is trained to its end: figures that the script prints after a fit mean nothing then.
    Ends with 0 where all is well, 1 where something was found, 2 where nothing could be judged.
    """
    given = {
        "json": json,
        "html": html,
        "sarif": sarif,
        "store": store,
        "budget": budget,
        "no-probes": no_probes,
        "every": every,
        "quiet": quiet,
        "mute": listed(mute),
        "tensorboard": tensorboard,
        "fail-on": fail_on,
    }
    settings = in_force(given)
    from convalesce import session  # noqa: PLC0415 - after the command line is known to be right

    fail = settings.get("fail-on", "error")
    return session.check(script, args or (), options_of(settings), module=module, fail_on=fail)


@app.command(context_settings=SCRIPT_FIRST, cls=WithRay)
def fix(  # noqa: PLR0913 - one parameter an option
    script: Script,
    args: Args = None,
    *,
    module: Module = False,
    json: Json = None,
    html: Html = None,
    sarif: Sarif = None,
    store: Store = None,
    budget: Budget = None,
    every: Every = None,
    quiet: Quiet = None,
    mute: Mute = None,
    ray: Ray = None,
    workers: Workers = None,
    edit: Annotated[
        bool,
        typer.Option("--apply", help="Edit the script; its original is kept beside it."),
    ] = False,
) -> int:
    """Diagnose, mend, verify by retraining, and print the diff of the script.

    Ends with 0 where it is mended and verified, or healthy; 1 where no remedy is proven; 2 where
    nothing could be judged.
    """
    given = {"json": json, "html": html, "sarif": sarif, "store": store, "budget": budget}
    settings = in_force({**given, "every": every, "quiet": quiet, "mute": listed(mute)})
    from convalesce import session  # noqa: PLC0415 - after the command line is known to be right

    where = machines(ray, workers, quiet=bool(settings.get("quiet")))
    options = replace(options_of(settings), machines=where)
    return session.fix(script, args or (), options, module=module, edit=edit)


@app.command()
def explain(
    cause: Annotated[str, typer.Argument(metavar="CAUSE", help="Such as hp.lr_high.")],
) -> int:
    """Print the page of a cause: why, how it is confirmed, remedy."""
    known_causes([cause], "explain")
    from rich.console import Console  # noqa: PLC0415 - only this command prints pages
    from rich.markdown import Markdown  # noqa: PLC0415

    from convalesce import report  # noqa: PLC0415
    from convalesce.causes import all_causes  # noqa: PLC0415

    page = Markdown(report.to_markdown(all_causes()[cause]))
    Console(width=None if sys.stdout.isatty() else 80).print(page)
    return 0


app.command(context_settings=SCRIPT_FIRST, cls=WithRay)(study)
app.add_typer(runs, name="runs")
app.command()(watch)
app.command()(read)
app.command()(ui)


@app.command()
def demo() -> int:
    """Diagnose a CNN that does not learn scikit-learn's digits."""
    from convalesce import session  # noqa: PLC0415

    return session.demo()
