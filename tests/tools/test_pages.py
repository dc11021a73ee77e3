"""The pages on disk are kept in step with the causes."""

from pathlib import Path

import pytest

from tools import pages


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(pages, "ROOT", tmp_path)
    monkeypatch.setattr(pages, "OUT", tmp_path / "causes")
    return tmp_path / "causes"


def test_a_check_fails_until_the_pages_are_written(folder: Path) -> None:
    assert pages.main(check=True) == 1
    assert not folder.exists()
    assert pages.main(check=False) == 0
    assert pages.main(check=True) == 0


def test_a_page_that_was_edited_by_hand_is_named_and_rewritten(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    pages.main(check=False)
    page = folder / "data.nonfinite.md"
    page.write_text("by hand")
    capsys.readouterr()
    assert pages.main(check=True) == 1
    assert capsys.readouterr().out.splitlines()[0] == "out of date: causes/data.nonfinite.md"
    pages.main(check=False)
    assert page.read_text().startswith("# `data.nonfinite`")


def test_the_page_of_a_cause_that_is_gone_goes_too(folder: Path) -> None:
    pages.main(check=False)
    (folder / "data.gone.md").write_text("x")
    assert pages.main(check=True) == 1
    pages.main(check=False)
    assert not (folder / "data.gone.md").exists()
