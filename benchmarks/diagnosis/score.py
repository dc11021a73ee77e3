"""Scores the diagnosis, and other tools' rules beside it, on recorded cases: no training.

python benchmarks/diagnosis/score.py --records RECORDS CASES…
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[2]))

from benchmarks.diagnosis import costs, tables
from benchmarks.diagnosis.answers import (
    OURS,
    Answer,
    diagnosed,
    everybody,
    guesses,
    reported,
)
from benchmarks.diagnosis.cases import Case, find_cases
from convalesce.core.codec import decode


@dataclass(frozen=True)
class Scored:
    """All that was read: answers, seconds, and the arms without a record."""

    answers: list[Answer]
    spent: list[costs.Spent]
    missing: list[str]


def main() -> int:
    """Print the tables; exit status 1 when a record is missing."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("cases", nargs="+", type=Path)
    parser.add_argument("--records", type=Path, required=True)
    parser.add_argument("--verbose", "-v", action="store_true", help="also each wrong answer")
    parser.add_argument("--only", choices=["calibration", "held-out", "unseen"])
    parser.add_argument(
        "--as-reported",
        action="store_true",
        help="take the findings from the recorded reports instead of diagnosing the records anew",
    )
    asked = parser.parse_args()
    cases = find_cases(asked.cases)
    chosen = [c for c in cases if not asked.only or c.group == asked.only.replace("-", " ")]
    scored = score(chosen, asked.records, known=cases, as_reported=asked.as_reported)
    for part in show(scored, verbose=asked.verbose):
        print(part)
    return 1 if scored.missing else 0


def score(
    cases: Sequence[Case], records: Path, *, known: Sequence[Case], as_reported: bool = False
) -> Scored:
    """Read every record of the cases and ask all tools.

    Args:
        cases: Those to score.
        records: Folder that `record.py` wrote.
        known: The plain guess may count the calibration cases among these.
        as_reported: Our findings are those of the recorded reports.
    """
    guessed = guesses(known)
    scored = Scored([], [], [])
    for case in cases:
        for arm in case.arms:
            record = records / f"{case.id}.{arm}.msgpack"
            meta = _meta(records / f"{case.id}.{arm}.json")
            report = meta.get("report")
            if not record.exists() or (as_reported and report is None):
                scored.missing.append(f"{case.id} {arm}")
                continue
            run = decode(record.read_bytes())
            ours = reported(report or {}) if as_reported else diagnosed(run)
            scored.answers.extend(everybody(case, arm, run, ours, guessed))
            spent = costs.spent(meta)
            scored.spent.extend([] if spent is None else [spent])
    return scored


def _meta(path: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(path.read_text()) if path.exists() else {}
    return found


def show(scored: Scored, *, verbose: bool) -> list[str]:
    """The tables as text, a blank line between them."""
    answers, parts = scored.answers, []
    if answers:
        parts += [
            tables.side_by_side(answers),
            ["top-1 by source and family", *tables.crossed(answers, lambda r: r.first)],
            ["alarms by source and family", *tables.crossed(answers, lambda r: r.alarms)],
            ["reliability of first findings", *tables.reliability(answers)],
        ]
    if scored.spent:
        parts.append(["cost", *costs.table(scored.spent)])
    if verbose and answers:
        parts.append(["what the rivals said", *tables.symptoms(answers)])
        parts.append(["wrong answers of ours", *_failures(answers)])
    if scored.missing:
        few = ", ".join(scored.missing[:8])
        parts.append([f"no record of {len(scored.missing)}: {few} …"])
    return ["\n".join(part) + "\n" for part in parts]


def _failures(answers: Sequence[Answer]) -> list[str]:
    lines = []
    for one in answers:
        if one.tool != OURS or not one.wrong:
            continue
        wanted = one.case.accepted if one.sick else "silence"
        lines.append(f"{one.case.id} [{one.arm}] wanted {wanted}")
        for claim in (one.claims if one.sick else one.alarms)[:6]:
            mark = "confirmed" if claim.confirmed else "suspected"
            name = ", ".join(claim.causes)
            lines.append(f"   {name:28s} {mark:9s} {claim.confidence:.2f}  {claim.says[:150]}")
    return lines


if __name__ == "__main__":
    sys.exit(main())
