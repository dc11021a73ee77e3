"""What each tool answered about each arm of each case, and whether it was right."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from benchmarks.diagnosis import rivals
from benchmarks.diagnosis.cases import Case
from benchmarks.diagnosis.claims import Claim
from benchmarks.diagnosis.rivals import guess
from convalesce import core
from convalesce.diagnose import diagnose_run

OURS = "convalesce"
GUESS = "plain guess"


@dataclass(frozen=True)
class Answer:
    """What one tool said of one arm of one case.

    Attributes:
        claims: Errors and warnings, most probable first; notes are not among them.
    """

    tool: str
    case: Case
    arm: str
    claims: tuple[Claim, ...]

    @property
    def sick(self) -> bool:
        """This arm has a planted fault."""
        return self.arm == "faulty"

    def found(self, within: int) -> bool:
        """Every planted fault is among the first claims: `within` for each of them."""
        faults = self.case.accepted
        said = self.claims[: within * len(faults)]
        return all(any(claim.names(ids) for claim in said) for ids in faults)

    @property
    def first_is_right(self) -> bool:
        """The first claim names one of the planted faults."""
        return bool(self.claims) and any(self.claims[0].names(ids) for ids in self.case.accepted)

    @property
    def alarms(self) -> tuple[Claim, ...]:
        """Claims that a control does not justify: none of their ids is tolerated."""
        return tuple(c for c in self.claims if not c.names(list(self.case.tolerated)))

    @property
    def wrong(self) -> bool:
        """Missed at 1 on a sick arm; alarmed on a control."""
        return not self.found(1) if self.sick else bool(self.alarms)


def diagnosed(run: core.Run) -> tuple[Claim, ...]:
    """What this version says of a record."""
    return tuple(
        Claim(
            causes=(f.cause,),
            says=f.evidence.says,
            confidence=f.confidence,
            confirmed=f.verdict is core.Verdict.CONFIRMED,
        )
        for f in diagnose_run(run).findings
        if f.severity is not core.Severity.NOTE
    )


def reported(report: Mapping[str, Any]) -> tuple[Claim, ...]:
    """What stood in the report of the recorded run.

    Raises:
        ValueError: It is a report of another form.
    """
    if report.get("schema") != 1:
        raise ValueError(
            f"a report of schema {report.get('schema')!r} was recorded, schema 1 is read here: "
            "record the cases anew"
        )
    ranked = sorted(report["findings"], key=lambda finding: finding["rank"])
    return tuple(
        Claim(
            causes=(finding["cause"],),
            says=finding.get("says", finding.get("title", "")),
            confidence=_number(finding.get("confidence")),
            confirmed=finding["verdict"] == "confirmed",
        )
        for finding in ranked
        if finding["severity"] != "note"
    )


def _number(value: Any) -> float:
    return math.nan if value is None else float(value)


def everybody(
    case: Case, arm: str, run: core.Run, ours: tuple[Claim, ...], guessed: tuple[Claim, ...]
) -> list[Answer]:
    """The answers of all tools on one arm, ours first."""
    said = {OURS: ours}
    said |= {name: rivals.of_run(say, run) for name, say in rivals.RIVALS.items()}
    said[GUESS] = guessed
    return [Answer(tool, case, arm, claims) for tool, claims in said.items()]


def guesses(cases: Iterable[Case]) -> tuple[Claim, ...]:
    """The causes planted most often in the calibration cases."""
    return guess.most_frequent(c.accepted for c in cases if c.group == "calibration")


def by_tool(answers: Sequence[Answer]) -> dict[str, list[Answer]]:
    """Answers of each tool, in the order of their first appearance."""
    found: dict[str, list[Answer]] = {}
    for answer in answers:
        found.setdefault(answer.tool, []).append(answer)
    return found
