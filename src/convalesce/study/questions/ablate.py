"""Which of the script's own regularisers, layers and settings earn their keep?

Each is taken away alone and the training repeated from the same seeds.
"""

from __future__ import annotations

import math

from convalesce import core
from convalesce.readings.comparisons import identical
from convalesce.readings.pairs import Effect
from convalesce.study.questions.bench import Bench, gain, percent, together
from convalesce.study.questions.parts import parts_of, untaken
from convalesce.study.questions.trained import Trained

KEEPS, COSTS, SAME, IDLE = "earns its keep", "costs", "no difference", "does nothing here"
NEEDED = "needed: else NaN"  # more trainings without it end so
HARMS = "costs: brings NaN"
FAILS = "open: fails"  # trainings without it, and not by NaN
OPEN = "open: too much noise"
ALL_NAMED = {
    NEEDED: "without {0} more trainings end in NaN: needed",
    KEEPS: "{0} earn{s} {its} keep",
    HARMS: "without {0} fewer trainings end in NaN",
    COSTS: "without {0} it does better",
    OPEN: "without {0} there is too much noise to tell",
    FAILS: "without {0} trainings fail, so that it is open",
}
COUNTED = {
    SAME: "{0} make{s} no difference beyond noise",
    IDLE: "{0} {do} nothing here: not one result differs",
}
VERDICTS = (*ALL_NAMED, *COUNTED)
MOST_NAMES = 3  # in a sentence; more are counted


def ablate(bench: Bench, signals: core.Signals) -> core.Answer:
    """A row for each part: what is known without it, and whether that is less, more or the same."""
    parts = list(parts_of(signals))
    (control,) = bench.train([()])
    shown = bench.train([changes for _, changes in parts])
    named = [(name, one) for (name, _), one in zip(parts, shown, strict=True)]
    taken = [(name, one) for name, one in named if not one.why_not]
    effects = bench.compared(control, [one for _, one in taken])
    judged = [
        (name, one, found, _verdict(control, one, found))
        for (name, one), found in zip(taken, effects, strict=True)
    ]
    judged.sort(key=lambda row: _rank(row[1], row[2]))
    not_asked = [(name, one.why_not) for name, one in named if one.why_not]
    return core.Answer(
        question="ablate",
        says=_says([(name, verdict) for name, *_, verdict in judged], control)
        + together(sum(verdict != IDLE for *_, verdict in judged)),
        head=("without", "mean", "failed", "change (95 %)", "verdict"),
        rows=(
            ("nothing: as it is", percent(control.mean), control.failures, "", ""),
            *(
                (
                    name,
                    percent(one.mean),
                    one.failures,
                    gain(found) if verdict != IDLE else "",
                    verdict,
                )
                for name, one, found, verdict in judged
            ),
        ),
        not_asked=(*untaken(signals), *not_asked),
    )


def _rank(one: Trained, found: Effect) -> tuple[int, float]:
    """What is missed most comes first: fewest trainings that ended, then the largest loss."""
    return -one.nans, found.mean if math.isfinite(found.mean) else -math.inf


def _verdict(control: Trained, one: Trained, found: Effect) -> str:
    if one.nans != control.nans:
        return NEEDED if one.nans > control.nans else HARMS
    if one.failed > control.failed:
        return FAILS
    if identical(control.values, one.values):
        return IDLE
    if found.high < 0:
        return KEEPS
    if found.low > 0:
        return COSTS
    return SAME if abs(found.mean) < found.relevant else OPEN


def _says(verdicts: list[tuple[str, str]], control: Trained) -> str:
    if not verdicts:
        return "There is nothing that could be taken away."
    by = {kind: [name for name, verdict in verdicts if verdict == kind] for kind in VERDICTS}
    said = [f"as it is, it fails at {control.failures}"] if control.failed else []
    said += [
        _said(saying, _listed(by[kind]), many=_many(by[kind]))
        for kind, saying in ALL_NAMED.items()
        if by[kind]
    ]
    said += [
        _said(saying, _counted(by[kind], len(verdicts)), many=_many(by[kind]))
        for kind, saying in COUNTED.items()
        if by[kind]
    ]
    text = "; ".join(said)
    return f"{text[:1].upper()}{text[1:]}."


def _said(saying: str, names: str, *, many: bool) -> str:
    if many:
        return saying.format(names, s="", its="their", do="do")
    return saying.format(names, s="s", its="its", do="does")


def _many(names: list[str]) -> bool:
    return len(names) > 1 or names[0].endswith("s")


def _counted(names: list[str], count: int) -> str:
    return _listed(names) if len(names) <= MOST_NAMES else f"{len(names)} of {count} parts"


def _listed(names: list[str]) -> str:
    return " and ".join([", ".join(names[:-1]), names[-1]] if len(names) > 1 else names)
