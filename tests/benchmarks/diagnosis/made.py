"""Cases and answers written by hand."""

from pathlib import Path

from benchmarks.diagnosis.answers import OURS, Answer
from benchmarks.diagnosis.cases import Case
from benchmarks.diagnosis.claims import Claim


def case(name: str = "some", *, source: str = "corpus", **label: object) -> Case:
    """A case with a label and no files."""
    arms = (
        {"faulty": "train.py", "fixed": "fixed.py"}
        if label.get("causes") or label.get("all")
        else {"healthy": "train.py"}
    )
    return Case(Path(source) / name, {"id": name, **label}, arms)


def claim(*causes: str, confidence: float = 0.9, confirmed: bool = False) -> Claim:
    """A claim that names these ids."""
    return Claim(causes, says="so", confidence=confidence, confirmed=confirmed)


def answer(made: Case, arm: str, *claims: Claim, tool: str = OURS) -> Answer:
    """What a tool said of an arm."""
    return Answer(tool, made, arm, claims)
