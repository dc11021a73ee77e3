"""Whole reports compared with those on disk; `pytest --update` rewrites them."""

import re
from collections.abc import Callable
from pathlib import Path

import pytest

import convalesce
from convalesce import core, report
from tests.report import examples

GOLDEN = Path(__file__).parents[1] / "golden"
FORMS: dict[str, Callable[[core.Examined], str]] = {
    "json": lambda examined: report.to_json(examined).decode(),
    "sarif": lambda examined: report.to_sarif(examined).decode(),
    "txt": report.to_text,
    "html": report.to_html,
}


@pytest.mark.usefixtures("fixed_pages")
@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("name", ["healthy", "unhealthy", "undecided", "crashed", "mended"])
def test_the_report_is_the_one_on_disk(
    name: str, form: str, pytestconfig: pytest.Config, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(convalesce, "__version__", "0.0.0")
    made = without_pictures(FORMS[form](examples.ALL[name]()))
    path = GOLDEN / f"{name}.{form}"
    if pytestconfig.getoption("--update"):
        path.parent.mkdir(exist_ok=True)
        path.write_text(made, encoding="utf-8")
    assert made == path.read_text(encoding="utf-8"), "look, then accept it with: pytest --update"


def without_pictures(text: str) -> str:
    """The bytes of a PNG depend on the version of zlib."""
    return re.sub(r"base64,[\w+/=]+", "base64,…", text)
