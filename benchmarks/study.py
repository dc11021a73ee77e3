"""How soon a study reaches the fixed script's figure, beside Optuna's TPE from cold and chance.

    python benchmarks/study.py CASES… [--trials 12] [--seeds 5] [--first 8] [--keep FOLDER]

Of the cases given, the tasks are those whose planted fault lies in what a study may change
(training, model, regularisation, scale of the inputs, weights of the classes), the shortest first
by the seconds of their labels. Each faulty script is run once, watched, and diagnosed with
experiments; `fixed.py` gives the figure to reach, 95 % of what is known with it. Ours begins with
what the diagnosis speaks for and what was measured. TPE, set as ours is, and random search begin
cold. All search one space, are measured alike and pruned alike; each seed trains from its own.

Cost is told in trainings of the script: examples trained on, over those of the script's own; a
trial that is pruned counts as far as it came. In brackets: what diagnosis and range test took.
"""

from __future__ import annotations

import argparse
import dataclasses
import math
import pickle
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache, partial
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1]))

import numpy as np
import optuna

from benchmarks.diagnosis.cases import Case, find_cases
from benchmarks.diagnosis.observing import Subject, subject_of
from convalesce import core
from convalesce.lab.crew import Alone
from convalesce.readings.yardstick import measure
from convalesce.study import Search, space, starts
from convalesce.study.search import sampler
from convalesce.studying import spoken_for, stored

NEARLY = 0.95  # of what is known with the fixed script
DATA = ("data.unnormalized", "data.imbalance")  # faults of the data that a study may change
OTHERS = ("tpe", "random")
DRAWS = 4000  # of a bootstrap
HOUR = 3600.0  # that an arm may take, lest the load of the machine decides
RNG = np.random.default_rng(0)


def main() -> int:
    """Print a line a case and method, then what ours takes over the others."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("cases", nargs="+", type=Path)
    parser.add_argument("--trials", type=int, default=12)
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--first", type=int, default=8, help="tasks; 0 for all")
    parser.add_argument("--keep", type=Path, help="folder for what was trained: go on from there")
    asked = parser.parse_args()
    if asked.keep:
        asked.keep.mkdir(parents=True, exist_ok=True)
    print("trainings of the script until the target is reached, by seed (> where it was not)")
    ratios: dict[str, list[float]] = {name: [] for name in OTHERS}
    tasks = _tasks(find_cases(asked.cases))
    for done, case in enumerate(tasks):
        if asked.first and done >= asked.first:
            break
        began = time.monotonic()
        for name, ratio in _case(case, asked.trials, asked.seeds, asked.keep).items():
            ratios[name].append(ratio)
        print(f"{'':34s}{time.monotonic() - began:.0f} s", flush=True)
    for name, values in ratios.items():
        if values:
            low, high = _interval(statistics.median, values)
            half = sum(v <= 0.5 for v in values)
            print(
                f"ours over {name}: median of {len(values)} tasks {statistics.median(values):.2f} "
                f"({low:.2f} to {high:.2f}); at most half on {half}"
            )
    return 0


def _tasks(cases: Sequence[Case]) -> list[Case]:
    """The shortest first; a rule that knows of no result."""

    def within(case: Case) -> bool:
        first = next((ids[0] for ids in case.accepted), "")
        return bool(first) and (not first.startswith("data.") or first in DATA)

    def seconds(case: Case) -> float:
        return float(case.label.get("cpu_seconds", case.label.get("seconds", math.inf)))

    return sorted(filter(within, cases), key=lambda c: (seconds(c), c.id))


@dataclass(frozen=True, slots=True)
class Kept:
    """What an arm showed; its cost in trainings of the script, were it trained to its end."""

    cost: float
    trained: core.Trained
    reached: tuple[float, ...] = ()


Known = dict[tuple[int, tuple[core.Change, ...]], Kept]


@dataclass(slots=True)
class Counting:
    """A crew that trains each arm once and tells it again; bars are held against what it reached.

    Attributes:
        seed: Of each training.
        steps: Updates of the script's own training, of batches of this size, in so many epochs.
        cost: Of the arms that were asked for, in trainings of the script.
    """

    crew: core.Crew
    seed: int
    steps: int
    batch: int
    epochs: int
    known: Known
    cost: float = 0.0
    width: int = 1

    def train(
        self, fit: int, arms: Sequence[core.Arm], *, seconds: float
    ) -> Iterator[tuple[int, core.Trained]]:
        """As a crew does; what was trained before is told from memory."""
        for place, arm in enumerate(arms):
            key = (self.seed, arm.changes)
            if key not in self.known or (told := self._told(arm, self.known[key])) is None:
                mine = dataclasses.replace(arm, seed=self.seed)
                for _, trained in self.crew.train(fit, [mine], seconds=max(seconds, HOUR)):
                    self.known[key] = self._slim(arm, trained)
                told = self._told(arm, self.known[key])
            assert told is not None  # noqa: S101 - it was trained with these bars
            self.cost += told[0]
            yield place, told[1]

    def _told(self, arm: core.Arm, one: Kept) -> tuple[float, core.Trained] | None:
        """What it costs and shows with these bars; None where it was broken off before."""
        reached = one.trained.reached if isinstance(one.trained, core.BelowBar) else one.reached
        for i, (bar, value) in enumerate(zip(arm.bars, reached, strict=False)):
            if bar.least > -math.inf and not value >= bar.least:
                return bar.share * one.cost, core.BelowBar(reached[: i + 1])
        return None if isinstance(one.trained, core.BelowBar) else (one.cost, one.trained)

    def _slim(self, arm: core.Arm, trained: core.Trained) -> Kept:
        sizes = [c.size for c in arm.changes if isinstance(c, core.SetBatchSize)]
        times = sizes[-1] / self.batch if sizes and self.batch else 1.0
        if isinstance(trained, core.Signals):
            history = trained[core.HISTORY]
            return Kept(history.steps * times / self.steps, trained, history.reached)
        longer = [c.epochs for c in arm.changes if isinstance(c, core.SetEpochs)]
        cost = longer[-1] / self.epochs if longer else 1.0
        return Kept(0.0 if isinstance(trained, core.CannotChange) else cost, trained)


@dataclass(frozen=True, slots=True)
class Spent:
    """What one search took, and whether it reached the target."""

    cost: float
    reached: bool

    def __str__(self) -> str:
        return f"{self.cost:.1f}" if self.reached else f">{self.cost:.1f}"

    @property
    def worst(self) -> float:
        """For ours: what was not reached has no end."""
        return self.cost if self.reached else math.inf


def _case(case: Case, trials: int, seeds: int, keep: Path | None) -> dict[str, float]:
    """Ours over the others in the medians over seeds; nothing where there is no task."""
    with tempfile.TemporaryDirectory() as folder:
        subject = subject_of(case, Path(folder))
        if subject is None:
            print(f"{case.id:34s}nothing could be kept of its fits", flush=True)
            return {}
        target, begins = NEARLY * subject.goal, measure(subject.seen, subject.what)
        if not begins < target:
            print(
                f"{case.id:34s}no task: {begins:.3f} as it is, {subject.goal:.3f} fixed", flush=True
            )
            return {}
        shelf = keep / f"{case.id}.pickle" if keep else None
        known: Known = pickle.loads(shelf.read_bytes()) if shelf and shelf.exists() else {}  # noqa: S301
        with subject.lab.open():
            found = _methods(case, subject, Path(folder), (trials, seeds), target, known, shelf)
    ours = [spent.worst for spent in found["ours"]]
    ratios = {}
    for name in OTHERS:
        theirs = [spent.cost for spent in found[name]]
        ratios[name] = statistics.median(ours) / statistics.median(theirs)
        low, high = _interval(_over, ours, theirs)
        print(f"{'':34s}ours over {name}: {ratios[name]:.2f} ({low:.2f} to {high:.2f})", flush=True)
    return ratios


def _methods(  # noqa: PLR0913, PLR0917 - a task, and how long it is tried
    case: Case,
    subject: Subject,
    folder: Path,
    many: tuple[int, int],
    target: float,
    known: Known,
    shelf: Path | None,
) -> dict[str, list[Spent]]:
    lab, fit, reach = subject.lab, subject.fit, subject.reach
    spoken = spoken_for(subject.examined.diagnosis, fit)
    try:
        rate = lab.find_rate(fit, (), seconds=60.0)
    except (core.CannotChange, core.OutOfTime):
        rate = math.nan
    before = subject.examined.run.probes_s + lab.spent_s
    before /= max(reach.seconds_a_step * reach.steps, 1e-9)
    measured = [core.SetLearningRate(rate)] if rate > 0 else []
    can = cache(partial(lab.why_not, fit))
    within = space(subject.seen, reach, can, [*spoken.all, *measured])
    begun = list(starts(within, spoken, rate))
    said = "; ".join(map(str, (*spoken.proven, *spoken.likely)))
    print(f"{case.id:34s}target {target:.3f}; known: {said or 'nothing'}", flush=True)
    found: dict[str, list[Spent]] = {}
    for name, sample in (("ours", sampler), ("tpe", sampler), ("random", _random)):
        found[name] = []
        for seed in range(1, many[1] + 1):
            crew = Counting(Alone(lab), seed, reach.steps, within.batch, reach.epochs, known)
            search = Search(
                optuna=stored(folder, f"{name}-{seed}", seed),
                space=within,
                crew=crew,
                fit=fit,
                what=subject.what,
                reach=reach,
                why=lambda _, trained: ("", str(trained)[:80]),
                seen=measure(subject.seen, subject.what),
                seed=seed * 1000,
                sample=sample,
            )
            if name == "ours":
                search.begin(begun)
            found[name].append(_until(search, crew, target, many[0]))
            if shelf is not None:
                shelf.write_bytes(pickle.dumps(known))
        shown = "  ".join(map(str, found[name]))
        shown += f"  ({before:.1f})" if name == "ours" else ""
        print(f"{'':34s}{name:8s}{shown}", flush=True)
    return found


class _Reached(Exception):
    """A trial has reached the target: the others of its round are not waited for."""


def _until(search: Search, crew: Counting, target: float, trials: int) -> Spent:
    """What the trials took up to the first that reached the target."""

    def told(trial: core.StudyTrial) -> None:
        if trial.state == "finished" and trial.value >= target:
            raise _Reached

    search.told = told
    try:
        search.go(trials)
    except _Reached:
        return Spent(crew.cost, reached=True)
    return Spent(crew.cost, reached=False)


def _random(seed: int) -> Any:
    return optuna.samplers.RandomSampler(seed=seed)


def _over(ours: Sequence[float], theirs: Sequence[float]) -> float:
    return statistics.median(ours) / statistics.median(theirs)


def _interval(tell: Callable[..., float], *groups: Sequence[float]) -> tuple[float, float]:
    """What 95 % of bootstrap draws within each group lie between (Efron's percentile interval)."""
    drawn = [tell(*(RNG.choice(g, len(g)).tolist() for g in groups)) for _ in range(DRAWS)]
    low, high = np.percentile(drawn, [2.5, 97.5], method="nearest")
    return float(low), float(high)


if __name__ == "__main__":
    sys.exit(main())
