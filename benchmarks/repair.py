"""How many faulty scripts `convalesce fix` repairs, judged by the mended script under plain python.

    python benchmarks/diagnosis/record.py --command fix --out RECORDS CASES…
    python benchmarks/repair.py --records RECORDS CASES…

The diff in each report is applied to a fresh copy of the case, which is run by plain python; the
figure that it prints is held against those of the faulty and of the fixed script in the label.
Where there is no diff of the script, what is proposed for the files that it reads is made in that
copy: the diff of a file of settings, the mended copy that a snippet writes put in its place.
Figures are kept beside the records, so that a second call only prints.
"""

from __future__ import annotations

import argparse
import json
import math
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1]))

from benchmarks.diagnosis.cases import Case, find_cases
from benchmarks.diagnosis.scripts import run

REPAIRED = 0.95  # of the way from the faulty to the fixed figure
WORSE = -0.05  # of that way: within it a figure counts as unchanged
LIMIT_S = 900


@dataclass(frozen=True)
class Row:
    """One faulty script and what became of it.

    Attributes:
        outcome: `repaired`, `better`, `no gain`, `worse`, `broken`, `in memory`, `no remedy`.
        value: What the mended script printed. `way`: the share of the way to the fixed figure.
        cost: Seconds of the command beyond the training, over those of the training.
    """

    case: Case
    outcome: str
    changes: tuple[str, ...]
    value: float
    way: float
    cost: float
    why: str


def main() -> int:
    """Print the table; exit status 1 when a record is missing."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("cases", nargs="+", type=Path)
    parser.add_argument("--records", type=Path, required=True)
    parser.add_argument("--again", action="store_true", help="run the mended scripts anew")
    asked = parser.parse_args()
    rows, touched, sound, missing = [], [], 0, 0
    for case in find_cases(asked.cases):
        for arm in case.arms:
            meta = asked.records / f"{case.id}.{arm}.json"
            if not meta.exists():
                missing += 1
            elif arm == "faulty":
                rows.append(_row(case, json.loads(meta.read_text()), asked))
            else:
                sound += 1
                touched += [case.id] if _treatment(json.loads(meta.read_text())) else []
    print("\n".join(_table(rows)))
    print(f"sound scripts {sound}, touched {len(touched)} {' '.join(touched)}")
    print(f"arms without a record: {missing}")
    return 1 if missing else 0


def _treatment(meta: dict[str, Any]) -> dict[str, Any] | None:
    found = (meta.get("report") or {}).get("treatment")
    return found if found and found["proven"] else None


def _row(case: Case, meta: dict[str, Any], asked: argparse.Namespace) -> Row:
    report = meta.get("report") or {}
    training = (report.get("cost") or {}).get("training_s") or math.nan
    cost = (meta["seconds"] - training) / training
    treated = _treatment(meta)
    if treated is None:
        why = (report.get("treatment") or {}).get("why_not") or report.get("verdict", "no report")
        return Row(case, "no remedy", (), math.nan, math.nan, cost, why)
    changes = tuple(c["name"] for c in treated["changes"])
    proposed = [f for f in treated.get("files", []) if f["diff"] or f["snippet"]]
    if not treated["diff"] and not proposed:
        verified = treated["verified"]
        why = f"{verified['control']:.3f} to {verified['treated']:.3f}; " if verified else ""
        why += " · ".join(treated["left"])
        return Row(case, "in memory", changes, math.nan, math.nan, cost, why)
    ran = _mended(case, treated["diff"], proposed, asked)
    value = ran["value"]
    if ran["status"]:
        return Row(case, "broken", changes, value, math.nan, cost, ran["stderr"][-200:])
    way = _way(case, value)
    files = "" if treated["diff"] else "proposed for " + ", ".join(f["path"] for f in proposed)
    return Row(case, _outcome(way), changes, value, way, cost, files)


def _way(case: Case, value: float) -> float:
    """Share of the way from the faulty figure to the fixed one; nan where it can't be said."""
    faulty, fixed = float(case.label["faulty_value"]), float(case.label["fixed_value"])
    if math.isnan(faulty):  # any figure is all that was wanted, if it is as good as the fixed one
        gap = (value - fixed) * (1 if case.label.get("better") == "lower" else -1)
        return 1.0 if gap <= abs(fixed) * (1 - REPAIRED) else 0.5
    if fixed == faulty:
        return math.nan
    return (value - faulty) / (fixed - faulty)


def _outcome(way: float) -> str:
    if math.isnan(way):
        return "worse"
    if way >= REPAIRED:
        return "repaired"
    if way > -WORSE:
        return "better"
    return "no gain" if way >= WORSE else "worse"


def _mended(
    case: Case, diff: str | None, proposed: list[dict[str, Any]], asked: argparse.Namespace
) -> dict[str, Any]:
    """What the mended script did under plain python; kept beside the record."""
    kept = asked.records / f"{case.id}.mended.json"
    if kept.exists() and not asked.again:
        found: dict[str, Any] = json.loads(kept.read_text())
        return found
    with tempfile.TemporaryDirectory(prefix="mended") as folder:
        place = Path(folder)
        case.prepare("faulty", place)
        failed = _patched(place, diff, 0) if diff else _as_proposed(place, proposed)
        if failed:
            ran = {"status": 1, "stderr": failed, "value": math.nan}
        else:
            ran = _run(place, case.label["metric"])
    kept.write_text(json.dumps(ran))
    return ran


def _patched(place: Path, diff: str, strip: int) -> str:
    """Apply a diff; what went wrong, empty for nothing."""
    command = [_patch(), f"-p{strip}", "--no-backup-if-mismatch"]
    command += ["train.py"] if not strip else []
    done = subprocess.run(
        command, cwd=place, input=diff, text=True, capture_output=True, check=False
    )
    return done.stdout if done.returncode else ""


def _as_proposed(place: Path, proposed: list[dict[str, Any]]) -> str:
    """Mend the files as a person would who takes every proposal; what went wrong."""
    for one in proposed:
        if one["diff"]:
            failed = _patched(place, one["diff"], 1)
        else:
            command = [sys.executable, "-c", one["snippet"]]
            done = subprocess.run(command, cwd=place, text=True, capture_output=True, check=False)
            failed = done.stderr if done.returncode else ""
            for mended in place.rglob("*-mended.*"):
                mended.replace(mended.with_stem(mended.stem.removesuffix("-mended")))
        if failed:
            return failed
    return ""


def _patch() -> str:
    found = shutil.which("patch")
    if found is None:
        raise SystemExit("the program `patch` is needed to apply the diffs")
    return found


def _run(place: Path, metric: str) -> dict[str, Any]:
    ran = run(["train.py"], place, limit_s=LIMIT_S)
    printed = re.findall(rf"(?<!\w){re.escape(metric)}\s*[=:]\s*(\S+)", ran.stdout)
    value = math.nan
    if printed:
        with suppress(ValueError):
            value = float(printed[-1])
    return {"status": ran.status, "stderr": ran.stderr[-2000:], "value": value}


def _table(rows: Sequence[Row]) -> list[str]:
    head = f"{'case':40s} {'outcome':10s} {'value':>9s} {'way':>6s} {'cost':>6s}  changes"
    lines = [head]
    lines += [
        f"{r.case.id:40s} {r.outcome:10s} {r.value:9.4g} {r.way:6.2f} {r.cost:6.1f}"
        f"  {', '.join(r.changes)}{'  ' + r.why if r.why else ''}"
        for r in sorted(rows, key=lambda r: (r.outcome, r.case.id))
    ]
    counts = Counter(r.outcome for r in rows)
    written = [r for r in rows if r.outcome not in {"no remedy", "in memory"}]
    if rows:
        lines.append(
            f"faulty {len(rows)}: "
            + ", ".join(f"{name} {count}" for name, count in counts.most_common())
            + f"; repaired {counts['repaired'] / len(rows):.2f}"
            + f"; median cost {statistics.median(r.cost for r in rows):.1f} trainings"
        )
        runs = sum(r.outcome != "broken" for r in written)
        lines.append(f"diffs {len(written)}, of which the script runs {runs}")
    return lines


if __name__ == "__main__":
    sys.exit(main())
