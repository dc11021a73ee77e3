"""Draw docs/picture.svg: the terminal's report of a real run, by default that of the demo.

python tools/picture.py                       # runs the demo (about a minute)
python tools/picture.py .convalesce/runs/ID   # a run that was kept
"""

from __future__ import annotations

import io
import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

from rich.console import Console
from rich.text import Text

from convalesce import report
from convalesce.core.codec import decode
from convalesce.session import conclude

ROOT = Path(__file__).parents[1]
OUT = ROOT / "docs" / "picture.svg"
COLUMNS = 88


def main(arguments: list[str]) -> int:
    """Draw the picture."""
    if arguments:
        return draw(Path(arguments[0]))
    with tempfile.TemporaryDirectory() as store:
        environment = {**os.environ, "CONVALESCE_STORE": store}
        command = [sys.executable, "-m", "convalesce", "demo"]
        status = subprocess.call(command, cwd=store, env=environment)  # noqa: S603 - our own command
        runs = sorted(Path(store).glob("runs/*"))
        return draw(runs[-1]) if status == 0 and runs else 1


def draw(folder: Path) -> int:
    """The picture of one kept run."""
    examined = conclude(decode((folder / "run.msgpack").read_bytes()))
    console = Console(
        record=True,
        file=io.StringIO(),
        width=COLUMNS,
        force_terminal=True,
        color_system="truecolor",
    )
    script = Path(examined.run.script).name
    console.print(Text(f"$ convalesce run {script}", style="bold"))
    os.chdir(Path(examined.run.script).resolve().parent)
    report.to_terminal(examined, console)
    console.print()  # room for the last line
    svg = console.export_svg(title="convalesce", unique_id="convalesce")
    svg = re.sub(
        r"@font-face \{.*?\}", "", svg, flags=re.DOTALL
    )  # nothing is loaded from elsewhere
    OUT.write_text("\n".join(line.rstrip() for line in svg.splitlines()) + "\n", encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
