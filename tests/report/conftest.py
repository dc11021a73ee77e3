"""What every test of the report stands on."""

from pathlib import Path

import pytest

from convalesce.report import words

SCRIPTS = Path(__file__).parent / "scripts"


@pytest.fixture(autouse=True)
def _beside_the_script(monkeypatch: pytest.MonkeyPatch) -> None:
    """Reports name files relative to the working directory, and quote their lines."""
    monkeypatch.chdir(SCRIPTS)


@pytest.fixture
def fixed_pages(monkeypatch: pytest.MonkeyPatch) -> None:
    """Goldens do not change with the wording of a cause's page."""
    monkeypatch.setattr(
        words, "page_of", lambda cause: f"What {cause} is.\n\n## Symptom\nThe loss & `more`."
    )
