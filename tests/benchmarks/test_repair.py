"""Repairs are judged by what the mended script prints under plain python."""

from __future__ import annotations

import argparse
import json
import math
import shutil
from pathlib import Path
from typing import Any

import pytest

from benchmarks import repair
from benchmarks.diagnosis.cases import find_cases

pytestmark = pytest.mark.skipif(shutil.which("patch") is None, reason="needs the program `patch`")
LABEL = """
causes = ["hp.lr_low"]
metric = "val_accuracy"
faulty_value = 0.2
fixed_value = 0.9
"""
DIFF = """--- train.py
+++ train.py
@@ -1,2 +1,2 @@
-rate = 1
+rate = {rate}
 print(f"accuracy=1.0 val_accuracy={{0.2 + rate / 100}}")
"""


def judged(folder: Path, **treatment: Any) -> repair.Row:
    """The row of a case whose figure grows with its rate."""
    case = folder / "case"
    case.mkdir(exist_ok=True)
    (case / "label.toml").write_text(LABEL)
    (case / "train.py").write_text(
        'rate = 1\nprint(f"accuracy=1.0 val_accuracy={0.2 + rate / 100}")\n'
    )
    given = {"proven": True, "changes": [{"name": "SetLearningRate"}], "left": [], "diff": ""}
    given["verified"] = {"control": 0.1, "treated": 0.8}
    report = {"treatment": {**given, **treatment}, "cost": {"training_s": 10.0}}
    asked = argparse.Namespace(records=folder, again=True)
    meta = json.loads(json.dumps({"seconds": 40.0, "report": report}))
    return repair._row(find_cases([case])[0], meta, asked)


@pytest.mark.parametrize(
    ("rate", "outcome"), [(70, "repaired"), (50, "better"), (1, "no gain"), (-10, "worse")]
)
def test_the_way_decides(tmp_path: Path, rate: int, outcome: str) -> None:
    row = judged(tmp_path, diff=DIFF.format(rate=rate))
    assert row.outcome == outcome
    assert row.value == pytest.approx(0.2 + rate / 100)
    assert row.cost == pytest.approx(3.0)


def test_a_mended_script_that_does_not_run_is_broken(tmp_path: Path) -> None:
    assert judged(tmp_path, diff=DIFF.format(rate="1 / 0")).outcome == "broken"
    assert judged(tmp_path, diff=DIFF.replace("rate = 1", "rate = 7")).outcome == "broken"


def test_what_could_not_be_written_is_told_apart(tmp_path: Path) -> None:
    row = judged(tmp_path, left=["read from a file"])
    assert row.outcome == "in memory"
    assert math.isnan(row.value)
    assert judged(tmp_path, proven=False, why_not="no gain").outcome == "no remedy"


def test_a_figure_that_was_not_a_number_is_held_against_the_fixed_one(tmp_path: Path) -> None:
    case = tmp_path / "case"
    judged(tmp_path)
    (case / "label.toml").write_text(LABEL.replace("0.2", "nan") + 'better = "lower"\n')
    found = find_cases([case])[0]
    assert repair._way(found, 0.9) == 1.0
    assert repair._way(found, 5.0) == 0.5
