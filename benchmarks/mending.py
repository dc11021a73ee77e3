"""What a course of treatment reaches, beside random search and AUTOTRAINER's order of repairs.

    python benchmarks/mending.py CASES… [--trainings 6] [--seed 0]

Each case's faulty script is run once, watched, and diagnosed with experiments. Then three choose
changes on the same lab, with the same updates to spend: the course of `convalesce fix`; random
search over the remedies of all causes, one or two at a time, the best kept; and AUTOTRAINER's
repairs in their published order, each followed by a full retraining, until its own rules find no
problem. What was chosen is trained anew from two other seeds beside the script as it is; `way` is
the share of the way to what is known with the fixed script. The updates of ours include those of
its verification, which the others do not do.
"""

from __future__ import annotations

import argparse
import math
import random
import statistics
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from benchmarks.diagnosis.cases import Case, find_cases
from benchmarks.diagnosis.observing import subject_of
from benchmarks.diagnosis.rivals import autotrainer
from convalesce import core
from convalesce.causes import all_causes
from convalesce.diagnose import diagnose
from convalesce.lab import KerasLab
from convalesce.readings.yardstick import measure
from convalesce.treat import treat

Changes = tuple[core.Change, ...]
REPAIRED = 0.95
FRESH = (101, 102)  # seeds that nobody has chosen by
TIME_S = 600.0
SELU = core.Jointly((core.SetActivation("selu"), core.SetInitializer("lecun_uniform")))
RELU = core.Jointly((core.SetActivation("relu"), core.SetInitializer("he_uniform")))
TANH = core.Jointly((core.SetActivation("tanh"), core.SetInitializer("he_uniform")))
NORMALISED = core.InsertBatchNormalization()
# `repair.py` of the artefact, repair_strategy("balance") and the operations that it names: those
# that are drawn at random there are taken in the order of their lists here. Clipping is by value
# there; of thresholded and Gaussian layers we have none.
ORDER: dict[str, tuple[core.Change, ...]] = {
    "gradient vanish": (SELU, RELU, NORMALISED),
    "gradient explode": (SELU, RELU, core.ClipGradients(10.0), TANH, NORMALISED),
    "dying relu": (
        SELU,
        NORMALISED,
        *(core.SetInitializer(n) for n in ("he_uniform", "lecun_uniform", "glorot_normal")),
        *(core.SetActivation(n) for n in ("leaky_relu", "elu")),
    ),
    "oscillating loss": (
        core.SetOptimizer("Adam"),
        *(core.ScaleLearningRate(10.0**-n) for n in (1, 2, 3)),
        core.SetSchedule("plateau"),
        *(core.SetMomentum(m) for m in (0.1, 0.5, 0.9)),
    ),
    "slow convergence": (
        *(core.SetOptimizer(n) for n in ("Adam", "Nadam", "Adamax")),
        *(core.ScaleLearningRate(10.0**n) for n in (1, 2, 3)),
    ),
}


@dataclass(slots=True)
class Counting:
    """A lab that counts the updates of its arms, and knows what it has trained before.

    Attributes:
        updates: Of all arms since it was last set to zero.
    """

    lab: KerasLab
    updates: float = 0.0
    _seen: dict[core.Arm, core.Signals] = field(default_factory=dict)

    @property
    def spent_s(self) -> float:
        """As of the lab."""
        return self.lab.spent_s

    def reach(self, fit: int) -> core.Reach:
        """As of the lab."""
        return self.lab.reach(fit)

    def find_rate(self, fit: int, changes: Changes, *, seconds: float) -> float:
        """As of the lab; counted by the time that it takes."""
        before = self.lab.spent_s
        try:
            return self.lab.find_rate(fit, changes, seconds=seconds)
        finally:
            each = max(self.reach(fit).seconds_a_step, 1e-9)
            self.updates += (self.lab.spent_s - before) / each

    def train(self, fit: int, arm: core.Arm, *, seconds: float) -> core.Signals:
        """As of the lab; counted whether or not it was trained before."""
        epochs = next((c.epochs for c in arm.changes if isinstance(c, core.SetEpochs)), None)
        reach = self.reach(fit)
        whole = reach.steps * (epochs / reach.epochs if epochs else 1.0)
        self.updates += whole if arm.steps is None else arm.steps
        if arm not in self._seen:
            self._seen[arm] = self.lab.train(fit, arm, seconds=max(seconds, TIME_S))
        return self._seen[arm]


@dataclass(frozen=True, slots=True)
class Bench:
    """One case's fit, on which all three choose."""

    lab: Counting
    fit: int
    what: core.Yardstick
    diagnosis: core.Diagnosis
    seen: core.Signals
    budget: float

    def trained(self, changes: Changes, seed: int, *, closely: bool = False) -> core.Signals | None:
        """What a whole training showed; None where it could not be made."""
        arm = core.Arm(changes=changes, seed=seed, closely=closely)
        try:
            return self.lab.train(self.fit, arm, seconds=TIME_S)
        except Exception as error:  # noqa: BLE001 - of a change that suits no such model
            print(f"  {' and '.join(map(str, changes))}: {str(error)[:80]}", file=sys.stderr)
            return None

    def value(self, changes: Changes, seed: int) -> float:
        """The yardstick after a whole training; minus infinity where it could not be made."""
        found = self.trained(changes, seed)
        value = measure(found, self.what) if found is not None else math.nan
        return value if math.isfinite(value) else -math.inf


def ours(bench: Bench, _: random.Random) -> Changes:
    """The course that `convalesce fix` proves."""
    found = treat(bench.diagnosis, bench.lab, diagnose=diagnose)
    return found.changes if found.proven else ()


def by_chance(bench: Bench, draw: random.Random) -> Changes:
    """The best of changes drawn from all remedies, where it beats the script as it is."""
    pool = list(_pool())
    best: Changes = ()
    height = bench.value((), 1)
    while bench.lab.updates < bench.budget:
        changes = tuple(draw.sample(pool, draw.choice((1, 2))))
        value = bench.value(changes, 1)
        if value > height:
            best, height = changes, value
    return best


def _pool() -> Iterator[core.Change]:
    """Every remedy that a cause declares for its own sick examples; none of them twice."""
    found: dict[core.Change, None] = {}
    for cause in all_causes().values():
        for signals in cause.sick:
            evidence = cause.ask(signals)
            found.update(dict.fromkeys(cause.remedies(evidence) if evidence is not None else ()))
    skipped = (core.CollectData, core.SetMetric, core.Transfer)
    return (c for c in found if not isinstance(c, skipped))


def in_published_order(bench: Bench, _: random.Random) -> Changes:
    """AUTOTRAINER's repairs one after the other; the first that its rules are content with."""
    problem = _problem(bench.seen)
    best: Changes = ()
    height = bench.value((), 1)
    for change in ORDER.get(problem, ()):
        if bench.lab.updates >= bench.budget:
            break
        record = bench.trained((change,), 1, closely=True)
        if record is None:
            continue
        if not _problem(record):
            return (change,)
        value = measure(record, bench.what)
        if value > height:
            best, height = (change,), value
    return best


def _problem(signals: core.Signals) -> str:
    claims = autotrainer.say(signals)
    return claims[0].says if claims else ""


METHODS: dict[str, Callable[[Bench, random.Random], Changes]] = {
    "course": ours,
    "random": by_chance,
    "AUTOTRAINER": in_published_order,
}


def main() -> int:
    """Print a line a case and method, then the shares."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("cases", nargs="+", type=Path)
    parser.add_argument("--trainings", type=float, default=6.0, help="that each may spend")
    parser.add_argument("--seed", type=int, default=0)
    asked = parser.parse_args()
    print(f"{'case':34s} {'method':12s} {'spent':>6s} {'way':>6s}  changes")
    ways: dict[str, list[float]] = {name: [] for name in METHODS}
    for case in find_cases(asked.cases):
        for name, way in _case(case, asked.trainings, asked.seed):
            ways[name].append(way)
    for name, found in ways.items():
        print(_summary(name, found))
    return 0


def _summary(name: str, ways: Sequence[float]) -> str:
    if not ways:
        return f"{name}: no case"
    shares = [sum(test(w) for w in ways) / len(ways) for test in (_repaired, _worse)]
    return (
        f"{name}: {len(ways)} cases, repaired {shares[0]:.2f}, worse {shares[1]:.2f}, "
        f"median way {statistics.median(ways):.2f}"
    )


def _repaired(way: float) -> bool:
    return way >= REPAIRED


def _worse(way: float) -> bool:
    return way < -(1 - REPAIRED)


def _case(case: Case, trainings: float, seed: int) -> Iterator[tuple[str, float]]:
    with tempfile.TemporaryDirectory() as folder:
        found = subject_of(case, Path(folder))
        if found is None:
            print(f"{case.id:34s} nothing could be kept of its fits", flush=True)
            return
        lab, steps = Counting(found.lab), found.reach.steps
        bench = Bench(
            lab, found.fit, found.what, found.examined.diagnosis, found.seen, trainings * steps
        )
        with lab.lab.open():
            for name, choose in METHODS.items():
                lab.updates = 0.0
                changes = choose(bench, random.Random(f"{case.id} {seed}"))  # noqa: S311
                spent = lab.updates / max(steps, 1)
                way = _way(bench, changes, found.goal)
                said = ", ".join(str(c) for c in changes) or "–"
                print(f"{case.id:34s} {name:12s} {spent:6.1f} {way:6.2f}  {said}", flush=True)
                yield name, way


def _way(bench: Bench, changes: Changes, goal: float) -> float:
    """Share of the way to the fixed script, from fresh seeds; 0 where nothing was chosen."""
    if not changes:
        return 0.0
    control = statistics.mean(bench.value((), seed) for seed in FRESH)
    treated = statistics.mean(bench.value(changes, seed) for seed in FRESH)
    if not goal > control:
        return 1.0 if treated >= control else -1.0
    return (treated - control) / (goal - control)


if __name__ == "__main__":
    sys.exit(main())
