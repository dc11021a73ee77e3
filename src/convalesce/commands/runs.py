"""`convalesce runs`: what was kept, listed, shown, compared and removed."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from convalesce.commands.options import (
    Json,
    Store,
    out,
    the_run,
    the_store,
    write_json,
    write_text,
)
from convalesce.settings import WrongSetting, causes_by_file, did_you_mean

if TYPE_CHECKING:
    from convalesce.track.index import Entry

app = typer.Typer(rich_markup_mode=None, add_completion=False)
SCHEMA = 1
FAMILIES = ("data", "arch", "reg", "hp")
BY_DEFAULT = "val_loss"

Cause = Annotated[
    list[str] | None,
    typer.Option("--cause", metavar="CAUSE[,CAUSE]", help="With one of these; `hp` is all hp.*."),
]
Verdict = Annotated[
    Literal["healthy", "unhealthy", "undecided", "crashed"] | None,
    typer.Option("--verdict", help="With this verdict."),
]
Status = Annotated[
    Literal["running", "finished", "interrupted", "crashed"] | None,
    typer.Option("--status", help="With this status."),
]
Script = Annotated[
    str, typer.Option("--script", metavar="PART", help="Of scripts with this in their name.")
]
Sort = Annotated[
    str,
    typer.Option(
        "--sort",
        metavar="KEY",
        help="By started, script, status, verdict, seconds or a metric, the best first.",
    ),
]
Metric = Annotated[
    str,
    typer.Option("--metric", metavar="NAME", help="The metric to show. [default: val_loss]"),
]


@app.callback(invoke_without_command=True)
def runs(  # noqa: PLR0913 - one parameter an option
    context: typer.Context,
    *,
    cause: Cause = None,
    verdict: Verdict = None,
    status: Status = None,
    script: Script = "",
    sort: Sort = "",
    metric: Metric = "",
    reverse: Annotated[bool, typer.Option("--reverse", help="The other way round.")] = False,
    limit: Annotated[int, typer.Option("--limit", min=0, help="At most so many; 0: all.")] = 0,
    trials: Annotated[bool, typer.Option("--all", help="Trials and treatments too.")] = False,
    sync: Annotated[bool, typer.Option("--sync", help="Complete MLflow's store first.")] = False,
    json: Json = None,
    store: Store = None,
) -> int:
    """List the runs that were kept; `show`, `compare` and `rm` are about single ones."""
    context.obj = store
    if context.invoked_subcommand is not None:
        return 0
    from convalesce.track import index  # noqa: PLC0415 - not for --help

    place = the_store(store)
    if sync:
        bring_over(place)
    listing = index.entries(place)
    for complaint in listing.complaints:
        sys.stderr.write(f"convalesce: {complaint}\n")
    shown = metric or (sort if sort and sort not in index.PLAIN else BY_DEFAULT)
    wanted = index.Wanted(
        causes=_causes(cause or []),
        verdict=verdict or "",
        status=status or "",
        script=script,
        children=trials,
        sort=sort or "started",
        reverse=reverse,
    )
    found = index.chosen(listing.entries, wanted)
    found = found[:limit] if limit else found
    if json is not None:
        rows = [as_json(e) for e in found]
        left_out = list(listing.complaints)
        write_json(json, {"schema": SCHEMA, "runs": rows, "left_out": left_out})
    if json is None or str(json) != "-":
        _table(found, shown, place)
    return 0


def _causes(given: list[str]) -> tuple[str, ...]:
    names = tuple(n.strip() for part in given for n in part.split(",") if n.strip())
    known = (*FAMILIES, *causes_by_file())
    for name in names:
        if name not in known:
            raise WrongSetting(f"--cause: there is no cause `{name}`.{did_you_mean(name, known)}")
    return names


def _table(found: list[Entry], metric: str, store: Path) -> None:
    from convalesce.report import listing  # noqa: PLC0415 - loads rich

    if not found:
        sys.stderr.write(f"convalesce: no such run is kept in {store}.\n")
        return
    rows = [
        listing.Row(
            id=e.folder.id,
            status=e.status if e.text("kind") in {"run", ""} else f"{e.status} ({e.text('kind')})",
            verdict=e.text("verdict"),
            causes=e.words("causes"),
            epochs=e.count("epochs"),
            metric=e.metric(metric),
        )
        for e in found
    ]
    listing.show_many(rows, metric, out())


def as_json(entry: Entry) -> dict[str, Any]:
    """A run as the contract of the command line has it."""
    fixed = {"id": entry.folder.id, "status": entry.status, "folder": str(entry.folder.path)}
    return {**entry.summary, **fixed}


def bring_over(store: Path) -> None:
    """Complete MLflow's store, and wait for it."""
    from convalesce import keeping  # noqa: PLC0415 - not for --help

    if not store.is_dir():
        return
    sys.stderr.write("convalesce: completing MLflow's store\n")
    command = keeping.command(store)
    done = subprocess.run(command, env=keeping.calm(os.environ), cwd=store, check=False)  # noqa: S603 - ourselves
    if done.returncode:
        sys.stderr.write("convalesce: MLflow's store is not complete; the folders are.\n")


Id = Annotated[str, typer.Argument(metavar="ID", help="A run, or a part of its name.")]
Ids = Annotated[list[str], typer.Argument(metavar="ID…", help="Runs, or parts of their names.")]


@app.command()
def show(context: typer.Context, name: Id, *, json: Json = None, store: Store = None) -> int:
    """Show one run and what was found."""
    from convalesce.commands import showing  # noqa: PLC0415 - not for --help
    from convalesce.report import listing  # noqa: PLC0415

    entry = _entry(the_store(store or context.obj), name)
    document = showing.document(entry)
    if json is not None:
        write_json(json, {"schema": SCHEMA, "runs": [as_json(entry)], "report": document})
    if json is None or str(json) != "-":
        listing.show_one(showing.facts(entry), document, out())
    return 0


@app.command()
def compare(
    context: typer.Context,
    names: Ids,
    *,
    html: Annotated[
        Path | None,
        typer.Option("--html", metavar="FILE", help="The page. [default: in the store]"),
    ] = None,
    json: Json = None,
    store: Store = None,
) -> int:
    """Compare runs: data, model, set-up and curves."""
    from convalesce.commands import showing  # noqa: PLC0415 - not for --help
    from convalesce.report import comparison  # noqa: PLC0415

    place = the_store(store or context.obj)
    if not 2 <= len(names) <= comparison.MOST:
        raise WrongSetting(f"compare takes 2 to {comparison.MOST} runs, not {len(names)}.")
    entries = [_entry(place, name) for name in names]
    runs, rows = showing.compared(entries)
    if json is not None:
        write_json(json, showing.as_json([as_json(e) for e in entries], runs, rows))
    page = html or place / "compare.html"
    write_text(page, comparison.page(runs, rows))
    if json is None or str(json) != "-":
        comparison.show(runs, rows, out())
        sys.stderr.write(f"curves: {page}\n")
    return 0


@app.command()
def rm(context: typer.Context, names: Ids, *, store: Store = None) -> int:
    """Remove runs, their trials and treatments, from the store and from MLflow's."""
    from convalesce.track import importer, index  # noqa: PLC0415 - not for --help

    place = the_store(store or context.obj)
    folders = {f.id: f for f in (the_run(place, name) for name in names)}
    status = {e.folder.id: e.status for e in index.entries(place).entries}
    folders |= {f.id: f for f in index.children(place, folders)}
    for folder in folders.values():
        if status.get(folder.id) == "running":
            raise WrongSetting(f"{folder.id} is running; end it first. Nothing was removed.")
        if folder.path.absolute().parent != (place / "runs").absolute():
            raise WrongSetting(
                f"{folder.path} is not in {place}. Name its store with --store, or delete the "
                "folder. Nothing was removed."
            )
    known = [name for name, folder in folders.items() if importer.brought(folder)]
    failed = _forget(place, known) if known else 0
    for folder in folders.values():
        try:
            index.remove(folder)
        except OSError as error:
            raise WrongSetting(f"{folder.path} cannot be deleted: {error}") from None
        sys.stderr.write(f"removed {folder.id}\n")
    return failed


def _forget(store: Path, names: list[str]) -> int:
    """Have runs deleted in MLflow's store, by a process of its own."""
    from convalesce import keeping  # noqa: PLC0415 - not for --help

    command = keeping.command(store, "--forget", *names)
    done = subprocess.run(command, env=keeping.calm(os.environ), cwd=store, check=False)  # noqa: S603 - ourselves
    if done.returncode == 0:
        return 0
    sys.stderr.write(f"convalesce: MLflow's store still has {', '.join(names)}; see above why.\n")
    return 2


def _entry(store: Path, name: str) -> Entry:
    from convalesce.track import index  # noqa: PLC0415 - not for --help

    folder = the_run(store, name)
    try:
        return index.entry(folder)
    except (OSError, ValueError) as error:
        raise WrongSetting(f"{folder.path} cannot be read: {error}") from None
