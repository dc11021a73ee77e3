"""What was found, said: on the terminal, as a page, as JSON and as SARIF.

Nothing is decided here. Order, severity and verdict are those of the diagnosis. rich, jinja2 and
PIL are loaded by the function that needs them, not by this import.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING

from convalesce.core import (
    Cause,
    Examined,
)

if TYPE_CHECKING:
    from rich.console import Console


def to_json(examined: Examined) -> bytes:
    """The report of the contract, schema 1, as UTF-8 JSON. Numbers that are not finite are null."""
    from convalesce.report.contract import document  # noqa: PLC0415 - loaded when asked for

    return document(examined)


def to_sarif(examined: Examined) -> bytes:
    """The findings as SARIF 2.1.0, for editors and for code scanning."""
    from convalesce.report.sarif import log  # noqa: PLC0415 - loaded when asked for

    return log(examined)


def to_html(examined: Examined) -> str:
    """A page that stands alone: no script, nothing loaded from elsewhere, under a megabyte."""
    from convalesce.report.page import page  # noqa: PLC0415 - loads jinja2

    return page(examined)


def to_notebook(examined: Examined) -> str:
    """The same as a fragment for `_repr_html_`; its styles touch nothing outside it."""
    from convalesce.report.page import fragment  # noqa: PLC0415 - loads jinja2

    return fragment(examined)


def to_terminal(examined: Examined, console: Console) -> None:
    """Print the diagnosis: readable in 80 columns, without colour, and piped into a file."""
    from convalesce.report.terminal import show  # noqa: PLC0415 - loads rich

    show(examined, console)


def to_text(examined: Examined) -> str:
    """What `to_terminal` prints, as plain text 80 columns wide."""
    from convalesce.report.terminal import text  # noqa: PLC0415 - loads rich

    return text(examined)


def to_markdown(cause: Cause) -> str:
    """The page of a cause: its own words, its limits with their sources, its trial."""
    from convalesce.report.guide import guide  # noqa: PLC0415 - loaded when asked for

    return guide(cause)


def progress(
    what: str, total: int | None = None, console: Console | None = None
) -> AbstractContextManager[Callable[[int], None]]:
    """A bar on stderr while something long runs.

    `with progress("scanning the data", n) as step: step(1)`. Nothing is drawn unless stderr is
    a terminal, and nothing is left behind.

    Args:
        what: What is being done, e.g. `scanning the data`.
        total: Number of steps; None where it is not known.
        console: Where to draw; None for stderr.
    """
    from convalesce.report.waiting import bar  # noqa: PLC0415 - loads rich

    return bar(what, total, console)
