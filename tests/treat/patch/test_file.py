import os
import stat
from pathlib import Path

import pytest

from convalesce import core
from convalesce.treat.patch import Original, Patched, apply, load, patch
from tests.treat.patch.scripts import facts_of

SOURCE = 'model = build()\nmodel.compile("sgd")\nmodel.fit(x, y)\n'


def written(path: Path) -> tuple[Original, Patched]:
    path.write_text(SOURCE)
    original = load(path)
    made = patch(original.text, [core.SetEpochs(3)], facts_of(SOURCE))
    return original, made


def test_the_script_is_replaced_and_the_original_kept_beside_it(tmp_path: Path) -> None:
    path = tmp_path / "train.py"
    original, made = written(path)
    kept = apply(path, made, original.sha)
    assert path.read_text() == SOURCE.replace("(x, y)", "(x, y, epochs=3)")
    assert kept == tmp_path / "train.py.orig"
    assert kept.read_text() == SOURCE
    assert sorted(p.name for p in tmp_path.iterdir()) == ["train.py", "train.py.orig"]


def test_an_earlier_original_is_never_overwritten(tmp_path: Path) -> None:
    path = tmp_path / "train.py"
    (tmp_path / "train.py.orig").write_text("mine")
    for kept in ("train.py.orig.1", "train.py.orig.2"):
        original, made = written(path)
        assert apply(path, made, original.sha).name == kept
    assert (tmp_path / "train.py.orig").read_text() == "mine"


def test_a_file_that_changed_meanwhile_is_not_touched(tmp_path: Path) -> None:
    path = tmp_path / "train.py"
    original, made = written(path)
    path.write_text(SOURCE + "print(1)\n")
    with pytest.raises(
        ValueError, match=r"changed since it was read: SHA-256 .* Nothing was written"
    ):
        apply(path, made, original.sha)
    assert path.read_text() == SOURCE + "print(1)\n"
    assert [p.name for p in tmp_path.iterdir()] == ["train.py"]


def test_a_patch_of_another_text_is_not_written(tmp_path: Path) -> None:
    path = tmp_path / "train.py"
    original, _ = written(path)
    with pytest.raises(ValueError, match="made from another text than that of"):
        apply(path, Patched("a\n", "b\n"), original.sha)


@pytest.mark.parametrize(
    ("head", "encoding", "ending"),
    [
        ("# Größe\n", "utf-8", "\n"),
        ("# Größe\n", "utf-8-sig", "\r\n"),
        ("# -*- coding: latin-1 -*-\n# Größe\n", "latin-1", "\r\n"),
    ],
)
def test_encoding_and_line_endings_are_kept(
    tmp_path: Path, head: str, encoding: str, ending: str
) -> None:
    path, text = tmp_path / "train.py", head + SOURCE
    path.write_bytes(text.replace("\n", ending).encode(encoding))
    original = load(path)
    facts = facts_of(text)
    apply(path, patch(original.text, [core.SetEpochs(3)], facts), original.sha)
    want = text.replace("(x, y)", "(x, y, epochs=3)").replace("\n", ending)
    assert path.read_bytes() == want.encode(encoding)


def test_mode_bits_are_kept_of_the_script_and_of_its_copy(tmp_path: Path) -> None:
    path = tmp_path / "train.py"
    original, made = written(path)
    path.chmod(0o750)
    kept = apply(path, made, original.sha)
    assert stat.S_IMODE(path.stat().st_mode) == 0o750
    assert stat.S_IMODE(kept.stat().st_mode) == 0o750


def test_a_link_stays_a_link(tmp_path: Path) -> None:
    path, link = tmp_path / "train.py", tmp_path / "link.py"
    original, made = written(path)
    link.symlink_to(path)
    apply(link, made, original.sha)
    assert link.is_symlink()
    assert path.read_text() == made.source


def test_nothing_is_left_behind_when_the_disk_fails(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "train.py"
    original, made = written(path)

    def full(_: int) -> None:
        raise OSError("no space left")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="no space left"):
        apply(path, made, original.sha)
    assert path.read_text() == SOURCE
    assert sorted(p.name for p in tmp_path.iterdir()) == ["train.py", "train.py.orig"]
