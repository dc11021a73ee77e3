"""The best of a study and the script as it is, trained again from several seeds."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from convalesce import core
from convalesce.core import Finalist, StudyTrial
from convalesce.readings.intervals import mean_interval
from convalesce.readings.pairs import effect
from convalesce.readings.yardstick import measure, sampling_error
from convalesce.study.limit import longest
from convalesce.study.search import Search

SEEDS = (1, 2, 3)
MOST = 3  # finalists beside the script as it is, and beside the best of few changes
SIMPLE = 2  # changes


def finals(
    search: Search, trials: Sequence[StudyTrial], seeds: Sequence[int] = SEEDS
) -> tuple[Finalist, ...]:
    """The script as it is first, then the best trials by their means over the seeds.

    Args:
        search: Its crew trains them, and the script without any change, from each seed.
        trials: Of the search; those that ended are ranked by their value.
        seeds: Of the trainings; that of the search is not among them.
    """
    ended = [t for t in trials if t.state == "finished" and math.isfinite(t.value)]
    best = sorted(ended, key=lambda t: (-t.value, len(t.changes), t.number))
    changed = [t for t in best if t.changes]
    simple = [t for t in changed if len(t.changes) <= SIMPLE]
    chosen = [*changed[:MOST], *(t for t in simple[:1] if t not in changed[:MOST])]
    plain = next((t for t in trials if not t.changes), None)
    number = plain.number if plain is not None else 0
    point = plain.point if plain is not None else {}
    entries: list[tuple[int, core.Point, tuple[core.Change, ...]]] = [(number, point, ())]
    entries += [(t.number, t.point, t.changes) for t in chosen]
    arms = [core.Arm(changes=changes, seed=seed) for _, _, changes in entries for seed in seeds]
    limit = longest(search.reach, arms)
    got = dict(search.crew.train(search.fit, arms, seconds=limit))
    values: list[tuple[float, ...]] = []
    sampling = 0.0
    for i in range(len(entries)):
        shown = [got.get(i * len(seeds) + j) for j in range(len(seeds))]
        values.append(tuple(_value(s, search.what) for s in shown))
        first = shown[0]
        if i == 0 and isinstance(first, core.Signals):
            sampling = sampling_error(first, search.what)
    made = [
        Finalist(trial=number, point=point, changes=changes, values=value)
        for (number, point, changes), value in zip(entries, values, strict=True)
    ]
    original, others = made[0], made[1:]
    compared = [_compared(original, one, sampling) for one in others]
    known = [f for f in compared if all(map(math.isfinite, f.values))]
    return (original, *sorted(known, key=lambda f: -f.mean))


def _value(shown: core.Trained | None, what: core.Yardstick) -> float:
    return measure(shown, what) if isinstance(shown, core.Signals) else math.nan


def _compared(original: Finalist, one: Finalist, sampling: float) -> Finalist:
    """With its gain over the script, seed by seed.

    Student's interval of the differences, no narrower than the noise that is known between seeds.
    """
    if not all(map(math.isfinite, (*original.values, *one.values))):
        return one
    found = effect(original.values, one.values, original.values, sampling)
    differences = np.subtract(one.values, original.values)
    _, low, high = mean_interval(differences)
    return replace(one, gain=found.mean, low=min(low, found.low), high=max(high, found.high))
