"""Labelled cases on disk: plain pairs, sealed cases with make_data.py, planted pairs."""

from __future__ import annotations

import hashlib
import shutil
import subprocess
import sys
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ALARMS_TOLERATED_BY_DEFAULT = ("hp.epochs_few", "reg.overfitting", "data.insufficient")


@dataclass(frozen=True)
class Case:
    """One labelled case.

    Attributes:
        arms: Name of each arm and the script that is run for it; a sealed case runs the same
            script on other data.
    """

    folder: Path
    label: dict[str, Any]
    arms: dict[str, str]

    @property
    def id(self) -> str:
        """Name of its folder."""
        return self.folder.name

    @property
    def accepted(self) -> list[list[str]]:
        """Accepted ids of each planted fault; empty for a healthy case."""
        if "all" in self.label:
            return [list(ids) for ids in self.label["all"]]
        causes = list(self.label.get("causes", []))
        return [causes] if causes else []

    @property
    def tolerated(self) -> frozenset[str]:
        """Findings that the control's own curve would justify."""
        for key in ("fixed_tolerated", "tolerated"):
            if key in self.label:
                return frozenset(self.label[key])
        return frozenset(ALARMS_TOLERATED_BY_DEFAULT) if self.accepted else frozenset()

    @property
    def held_out(self) -> bool:
        """Kept away from everybody who sets limits."""
        return hashlib.sha1(self.id.encode()).hexdigest()[0] in "01234"  # noqa: S324 - no secret

    @property
    def unseen(self) -> bool:
        """Scored for the first time after all limits were set."""
        return bool(self.label.get("unseen", False))

    @property
    def group(self) -> str:
        """Who may have looked at it: each case is in one group."""
        return "unseen" if self.unseen else "held out" if self.held_out else "calibration"

    @property
    def family(self) -> str:
        """Family of its first planted fault."""
        return self.accepted[0][0].partition(".")[0] if self.accepted else "healthy"

    def prepare(self, arm: str, place: Path) -> None:
        """Lay the script of one arm, and its data, into an empty folder with a neutral name."""
        shutil.copy(self.folder / self.arms[arm], place / "train.py")
        if (self.folder / "make_data.py").exists():
            which = "faulty" if arm == "faulty" else "fixed"
            command = [sys.executable, str(self.folder / "make_data.py"), str(place), which]
            subprocess.run(command, check=True)


def find_cases(folders: list[Path]) -> list[Case]:
    """Every case below the folders, in order of their names.

    Raises:
        FileNotFoundError: A folder holds no case.
    """
    cases = []
    for folder in folders:
        labels = sorted([folder / "label.toml", *folder.glob("*/label.toml")])
        found = [_case(path) for path in labels if path.exists()]
        if not found:
            raise FileNotFoundError(f"{folder} holds no case: no label.toml in it or one below")
        cases += found
    return cases


def _case(path: Path) -> Case:
    folder, label = path.parent, tomllib.loads(path.read_text())
    if not label.get("causes") and not label.get("all"):
        return Case(folder, label, {"healthy": "train.py"})
    fixed = "fixed.py" if (folder / "fixed.py").exists() else "train.py"
    return Case(folder, label, {"faulty": "train.py", "fixed": fixed})
