"""The bar draws on terminals only and leaves nothing behind."""

import io
import sys

import pytest
from rich.console import Console

from convalesce import report
from convalesce.report import waiting


def test_nothing_is_drawn_into_a_file() -> None:
    out = io.StringIO()
    with report.progress("scanning the data", 10, Console(file=out)) as step:
        step(10)
    assert not out.getvalue()


def test_on_a_terminal_it_draws_wipes_itself_and_leaves_stdout_alone(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(waiting, "PATIENCE_S", -1.0)
    monkeypatch.setattr(waiting, "EVERY_S", -1.0)
    out = io.StringIO()
    console = Console(file=out, force_terminal=True, width=80)
    before = sys.stdout, sys.stderr
    with report.progress("scanning [the] data", 10, console) as step:
        step(4)
        assert (sys.stdout, sys.stderr) == before
    drawn = out.getvalue()
    assert "scanning [the] data" in drawn
    assert "40%" in drawn
    assert drawn.rstrip().endswith("\x1b[2K")


def test_short_work_never_shows_a_bar() -> None:
    out = io.StringIO()
    with report.progress("scanning", None, Console(file=out, force_terminal=True)) as step:
        step(1)
    assert not out.getvalue()


def test_an_error_inside_passes_through() -> None:
    out = Console(file=io.StringIO(), force_terminal=True)

    def scan() -> None:
        with report.progress("scanning", 3, out) as step:
            step(1)
            raise KeyError("row")

    with pytest.raises(KeyError, match="row"):
        scan()
