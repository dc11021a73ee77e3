"""What the documentation links to is there."""

import re
import tomllib
from pathlib import Path

import pytest

from convalesce.causes import all_causes

ROOT = Path(__file__).parents[2]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]


@pytest.mark.parametrize("page", PAGES, ids=lambda p: str(p.relative_to(ROOT)))
def test_every_link_leads_to_a_file(page: Path) -> None:
    for target in re.findall(r"\]\(([^)#\s]+)\)", page.read_text(encoding="utf-8")):
        assert target.startswith("https://") or (page.parent / target).exists(), target


def test_causes_that_the_docs_speak_of_exist() -> None:
    for page in PAGES:
        named = re.findall(r"`((?:data|arch|reg|hp)\.[a-z_]+)`", page.read_text(encoding="utf-8"))
        assert set(named) <= set(all_causes()), page


def test_the_settings_of_the_quickstart_are_valid(tmp_path: Path) -> None:
    from convalesce.settings import read_settings

    text = (ROOT / "docs" / "quickstart.md").read_text(encoding="utf-8")
    found = re.search(r"```toml\n(.+?)```", text, re.DOTALL)
    assert found
    (tmp_path / "pyproject.toml").write_text(found[1])
    expected = tomllib.loads(found[1])["tool"]["convalesce"]
    assert read_settings(tmp_path).keys() == expected.keys()


def test_the_picture_loads_nothing() -> None:
    picture = (ROOT / "docs" / "picture.svg").read_text(encoding="utf-8")
    assert "url(http" not in picture
    assert "href" not in picture
