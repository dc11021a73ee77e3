"""The worked examples of the docs: mended where it helps, left alone where it would not."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
EXAMPLES = ROOT / "docs" / "examples"
WITHOUT = "raise ImportError('a mended script runs without convalesce')\n"


@dataclass(frozen=True)
class Example:
    """What `fix` must make of a script.

    Attributes:
        cause: Named as the root. `change`: made against it.
        edit: In the diff, as an added line.
    """

    name: str
    cause: str
    change: str
    edit: str


NEEDED = [
    Example("rare_classes", "data.imbalance", "Oversample", r"\+x_train, y_train = smote\("),
    Example(
        "plateau",
        "hp.lr_schedule",
        "SetSchedule",
        r"\+model\.fit\(.*callbacks=\[keras\.callbacks\.ReduceLROnPlateau\(",
    ),
    Example(
        "batch_normalization",
        "arch.vanishing_gradient",
        "InsertBatchNormalization",
        r"\+ +model\.add\(layers\.BatchNormalization\(\)\)",
    ),
]


@pytest.mark.parametrize("example", NEEDED, ids=lambda e: e.name)
def test_what_is_missing_is_named_proven_written_and_runs(example: Example, tmp_path: Path) -> None:
    script = _copy(example.name, tmp_path)
    before = script.read_text(encoding="utf-8")
    report, printed = _fix(script, "--apply", "--budget", "20")  # time enough on a slow machine
    assert report["verdict"] == "unhealthy"
    lead = report["findings"][0]
    assert (lead["cause"], lead["verdict"]) == (example.cause, "confirmed")
    treatment = report["treatment"]
    assert treatment["proven"]
    assert [c["name"] for c in treatment["changes"]] == [example.change]
    assert treatment["verified"]["pairs"] == 3
    assert treatment["verified"]["interval"][0] > 0
    assert example.cause in treatment["gone"]
    assert re.search(example.edit, treatment["diff"])
    assert script.read_text(encoding="utf-8") != before
    assert Path(treatment["applied"]).read_text(encoding="utf-8") == before
    assert _accuracy(_plainly(script)) > _accuracy(printed)


@pytest.mark.parametrize("example", NEEDED, ids=lambda e: e.name)
def test_where_it_would_not_help_nothing_is_done(example: Example, tmp_path: Path) -> None:
    script = _copy(f"{example.name}_not_needed", tmp_path)
    before = script.read_text(encoding="utf-8")
    report, printed = _fix(script, "--apply")
    assert report["verdict"] == "healthy"
    assert report["treatment"] is None
    assert not [f for f in report["findings"] if f["severity"] != "note"]
    assert script.read_text(encoding="utf-8") == before
    assert _accuracy(printed) > 0.9


@pytest.mark.parametrize("example", NEEDED, ids=lambda e: e.name)
def test_the_page_tells_of_its_scripts_its_cause_and_the_edit(example: Example) -> None:
    page = (EXAMPLES / f"{example.name}.md").read_text(encoding="utf-8")
    assert f"({example.name}.py)" in page and f"({example.name}_not_needed.py)" in page
    assert f"`{example.cause}`" in page
    assert re.search(example.edit, page)


def _copy(name: str, folder: Path) -> Path:
    return Path(shutil.copy(EXAMPLES / f"{name}.py", folder / f"{name}.py"))


def _fix(script: Path, *options: str) -> tuple[dict[str, Any], str]:
    """The report, and what the script printed."""
    report = script.with_name("report.json")
    command = ["convalesce", "fix", "--quiet", "--json", str(report), *options]
    ran = _python(["-m", *command, script.name], script.parent, str(ROOT / "src"))
    assert ran.returncode == 0, ran.stderr[-3000:]
    return json.loads(report.read_text(encoding="utf-8")), ran.stdout


def _plainly(script: Path) -> str:
    """What a script prints where there is no convalesce."""
    script.with_name("convalesce.py").write_text(WITHOUT, encoding="utf-8")
    ran = _python([script.name], script.parent, "")
    assert ran.returncode == 0, ran.stderr[-3000:]
    return ran.stdout


def _python(arguments: list[str], folder: Path, path: str) -> subprocess.CompletedProcess[str]:
    settings = {"TF_CPP_MIN_LOG_LEVEL": "3", "CUDA_VISIBLE_DEVICES": "-1", "PYTHONPATH": path}
    return subprocess.run(
        [sys.executable, *arguments],
        cwd=folder,
        env={**os.environ, **settings},
        capture_output=True,
        text=True,
        check=False,
    )


def _accuracy(printed: str) -> float:
    """Validation accuracy of the last epoch."""
    return float(re.findall(r"val_accuracy: ([\d.]+)", printed)[-1])
