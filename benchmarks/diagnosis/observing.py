"""A labelled case run under observation in this process, so that a lab can go on from it."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from benchmarks.diagnosis.cases import Case
from convalesce import core
from convalesce.observe import observe_script
from convalesce.observe.options import Options as Look


def observed(case: Case, arm: str, place: Path, shelf: Any = None) -> core.Run:
    """One arm of a case, laid out in a new folder and run there; `shelf` keeps its fits."""
    place.mkdir()
    case.prepare(arm, place)
    before = Path.cwd()
    os.chdir(place)
    try:
        return observe_script("train.py", (), Look(quiet=True, shelf=shelf), module=False)
    finally:
        os.chdir(before)
