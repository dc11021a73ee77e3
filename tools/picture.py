"""Draw docs/picture.svg: what the terminal shows at the end of `convalesce demo`, a real run.

python tools/picture.py    # runs the demo (about a minute)
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

ROOT = Path(__file__).parents[1]
OUT = ROOT / "docs" / "picture.svg"
COLUMNS = 88


def main() -> int:
    """Draw the picture."""
    with tempfile.TemporaryDirectory() as store:
        environment = {
            **os.environ,
            "CONVALESCE_STORE": store,
            "COLUMNS": str(COLUMNS),
            "FORCE_COLOR": "1",
        }
        command = [sys.executable, "-m", "convalesce", "demo"]
        done = subprocess.run(  # noqa: S603 - our own command
            command, cwd=store, env=environment, stderr=subprocess.PIPE, text=True, check=False
        )
    lines = done.stderr.splitlines()
    first = next((i for i, line in enumerate(lines) if "unhealthy" in line), None)
    if first is None:
        sys.stderr.write(done.stderr)
        return 1
    last = next(i for i, line in enumerate(lines) if "full report" in line)
    return draw([re.sub(r"(/[^\s/]+)+/(?=digits)", "", line) for line in lines[first:last]])


def draw(lines: list[str]) -> int:
    """The picture of a report."""
    console = Console(
        record=True,
        file=io.StringIO(),
        width=COLUMNS,
        force_terminal=True,
        color_system="truecolor",
    )
    console.print(Text("$ convalesce fix digits.py", style="bold"))
    console.print()
    for line in lines:
        console.print(Text.from_ansi(line), no_wrap=True, crop=False)
    console.print()  # room for the last line
    svg = console.export_svg(title="convalesce", unique_id="convalesce")
    svg = re.sub(
        r"@font-face \{.*?\}", "", svg, flags=re.DOTALL
    )  # nothing is loaded from elsewhere
    OUT.write_text("\n".join(line.rstrip() for line in svg.splitlines()) + "\n", encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
