"""Scripts of cases, run in their folders as a user would."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Ran:
    """How a script ended.

    Attributes:
        status: Its exit status; 124 where its time was up.
        seconds: Wall-clock time.
    """

    status: int
    seconds: float
    stdout: str
    stderr: str


def run(
    arguments: Sequence[str],
    place: Path,
    *,
    limit_s: float,
    environment: Mapping[str, str] | None = None,
) -> Ran:
    """Run Python with these arguments in a folder.

    Args:
        arguments: Of this interpreter.
        place: The working directory.
        limit_s: It is ended after so many seconds.
        environment: On top of ours.
    """
    begun = time.perf_counter()
    try:
        ran = subprocess.run(
            [sys.executable, *arguments],
            cwd=place,
            env={**os.environ, **(environment or {})},
            capture_output=True,
            text=True,
            timeout=limit_s,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return Ran(124, limit_s, "", f"over {limit_s:g} s")
    return Ran(ran.returncode, time.perf_counter() - begun, ran.stdout, ran.stderr)
