"""Cases of a benchmark that workers of a real Ray run are recorded as here."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

pytest.importorskip("ray")

from benchmarks.diagnosis import record

pytestmark = pytest.mark.filterwarnings("ignore::ResourceWarning")  # Ray's own processes
SCRIPT = """
from pathlib import Path
print(Path("train.py").exists(), __name__, {number})
"""


def test_cases_are_recorded_by_workers_as_here(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RAY_worker_niceness", "0")
    for number in range(3):
        case = tmp_path / "cases" / f"case_{number}"
        case.mkdir(parents=True)
        (case / "label.toml").write_text("causes = []\n")
        (case / "train.py").write_text(SCRIPT.format(number=number))
    told = {}
    for name, more in (("here", []), ("there", ["--ray", "local", "--jobs", "2"])):
        out = tmp_path / name
        line = ["record.py", str(tmp_path / "cases"), "--out", str(out), *more]
        monkeypatch.setattr(sys, "argv", line)
        assert record.main() == 0
        told[name] = {p.name: json.loads(p.read_text()) for p in sorted(out.glob("*.json"))}
    assert len(told["here"]) == 3
    for name, one in told["there"].items():
        assert one["stdout"] == told["here"][name]["stdout"]
        assert one["stdout"].startswith("True __main__")
        assert one["report"]["verdict"] == told["here"][name]["report"]["verdict"]
    assert sorted(p.name for p in (tmp_path / "there").glob("*.msgpack")) == sorted(
        p.name for p in (tmp_path / "here").glob("*.msgpack")
    )
