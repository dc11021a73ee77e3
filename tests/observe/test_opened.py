"""Which of the user's files a script reads is noted, and nothing of it is disturbed."""

from __future__ import annotations

import os
import subprocess
import sys
import textwrap
from pathlib import Path

from convalesce.core.codec import decode, encode
from convalesce.observe import observe_script
from convalesce.observe.opened import listening
from convalesce.observe.options import Options

SCRIPT = """\
import json, os, pathlib
here = pathlib.Path(__file__).parent
import settings
config = json.loads((here / "config.json").read_text())
with open(here / "data" / "rows.bin", "rb") as file:
    file.read()
os.close(os.open(here / "plain.txt", os.O_RDONLY))
(here / "out.json").write_text("{}")
(here / "out.json").read_text()
open("/dev/null").close()
try:
    open(here / "missing.json")
except FileNotFoundError:
    pass
print(config["lr"])
"""


def laid_out(folder: Path) -> Path:
    for name in ("data", ".hidden", "site-packages"):
        (folder / name).mkdir()
    (folder / "config.json").write_text('{"lr": 0.5}')
    (folder / "data" / "rows.bin").write_bytes(b"1234")
    (folder / "plain.txt").write_text("x")
    (folder / "settings.py").write_text("LR = 0.5\n")
    (folder / ".hidden" / "x.json").write_text("{}")
    (folder / "site-packages" / "x.json").write_text("{}")
    script = folder / "train.py"
    script.write_text(SCRIPT)
    return script


def test_files_that_the_script_reads_are_named_with_their_size(tmp_path: Path) -> None:
    script = laid_out(tmp_path)
    run = observe_script(str(script), (), Options(quiet=True))
    sys.modules.pop("settings", None)
    assert run.status == 0
    read = {Path(file.path).relative_to(tmp_path).as_posix(): file for file in run.reads}
    assert set(read) == {"config.json", "data/rows.bin", "plain.txt", "settings.py"}
    assert read["data/rows.bin"].size == 4
    assert read["config.json"].changed_ns == (tmp_path / "config.json").stat().st_mtime_ns
    assert decode(encode(run)).reads == run.reads


def test_files_below_the_working_directory_are_named_relative_to_it(tmp_path: Path) -> None:
    script = laid_out(tmp_path)
    told = subprocess.run(
        [
            sys.executable,
            "-c",
            textwrap.dedent("""
            import sys
            from convalesce.observe import observe_script
            from convalesce.observe.options import Options
            run = observe_script(sys.argv[1], (), Options(quiet=True))
            print(sorted(file.path for file in run.reads))
            """),
            str(script),
        ],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(p for p in sys.path if p)},
        capture_output=True,
        text=True,
        check=True,
    )
    *_, said = told.stdout.splitlines()
    data = os.path.join("data", "rows.bin")  # noqa: PTH118
    assert said == str(sorted(["config.json", data, "plain.txt", "settings.py"]))


def test_hidden_folders_and_installed_packages_are_not_the_users(tmp_path: Path) -> None:
    laid_out(tmp_path)
    with listening(str(tmp_path)) as opened:
        (tmp_path / ".hidden" / "x.json").read_text()
        (tmp_path / "site-packages" / "x.json").read_text()
        (tmp_path / "plain.txt").read_text()
    (tmp_path / "config.json").read_text()
    assert list(opened.read) == [str(tmp_path / "plain.txt")]


def test_a_fault_of_ours_does_not_reach_the_script(tmp_path: Path) -> None:
    (tmp_path / "plain.txt").write_text("x")
    with listening(str(tmp_path)) as opened:
        opened.folders = None  # type: ignore[assignment]  # so that noting fails
        assert (tmp_path / "plain.txt").read_text() == "x"
