"""From answers to tables: shares right and alarmed, by tool, by group, by confidence."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from benchmarks.diagnosis.answers import GUESS, OURS, Answer, by_tool

GROUPS = ("calibration", "held out", "unseen")
BINS = 10


# ---- shares ----------------------------------------------------------------------------------


@dataclass(frozen=True)
class Row:
    """Figures of one tool on one group; shares are nan where nothing was counted.

    Attributes:
        sick: Arms with a planted fault. `sound`: arms without.
        first: Share of sick arms where every fault is named at once. `three`: within three
            claims for each. `one`: the first claim names one of the faults. `detected`:
            anything is said.
        alarms: Share of sound arms with a claim that they don't justify.
        confirmed: Share right among first claims on sick arms that are said to be proven.
        confirmed_alarms: Share of sound arms with such an alarm.
        width: Mean number of ids that a first claim names.
    """

    sick: int
    first: float
    three: float
    one: float
    detected: float
    sound: int
    alarms: float
    confirmed: float
    confirmed_alarms: float
    width: float


def row(answers: Iterable[Answer]) -> Row:
    """The figures of one tool's answers."""
    answers = list(answers)
    sick = [a for a in answers if a.sick]
    sound = [a for a in answers if not a.sick]
    proven = [a for a in sick if a.claims and a.claims[0].confirmed]
    return Row(
        sick=len(sick),
        first=share(a.found(1) for a in sick),
        three=share(a.found(3) for a in sick),
        one=share(a.first_is_right for a in sick),
        detected=share(bool(a.claims) for a in sick),
        sound=len(sound),
        alarms=share(bool(a.alarms) for a in sound),
        confirmed=share(a.first_is_right for a in proven),
        confirmed_alarms=share(any(c.confirmed for c in a.alarms) for a in sound),
        width=mean([float(len(a.claims[0].causes)) for a in answers if a.claims]),
    )


def share(flags: Iterable[bool]) -> float:
    """Share that is true; nan of none."""
    return mean([float(flag) for flag in flags])


def mean(values: Sequence[float]) -> float:
    """Arithmetic mean; nan of none."""
    return sum(values) / len(values) if values else math.nan


def side_by_side(answers: Sequence[Answer]) -> list[str]:
    """All tools, on all cases and on each group apart."""
    head = f"{'':14s} {'faulty':>6s} {'top-1':>6s} {'top-3':>6s} {'one-1':>6s}"
    lines = [
        head
        + f" {'detect':>6s} {'sound':>6s} {'alarms':>6s} {'proven':>6s} {'pr.al.':>6s} {'ids':>5s}"
    ]
    for group in ("all", *GROUPS):
        chosen = [a for a in answers if group in {"all", a.case.group}]
        if not chosen:
            continue
        lines.append(group)
        for tool, said in by_tool(chosen).items():
            r = row(said)
            lines.append(
                f"  {tool:14s}{r.sick:5d} {_two(r.first)} {_two(r.three)} {_two(r.one)}"
                f" {_two(r.detected)} {r.sound:6d} {_two(r.alarms)} {_two(r.confirmed)}"
                f" {_two(r.confirmed_alarms)} {_one(r.width)}"
            )
    return lines


def crossed(answers: Sequence[Answer], figure: Callable[[Row], float]) -> list[str]:
    """One figure: a line for each source and family, a column for each tool."""
    tools = list(by_tool(answers))
    sources = dict.fromkeys(a.case.folder.parent.name for a in answers)
    families = sorted({a.case.family for a in answers})
    keys = [("source", s) for s in sources] + [("family", f) for f in families]
    lines = [f"{'':18s} {'arms':>5s}" + "".join(f" {tool[:13]:>13s}" for tool in tools)]
    for kind, name in keys:
        chosen = [a for a in answers if name == _key(a, kind)]
        cells = [figure(row(said)) for said in by_tool(chosen).values()]
        if all(map(math.isnan, cells)):
            continue
        arms = len(chosen) // len(tools)
        lines.append(f"{name:18s} {arms:5d}" + "".join(f" {_two(c):>13s}" for c in cells))
    return lines


def _key(answer: Answer, kind: str) -> str:
    return answer.case.folder.parent.name if kind == "source" else answer.case.family


def symptoms(answers: Sequence[Answer]) -> list[str]:
    """What the rivals say: how often on sick arms, how often right, how often on sound ones."""
    lines = [f"{'':64s} {'faulty':>6s} {'right':>6s} {'sound':>6s}"]
    for tool, said in by_tool([a for a in answers if a.tool not in {OURS, GUESS}]).items():
        counts: dict[str, list[int]] = {}
        for answer in said:
            accepted = [cause for ids in answer.case.accepted for cause in ids]
            for claim in answer.claims:
                count = counts.setdefault(claim.says, [0, 0, 0])
                count[0] += answer.sick
                count[1] += answer.sick and claim.names(accepted)
                count[2] += not answer.sick
        ranked = sorted(counts.items(), key=lambda item: -item[1][0])
        lines += [f"{tool + ': ' + s:64.64s} {n:6d} {r:6d} {a:6d}" for s, (n, r, a) in ranked]
    return lines


# ---- confidence ------------------------------------------------------------------------------


@dataclass(frozen=True)
class Bin:
    """First claims whose confidence lies within one tenth.

    Attributes:
        confidence: Their mean. `right`: the share of them that is right.
    """

    low: float
    high: float
    count: int
    confidence: float
    right: float


def believed(answers: Iterable[Answer]) -> list[tuple[float, bool]]:
    """Confidence of each first claim, and whether it is right.

    On a control a first claim is wrong; one that it would justify is neither, and left out.
    """
    found = []
    for answer in answers:
        claims = answer.claims if answer.sick else answer.alarms
        stands = bool(claims) and claims[0] is answer.claims[0]
        if stands and not math.isnan(claims[0].confidence):
            found.append((claims[0].confidence, answer.sick and answer.first_is_right))
    return found


def bins(pairs: Sequence[tuple[float, bool]]) -> list[Bin]:
    """Pairs of confidence and right, sorted into tenths; empty ones are left out."""
    found = []
    for i in range(BINS):
        inside = [(c, r) for c, r in pairs if min(int(c * BINS), BINS - 1) == i]
        if inside:
            found.append(
                Bin(
                    low=i / BINS,
                    high=(i + 1) / BINS,
                    count=len(inside),
                    confidence=mean([c for c, _ in inside]),
                    right=share(r for _, r in inside),
                )
            )
    return found


def calibration_error(pairs: Sequence[tuple[float, bool]]) -> float:
    """Expected calibration error: the gap of each bin, weighted by its count.

    Guo, Pleiss, Sun and Weinberger, *On Calibration of Modern Neural Networks*, ICML 2017, eq. 3.
    """
    total = len(pairs)
    if not total:
        return math.nan
    return sum(b.count / total * abs(b.right - b.confidence) for b in bins(pairs))


def reliability(answers: Sequence[Answer]) -> list[str]:
    """Confidence of our first findings against how often they are right."""
    ours = [a for a in answers if a.tool == OURS]
    lines = [f"{'confidence':12s} {'count':>6s} {'mean':>6s} {'right':>6s}"]
    lines += [
        f"{b.low:.1f} … {b.high:.1f}    {b.count:6d} {_two(b.confidence)} {_two(b.right)}"
        for b in bins(believed(ours))
    ]
    for group in ("all", *GROUPS):
        pairs = believed(a for a in ours if group in {"all", a.case.group})
        if pairs:
            error = calibration_error(pairs)
            lines.append(f"expected calibration error, {group}: {error:.3f} of {len(pairs)}")
    return lines


def _two(value: float) -> str:
    return f"{value:6.2f}" if math.isfinite(value) else "     -"


def _one(value: float) -> str:
    return f"{value:5.1f}" if math.isfinite(value) else "    -"
