"""Scores the diagnosis on recorded cases: no training, a few seconds.

python benchmarks/diagnosis/score.py --records RECORDS CASES…
"""

from __future__ import annotations

import argparse
import sys
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

from cases import Case, find_cases

from convalesce import core
from convalesce.core.codec import decode
from convalesce.diagnose import diagnose_run


@dataclass(frozen=True)
class Scored:
    """What was said of one arm of one case."""

    case: Case
    arm: str
    findings: tuple[core.Finding, ...]
    health: str

    @property
    def serious(self) -> list[core.Finding]:
        """Errors and warnings, most probable first."""
        return [f for f in self.findings if f.severity is not core.Severity.NOTE]

    @property
    def sick(self) -> bool:
        """This arm has a planted fault."""
        return self.arm == "faulty"

    def found(self, within: int) -> bool:
        """Every planted fault is among the first findings: `within` for each of them."""
        accepted = self.case.accepted
        named = [f.cause for f in self.serious[: within * len(accepted)]]
        return all(any(cause in ids for cause in named) for ids in accepted)

    @property
    def alarms(self) -> list[core.Finding]:
        """Errors and warnings that a control does not justify."""
        return [f for f in self.serious if f.cause not in self.case.tolerated]


def main() -> int:
    """Print the table; exit status 1 when a report is missing."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("cases", nargs="+", type=Path)
    parser.add_argument("--records", type=Path, required=True)
    parser.add_argument("--verbose", "-v", action="store_true")
    parser.add_argument("--only", choices=["seen", "held-out"])
    asked = parser.parse_args()
    cases = find_cases(asked.cases)
    if asked.only:
        cases = [c for c in cases if c.held_out == (asked.only == "held-out")]
    scored, missing = [], []
    for case in cases:
        for arm in case.arms:
            path = asked.records / f"{case.id}.{arm}.msgpack"
            if not path.exists():
                missing.append(f"{case.id} {arm}")
                continue
            diagnosis = diagnose_run(decode(path.read_bytes()))
            scored.append(Scored(case, arm, diagnosis.findings, str(diagnosis.health)))
    _table(scored)
    if asked.verbose:
        _failures(scored)
    if missing:
        print(f"\nno record of {len(missing)}: {', '.join(missing[:8])} …")
    return 1 if missing else 0


def _table(scored: list[Scored]) -> None:
    groups: dict[str, list[Scored]] = defaultdict(list)
    for one in scored:
        family = one.case.accepted[0][0].partition(".")[0] if one.case.accepted else "healthy"
        for group in ("all", one.case.folder.parent.name, f"  {family}"):
            groups[group].append(one)
        groups["held out" if one.case.held_out else "seen"].append(one)
    print(
        f"{'':16s} {'faulty':>7s} {'top-1':>6s} {'top-3':>6s} {'found':>6s} {'facts':>6s}"
        f" {'sound':>7s} {'alarms':>7s} {'by fact':>8s}"
    )
    for group, ones in groups.items():
        sick = [o for o in ones if o.sick]
        sound = [o for o in ones if not o.sick]
        stated = [o for o in sick if o.serious and o.serious[0].evidence.stated]
        print(
            f"{group:16s} {len(sick):7d} {_share([o.found(1) for o in sick])}"
            f" {_share([o.found(3) for o in sick])} {_share([bool(o.serious) for o in sick])}"
            f" {_share([o.found(1) for o in stated])}"
            f" {len(sound):7d} {_share([bool(o.alarms) for o in sound], 7)}"
            f" {_share([any(f.evidence.stated for f in o.alarms) for o in sound], 8)}"
        )


def _share(flags: list[bool], width: int = 6) -> str:
    return f"{sum(flags) / len(flags):{width}.2f}" if flags else " " * (width - 1) + "-"


def _failures(scored: list[Scored]) -> None:
    for one in scored:
        wrong = not one.found(1) if one.sick else bool(one.alarms)
        if not wrong:
            continue
        shown = one.findings if one.sick else one.alarms
        print(f"\n{one.case.id} [{one.arm}] wanted {one.case.accepted if one.sick else 'silence'}")
        for f in shown[:6]:
            mark = "stated" if f.evidence.stated else "suspected"
            by = f" <- {f.explained_by}" if f.explained_by else ""
            print(
                f"   {f.cause:28s} {f.severity:8s} {mark:9s} {f.evidence.strength:.2f}{by}"
                f"  {f.evidence.says[:150]}"
            )


if __name__ == "__main__":
    sys.exit(main())
