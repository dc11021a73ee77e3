"""The diagnosis on a terminal."""

import io
import unicodedata

import pytest
from rich.console import Console

from convalesce import core, report
from convalesce.report import terminal
from tests.report import examples

every_example = pytest.mark.parametrize("name", examples.ALL)


@every_example
def test_no_line_is_wider_than_80_columns_and_none_moves_the_cursor(name: str) -> None:
    for line in report.to_text(examples.ALL[name]()).splitlines():
        assert len(line) <= 80
        assert not any(unicodedata.category(c) in {"Cc", "Cf"} for c in line)


def test_the_first_line_is_the_verdict() -> None:
    first = report.to_text(examples.unhealthy()).splitlines()[0]
    assert first == (
        "unhealthy: the loss does not suit the task or the form of the labels — hp.loss"
    )


def test_a_healthy_run_takes_three_lines() -> None:
    assert len(report.to_text(examples.healthy()).splitlines()) == 3


def test_a_finding_shows_evidence_limit_source_line_and_remedy() -> None:
    said = " ".join(report.to_text(examples.unhealthy()).split())
    assert (
        "largest label: 4 against 1 (binary cross-entropy is defined for labels in 0 … 1)" in said
    )
    assert "at train.py:15 model.compile(optimizer=" in said
    assert "try: use the loss sparse_categorical_crossentropy" in said
    assert "more: convalesce explain hp.loss" in said
    assert "hp.lr_high (explained by hp.loss)" in said


def test_a_suspicion_is_marked_as_one() -> None:
    said = report.to_text(examples.undecided())
    assert said.startswith("undecided: suspected, not proven: learning rate too high — hp.lr_high")
    assert "hp.lr_high (suspected, not proven)" in said


def test_a_crash_names_cause_layer_message_and_line() -> None:
    said = " ".join(report.to_text(examples.crashed()).split())
    assert said.startswith("crashed: strides and pooling")
    assert "in layer conv2d_3: ValueError: Negative dimension size" in said
    assert "at train.py:10" in said
    assert "20 causes: the script ended before" in said


def test_fits_that_share_a_finding_are_named_by_number() -> None:
    assert "in fits 5–7 of 20" in report.to_text(examples.folds())


def test_square_brackets_are_text_and_no_markup() -> None:
    out = io.StringIO()
    console = Console(file=out, width=80)
    found = examples.finding("hp.loss", "[red]Title[/red]", "[/nonsense] :smile:")
    diagnosis = core.Diagnosis(health=core.Health.UNHEALTHY, findings=(found,))
    report.to_terminal(core.Examined(run=core.Run(script="a.py"), diagnosis=diagnosis), console)
    assert "[red]Title[/red]" in out.getvalue()
    assert "[/nonsense] :smile:" in out.getvalue()


def test_colour_is_for_terminals_only(monkeypatch: pytest.MonkeyPatch) -> None:
    def printed(**settings: object) -> str:
        out = io.StringIO()
        console = Console(file=out, width=80, **settings)  # type: ignore[arg-type]
        report.to_terminal(examples.unhealthy(), console)
        return out.getvalue()

    assert "\x1b[" in printed(force_terminal=True, color_system="standard")
    assert "\x1b[" not in printed()
    monkeypatch.setenv("NO_COLOR", "1")
    assert "\x1b[31" not in printed(force_terminal=True)


def test_a_terminal_without_utf8_gets_plain_dashes() -> None:
    out = io.TextIOWrapper(io.BytesIO(), encoding="ascii", errors="strict")
    examined = examples.unhealthy()
    terminal.show(examined, Console(file=out, width=80))
    out.flush()
    assert b"labels - hp.loss" in out.buffer.getvalue()  # type: ignore[attr-defined]


def test_a_check_says_that_later_figures_mean_nothing() -> None:
    said = " ".join(report.to_text(examples.undecided()).split())
    assert "Each fit was cut to its first steps: figures that the script printed after it" in said
    assert "The script was interrupted: this is what was seen until then." in said
