"""Which of the script's own regularisers, layers and settings earn their keep?

Each is taken away alone and the training repeated from the same seeds.
"""

from __future__ import annotations

import math

from convalesce import core
from convalesce.readings.pairs import Effect
from convalesce.study.questions.bench import TOGETHER, Bench, gain, percent, together
from convalesce.study.questions.parts import parts_of, untaken
from convalesce.study.questions.trained import NAN, Trained

KEEPS, COSTS, SAME = "earns its keep", "costs", "makes no difference beyond noise"
NEEDED = "is needed: without it more trainings end in NaN"
HARMS = "costs: with it more trainings end in NaN"
OPEN = "can't be judged: without it trainings fail"


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
        + together(len(judged)),
        head=("without", "mean", "failed", TOGETHER.replace("gain", "change"), "it"),
        rows=(
            ("nothing: as it is", percent(control.mean), control.failures, "", ""),
            *(
                (name, percent(one.mean), one.failures, gain(found), verdict)
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
        return OPEN
    if found.high < 0:
        return KEEPS
    return COSTS if found.low > 0 else SAME


def _says(verdicts: list[tuple[str, str]], control: Trained) -> str:
    if not verdicts:
        return "There is nothing that could be taken away."
    needed = [name for name, verdict in verdicts if verdict == NEEDED]
    keep = [name for name, verdict in verdicts if verdict == KEEPS]
    drop = [name for name, verdict in verdicts if verdict == COSTS]
    harms = [name for name, verdict in verdicts if verdict == HARMS]
    same = [name for name, verdict in verdicts if verdict == SAME]
    unjudged = [name for name, verdict in verdicts if verdict == OPEN]
    said = [f"as it is, it fails at {control.failures}"] if control.failed else []
    if needed:
        said.append(f"without {_listed(needed)} trainings end in {NAN}: needed")
    if keep:
        said.append(f"{_listed(keep)} {'earns its' if len(keep) == 1 else 'earn their'} keep")
    if harms:
        said.append(f"without {_listed(harms)} fewer trainings end in {NAN}")
    if drop:
        said.append(f"without {_listed(drop)} it does better")
    if same:
        verb = "makes" if len(same) == 1 else "make"
        said.append(f"{_listed(same)} {verb} no difference beyond noise")
    if unjudged:
        said.append(f"{_listed(unjudged)} can't be judged: trainings without fail")
    text = "; ".join(said)
    return f"{text[:1].upper()}{text[1:]}."


def _listed(names: list[str]) -> str:
    return " and ".join([", ".join(names[:-1]), names[-1]] if len(names) > 1 else names)
