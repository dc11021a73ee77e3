from pathlib import Path

import pytest

from convalesce.causes import all_causes
from convalesce.settings import (
    WrongSetting,
    causes_by_file,
    did_you_mean,
    known_causes,
    read_settings,
)


def project(folder: Path, text: str) -> Path:
    (folder / "pyproject.toml").write_text(text, encoding="utf-8")
    return folder


def test_settings_are_read_from_the_nearest_project(tmp_path: Path) -> None:
    project(tmp_path, '[tool.convalesce]\nevery = 7\nhtml = "out/report.html"\njson = "-"\n')
    inner = tmp_path / "a" / "b"
    inner.mkdir(parents=True)
    assert read_settings(inner) == {
        "every": 7,
        "html": tmp_path / "out/report.html",
        "json": Path("-"),
    }
    project(tmp_path / "a", "[project]\nname = 'x'\n")
    assert read_settings(inner) == {}


def test_every_setting_is_taken(tmp_path: Path) -> None:
    text = """
    [tool.convalesce]
    sarif = "a.sarif"
    store = "runs"
    budget = 0.1
    no-probes = true
    quiet = true
    mute = ["hp.lr_high"]
    strict = true
    fail-on = "warning"
    """
    assert read_settings(project(tmp_path, text)) == {
        "sarif": tmp_path / "a.sarif",
        "store": tmp_path / "runs",
        "budget": 0.1,
        "no-probes": True,
        "quiet": True,
        "mute": ("hp.lr_high",),
        "strict": True,
        "fail-on": "warning",
    }


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ("evry = 3", "has no setting `evry`. Did you mean `every`? There are json, html"),
        ('every = "ten"', "`every` takes a whole number, 0 or more, not 'ten'"),
        ("every = -1", "`every` takes a whole number, 0 or more, not -1"),
        ("every = true", "`every` takes a whole number"),
        ("quiet = 1", "`quiet` takes true or false, not 1"),
        ("html = 3", "`html` takes a path, not 3"),
        ("budget = -0.5", "`budget` takes a share of the training time, 0 or more, not -0.5"),
        ('mute = "hp.lr_high"', "`mute` takes a list of causes, not 'hp.lr_high'"),
        ('mute = ["hp.lr_hihg"]', "there is no cause `hp.lr_hihg`. Did you mean `hp.lr_high`"),
        ('fail-on = "never"', "`fail-on` takes one of error, warning and note, not 'never'"),
    ],
)
def test_a_wrong_setting_is_said_with_its_file(tmp_path: Path, line: str, says: str) -> None:
    with pytest.raises(WrongSetting) as raised:
        read_settings(project(tmp_path, f"[tool.convalesce]\n{line}\n"))
    assert says in str(raised.value) and "pyproject.toml" in str(raised.value)


def test_a_project_file_that_is_no_toml_is_said(tmp_path: Path) -> None:
    with pytest.raises(WrongSetting, match=r"pyproject\.toml cannot be read"):
        read_settings(project(tmp_path, "[tool"))


def test_causes_are_known_by_their_files() -> None:
    assert causes_by_file() == tuple(all_causes())


def test_an_unknown_cause_is_named_with_the_nearest() -> None:
    with pytest.raises(WrongSetting, match=r"--mute: there is no cause `hp\.lr_hi`"):
        known_causes(["hp.lr_hi"], "--mute")
    assert did_you_mean("hp.lr_hi", causes_by_file()).startswith(" Did you mean `hp.lr_high`")
    assert did_you_mean("zebra", causes_by_file()) == ""
