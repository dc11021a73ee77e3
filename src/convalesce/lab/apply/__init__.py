"""One applier a Change: `apply/scale_width.py` makes `core.ScaleWidth` on a `Setting`.

Each file has one function `apply(change, setting) -> Setting` and raises `core.CannotChange` with
the reason where the change can't be made on this model, data or set-up.
"""

from __future__ import annotations

import importlib
import re
from pathlib import Path
from typing import Any

from convalesce import core
from convalesce.lab.setting import Setting


def apply(change: core.Change, setting: Setting) -> Setting:
    """The setting with a change made.

    Raises:
        core.CannotChange: It can't be made here.
    """
    name = file_of(type(change))
    if not (Path(__file__).parent / f"{name}.py").is_file():
        raise core.CannotChange(f"{type(change).__name__} cannot be made by an experiment")
    module: Any = importlib.import_module(f"convalesce.lab.apply.{name}")
    made: Setting = module.apply(change, setting)
    return made


def file_of(kind: type[core.Change]) -> str:
    """Name of the file, without its ending, in which a change is made."""
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", kind.__name__).lower()
