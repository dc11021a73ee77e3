from __future__ import annotations

import re
from pathlib import Path

import pytest

import convalesce

PAGE = (Path(__file__).parents[3] / "docs" / "library.md").read_text()


@pytest.mark.filterwarnings("ignore:__array__ implementation")  # of Keras
def test_the_examples_of_the_page_run_in_their_order(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    code = "\n".join(re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL))
    exec(compile(code, "library.md", "exec"), {})  # noqa: S102 - the page is our own


def test_the_page_names_every_tool() -> None:
    assert not [name for name in convalesce.TOOLS if f"convalesce.{name}" not in PAGE]


def test_every_tool_is_found_by_its_name_and_documented() -> None:
    for name in convalesce.TOOLS:
        assert len(getattr(convalesce, name).__doc__) > 100, name
        assert name in convalesce.__all__
