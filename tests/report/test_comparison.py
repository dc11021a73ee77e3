import io
import math

from rich.console import Console

from convalesce.report import comparison
from convalesce.report.comparison import Compared, Row

NASTY = "<script>alert('x')</script>"


def compared(id_: str, *losses: float, **more: object) -> Compared:
    plain = {"script": "train.py", "started": "2026", "health": "healthy", "headline": "fine"}
    return Compared(id=id_, curves=({"loss": losses, "val_loss": losses},), **(plain | more))  # type: ignore[arg-type]


def printed(runs: list[Compared], rows: list[Row]) -> str:
    out = io.StringIO()
    comparison.show(runs, rows, Console(file=out, width=100, color_system=None))
    return out.getvalue()


def test_each_metric_has_a_chart_with_a_curve_of_each_run() -> None:
    page = comparison.page([compared("one", 1.0, 0.5), compared("two", 0.9, 0.4)], [])
    assert page.count("<figure>") == 2
    assert page.count('class="line tone0"') == page.count('class="line tone1"') == 2
    assert "loss per epoch" in page and "val_loss per epoch" in page


def test_a_run_without_curves_stands_beside_the_others() -> None:
    bare = Compared(id="two", script="t", started="", health="crashed", headline="")
    page = comparison.page([compared("one", 1.0, math.nan), bare], [])
    assert page.count("<figure>") == 2 and "crashed" in page


def test_fits_of_several_are_laid_over_one_another_one_by_one() -> None:
    two = compared("two", 1.0, 0.5)
    both = Compared(
        id="x", script="", started="", health="", headline="", curves=(*two.curves, *two.curves)
    )
    titles = "".join(map(str, comparison.overlaid([both, two])))
    assert "fit 1: loss per epoch" in titles and "fit 2: val_loss per epoch" in titles


def test_names_and_values_are_escaped_and_cut() -> None:
    rows = [Row("set-up", NASTY, (NASTY, "x" * 9999))]
    page = comparison.page([compared(NASTY, 1.0), compared("b", diff=NASTY)], rows)
    assert NASTY not in page and "&lt;script&gt;" in page and len(page) < 40_000


def test_the_page_loads_nothing_and_knows_dark_and_small_screens() -> None:
    page = comparison.page([compared("a", 1.0, 2.0), compared("b", 1.0, 2.0)], [])
    assert "default-src 'none'" in page and "<script" not in page and "src=" not in page
    assert "prefers-color-scheme: dark" in page and "width=device-width" in page


def test_every_run_has_its_own_colour() -> None:
    runs = [compared(str(i), 1.0, 2.0 + i) for i in range(comparison.MOST)]
    page = comparison.page(runs, [])
    for tone in range(comparison.MOST):
        assert page.count(f"--t{tone}:") == 2  # by day and by night
        assert f".tone{tone} {{ --key: var(--t{tone}); }}" in page


def test_the_terminal_shows_what_differs_part_by_part() -> None:
    rows = [Row("data", "examples", ("10", "")), Row("set-up", "optimizer", ("Adam", "SGD"))]
    told = printed([compared("one"), compared("two")], rows)
    assert "A  one  healthy: fine" in told and "B  two  healthy: fine" in told
    assert told.index("data") < told.index("examples") < told.index("set-up")
    assert "–" in told and "SGD" in told


def test_runs_without_a_difference_are_said_to_be_so() -> None:
    assert "No difference was recorded." in printed([compared("one"), compared("two")], [])
    assert "No difference was recorded." in comparison.page([compared("a"), compared("b")], [])
