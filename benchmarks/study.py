"""How soon a study reaches the fixed script's figure, beside Optuna's TPE from cold and chance.

    python benchmarks/study.py CASES… [--trials 24] [--seeds 5]

Each case's faulty script is run once, watched; `fixed.py` gives the figure to reach, 95 % of what
is known with it. Ours searches the space that the diagnosis narrowed, from what it speaks for. The
others search the space as it is without a diagnosis, from the script as it is. All measure alike
and prune alike; an arm that two of them ask for is trained once and counted for both.
"""

from __future__ import annotations

import argparse
import math
import statistics
import sys
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import cache, partial
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1]))

import optuna

from benchmarks.diagnosis.cases import Case, find_cases
from benchmarks.diagnosis.observing import subject_of
from convalesce import core
from convalesce.lab.crew import Alone
from convalesce.study import Search, space, starts
from convalesce.study.search import sampler
from convalesce.studying import spoken_for, stored

NEARLY = 0.95  # of what is known with the fixed script


@dataclass(slots=True)
class Remembering:
    """A crew that trains each arm once and tells it again; bars are held against what it reached.

    Attributes:
        updates: Of the arms that were asked for, those cut off at a bar in part.
    """

    crew: core.Crew
    steps: int
    updates: float = 0.0
    known: dict[tuple[core.Change, ...], core.Trained] = field(default_factory=dict)

    @property
    def width(self) -> int:
        """As of the crew."""
        return self.crew.width

    def train(
        self, fit: int, arms: Sequence[core.Arm], *, seconds: float
    ) -> Iterator[tuple[int, core.Trained]]:
        """As a crew does; what was trained before is told from memory."""
        for place, arm in enumerate(arms):
            if arm.changes not in self.known:
                free = tuple(core.Bar(share=b.share, what=b.what) for b in arm.bars)
                whole = core.Arm(changes=arm.changes, seed=arm.seed, bars=free)
                for _, trained in self.crew.train(fit, [whole], seconds=seconds):
                    self.known[arm.changes] = trained
            yield place, self._told(arm, self.known[arm.changes])

    def _told(self, arm: core.Arm, trained: core.Trained) -> core.Trained:
        history = trained.recorded.get(core.HISTORY) if isinstance(trained, core.Signals) else None
        reached = history.reached if isinstance(history, core.History) else ()
        for i, (bar, value) in enumerate(zip(arm.bars, reached, strict=False)):
            if bar.least > -math.inf and not value >= bar.least:
                self.updates += bar.share * self.steps
                return core.BelowBar(reached[: i + 1])
        self.updates += self.steps
        return trained


def main() -> int:
    """Print a line a case and method, then the medians."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("cases", nargs="+", type=Path)
    parser.add_argument("--trials", type=int, default=24)
    parser.add_argument("--seeds", type=int, default=5)
    asked = parser.parse_args()
    print(f"{'case':32s} {'method':8s} {'target':>7s}  updates to it by seed (– not reached)")
    ratios: dict[str, list[float]] = {"tpe": [], "random": []}
    for case in find_cases(asked.cases):
        found = _case(case, asked.trials, asked.seeds)
        for name, spent in found.items():
            if name != "ours":
                pairs = zip(found["ours"], spent, strict=True)
                ratios[name] += [o / s for o, s in pairs if s > 0]
    for name, values in ratios.items():
        if values:
            low, high = _middle_half(values)
            middle = statistics.median(values)
            print(f"ours over {name}: median {middle:.2f}, middle half {low:.2f} to {high:.2f}")
    return 0


def _middle_half(values: list[float]) -> tuple[float, float]:
    if len(values) < 2:
        return values[0], values[0]
    quarters = statistics.quantiles(values, n=4)
    return quarters[0], quarters[2]


def _case(case: Case, trials: int, seeds: int) -> dict[str, list[float]]:
    with tempfile.TemporaryDirectory() as folder:
        subject = subject_of(case, Path(folder))
        if subject is None:
            print(f"{case.id:32s} nothing could be kept of its fits", flush=True)
            return {}
        examined, lab, fit, signals = subject.examined, subject.lab, subject.fit, subject.seen
        reach, what, target = subject.reach, subject.what, NEARLY * subject.goal
        known = spoken_for(examined.diagnosis, fit)
        with lab.open():
            can = cache(partial(lab.why_not, fit))
            try:
                rate = lab.find_rate(fit, (), seconds=60.0)
            except (core.CannotChange, core.OutOfTime):
                rate = math.nan
            before = (examined.run.probes_s + lab.spent_s) / max(reach.seconds_a_step, 1e-9)
            near = space(signals, reach, can, measured_rate=rate, known=known)
            base = tuple(c for c in near.point(known)[1] if not can(c))
            wide = space(signals, reach, can)
            begun = {"ours": (near, base, list(starts(near, known, rate)), sampler)}
            plain = list(starts(wide, ()))
            begun["tpe"] = (wide, (), plain, sampler)
            begun["random"] = (wide, (), plain, _random)
            memory: dict[tuple[core.Change, ...], core.Trained] = {}
            found: dict[str, list[float]] = {}
            for name, (within, made, first, sample) in begun.items():
                found[name] = []
                for seed in range(seeds):
                    crew = Remembering(Alone(lab), reach.steps, known=memory)
                    search = Search(
                        optuna=stored(Path(folder), f"{name}-{seed}", seed),
                        space=within, crew=crew, fit=fit, what=what, reach=reach,
                        why=lambda _, trained: ("", str(trained)[:80]), base=made, seed=seed * 1000,
                        sample=sample,
                    )  # fmt: skip
                    search.begin(first)
                    found[name].append(_until(search, crew, target, trials))
                shown = " ".join(f"{s:.0f}" if math.isfinite(s) else "–" for s in found[name])
                shown += f" ({before:.0f})" if name == "ours" else ""
                print(f"{case.id:32s} {name:8s} {target:7.3f}  {shown}", flush=True)
    bound = float(trials * reach.steps)
    return {n: [s if math.isfinite(s) else bound for s in spent] for n, spent in found.items()}


def _until(search: Search, crew: Remembering, target: float, trials: int) -> float:
    """Updates until a trial reached the target; infinity where none did."""
    reached = math.inf

    def told(trial: core.StudyTrial) -> None:
        nonlocal reached
        if trial.state == "finished" and trial.value >= target:
            reached = min(reached, crew.updates)

    search.told = told
    for count in range(4, trials + 4, 4):
        search.go(min(count, trials))
        if math.isfinite(reached):
            break
    return reached


def _random(seed: int) -> Any:
    return optuna.samplers.RandomSampler(seed=seed)


if __name__ == "__main__":
    sys.exit(main())
