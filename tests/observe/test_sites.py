import gc
import json
import sys
from pathlib import Path
from typing import Any

import pytest

from convalesce.observe import sites


class Thing:
    pass


def here() -> int:
    return sys._getframe(1).f_lineno


def test_a_thing_is_placed_at_the_line_that_made_it() -> None:
    thing = Thing()
    line = here() + 1
    sites.note(thing)
    site = sites.site_of(thing)
    assert site is not None
    assert (Path(site.file).name, site.line) == ("test_sites.py", line)


def test_places_of_several_kinds_are_kept_apart() -> None:
    thing = Thing()
    built, compiled = sites.note(thing), sites.note(thing, "compile")
    assert built is not None and compiled is not None
    assert sites.site_of(thing) == built and sites.site_of(thing, "compile") == compiled
    assert sites.site_of(thing, "other") is None


def test_a_thing_that_was_never_noted_has_no_place() -> None:
    assert sites.site_of(Thing()) is None


def test_a_place_is_forgotten_with_its_thing() -> None:
    thing = Thing()
    sites.note(thing)
    key = id(thing)
    assert key in sites._noted
    del thing
    gc.collect()
    assert key not in sites._noted


def test_lines_of_libraries_are_passed_over() -> None:
    found: list[Any] = []
    json.loads("{}", object_hook=lambda _: found.append(sites.calling_site()) or {})
    assert Path(found[0].file).name == "test_sites.py"


def test_a_thing_without_weak_references_has_no_lasting_place() -> None:
    site = sites.note(3)
    assert site is not None and sites.site_of(3) is None


def test_files_below_the_start_are_named_relative_to_it(monkeypatch: pytest.MonkeyPatch) -> None:
    here = Path(__file__).parent
    monkeypatch.setattr(sites, "_start_folder", [here])
    site = sites.calling_site()
    assert site is not None and site.file == "test_sites.py"
    monkeypatch.setattr(sites, "_start_folder", [here / "elsewhere"])
    site = sites.calling_site()
    assert site is not None and site.file == __file__


@pytest.mark.parametrize(
    ("name", "file", "own"),
    [
        ("__main__", "/home/me/train.py", True),
        ("helpers.nets", "/home/me/helpers/nets.py", True),
        ("keras.src.layers", "/home/me/keras/src/layers.py", False),
        ("json.decoder", json.decoder.__file__, False),
        ("helpers", "<string>", False),
        ("helpers", "/home/me/__autograph_generated_file1.py", False),
        ("convalesce.observe.fit", "/home/me/convalesce/observe/fit.py", False),
    ],
)
def test_the_users_own_code_is_told_from_libraries(name: str, file: str, *, own: bool) -> None:
    space: dict[str, Any] = {"__name__": name, "sys": sys}
    exec(compile("frame = sys._getframe()", file, "exec"), space)  # noqa: S102 - frames by hand
    assert sites.is_users(space["frame"]) is own


def test_convalesce_run_by_python_m_is_ours() -> None:
    space: dict[str, Any] = {"__name__": "__main__", "sys": sys}
    exec("frame = sys._getframe()", space)  # noqa: S102 - frames by hand
    assert not sites.is_ours(space["frame"])
    space["__spec__"] = type("Spec", (), {"name": "convalesce.__main__"})
    assert sites.is_ours(space["frame"])
