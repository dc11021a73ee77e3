import importlib
import inspect
import sys
from pathlib import Path
from types import ModuleType

import pytest

from convalesce.observe.importing import after_import

NAME = "convalesce_test_module"


@pytest.fixture
def source(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.delitem(sys.modules, NAME, raising=False)
    path = tmp_path / f"{NAME}.py"
    path.write_text("import sys\nvalue = 3\nloader = type(__loader__).__name__\n")
    return path


def test_the_call_back_comes_once_the_module_has_run(source: Path) -> None:
    seen: list[ModuleType] = []
    with after_import({NAME: seen.append}):
        assert not seen
        module = importlib.import_module(NAME)
    assert seen == [module] and module.value == 3
    del sys.modules[NAME]


def test_a_module_that_is_already_there_calls_back_at_once(source: Path) -> None:
    importlib.import_module(NAME)
    seen: list[ModuleType] = []
    with after_import({NAME: seen.append}):
        assert len(seen) == 1
    del sys.modules[NAME]


def test_the_module_carries_no_trace_of_it(source: Path) -> None:
    with after_import({NAME: lambda _: None}):
        module = importlib.import_module(NAME)
    assert module.__spec__ is not None and module.__spec__.loader is module.__loader__
    assert module.loader == type(module.__loader__).__name__ == "SourceFileLoader"
    assert inspect.getsource(module).startswith("import sys")
    del sys.modules[NAME]


def test_the_finder_is_gone_afterwards_also_after_an_error(source: Path) -> None:
    before = list(sys.meta_path)
    source.write_text("1 / 0")
    with after_import({NAME: lambda _: None}):
        assert sys.meta_path != before
    assert sys.meta_path == before
    with pytest.raises(ZeroDivisionError), after_import({NAME: lambda _: None}):
        importlib.import_module(NAME)
    assert sys.meta_path == before


def test_an_error_of_the_module_itself_comes_through(source: Path) -> None:
    source.write_text("raise OSError('no such device')")
    seen: list[ModuleType] = []
    with pytest.raises(OSError, match="no such device"), after_import({NAME: seen.append}):
        importlib.import_module(NAME)
    assert not seen and NAME not in sys.modules


def test_a_missing_module_stays_missing() -> None:
    with (
        after_import({"convalesce_nowhere": lambda _: None}),
        pytest.raises(ModuleNotFoundError, match="No module named 'convalesce_nowhere'"),
    ):
        importlib.import_module("convalesce_nowhere")
