"""The search: Optuna proposes, a crew trains, what is known is told back in order.

Trials are asked for in rounds of one size and told in the order of their numbers, whatever trained
them: the same seed gives the same study on one machine and on many.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

import numpy as np

from convalesce import core
from convalesce.core import Point, StudyTrial, Value
from convalesce.readings.yardstick import measure
from convalesce.study.limit import longest
from convalesce.study.space import Space

if TYPE_CHECKING:
    import optuna
    from optuna.trial import FrozenTrial, Trial

ROUND = 4  # trials asked for at once
SHARES = (0.25, 0.5)  # of a training's updates, after which it is measured by the way
FIRST_WHOLE = 5  # trials before the first may be pruned, as in Optuna's MedianPruner
ORIGIN, KILLED, CHANGES, RANGES = "origin", "begun anew", "changes", "ranges"
STATES = {"COMPLETE": "finished", "PRUNED": "pruned", "FAIL": "failed"}


@dataclass(frozen=True, slots=True)
class Known:
    """Changes that a diagnosis speaks for.

    Attributes:
        proven: An experiment has confirmed their cause. `likely`: of other errors and warnings.
        noted: Of mere notes.
    """

    proven: tuple[core.Change, ...] = ()
    likely: tuple[core.Change, ...] = ()
    noted: tuple[core.Change, ...] = ()

    @property
    def all(self) -> tuple[core.Change, ...]:
        """The surest first."""
        return (*self.proven, *self.likely, *self.noted)


Named = tuple[str, str]  # cause and why, of a training that came to nothing
Why = Callable[[core.Arm, core.Trained], Named]
Told = Callable[[StudyTrial], object]


def sampler(seed: int) -> Any:
    """Optuna's TPE; parallel trials of a round keep away from each other."""
    import optuna  # noqa: PLC0415 - heavy

    return optuna.samplers.TPESampler(
        seed=seed, multivariate=True, constant_liar=True, n_startup_trials=FIRST_WHOLE
    )


@dataclass(slots=True)
class Search:
    """One study of one fit.

    Attributes:
        optuna: The stored study.
        seen: What the script as it is came to, where that is known; else it is trained first.
        why: Told of each training that came to nothing, it names the cause.
        told: Hears of each trial as it ends.
        sample: Optuna's sampler from a seed.
    """

    optuna: optuna.Study
    space: Space
    crew: core.Crew
    fit: int
    what: core.Yardstick
    reach: core.Reach
    why: Why
    seen: float = math.nan
    seed: int = 0
    told: Told = lambda _: None
    sample: Callable[[int], Any] = sampler

    def begin(self, starts: Sequence[tuple[str, Point]]) -> int:
        """Queue the points to begin with; how many trials were there already.

        Trials that were being trained when an earlier call was killed are queued again. A study
        keeps the ranges it began with: a range test measures a rate anew in every call.
        """
        from optuna.trial import TrialState  # noqa: PLC0415 - heavy

        there = self.optuna.get_trials(deepcopy=False)
        if there:
            self.space = self.space.ranging(self.optuna.user_attrs.get(RANGES, {}))
        else:
            self.optuna.set_user_attr(RANGES, self.space.ranges)
        for trial in there:
            if trial.state == TrialState.RUNNING:
                self._begin_anew(trial)
        ended = len(self.trials())
        if not there:
            for origin, point in starts:
                if point == self.space.plain and math.isfinite(self.seen):
                    self._note(origin, point)
                else:
                    self.optuna.enqueue_trial(dict(point), user_attrs={ORIGIN: origin})
        return ended

    def _note(self, origin: str, point: Point) -> None:
        """Tell of the user's own training, which need not be repeated."""
        import optuna  # noqa: PLC0415 - heavy

        notes = {ORIGIN: origin, CHANGES: []}
        forms = {d.name: _distribution(d) for d in self.space.dimensions}
        made = optuna.trial.create_trial(
            params=dict(point), distributions=forms, value=self.seen, user_attrs=notes
        )
        self.optuna.add_trial(made)
        self.told(self.trials()[-1])

    def _begin_anew(self, trial: FrozenTrial) -> None:
        """Mark a trial that a kill cut off, and queue its point once more."""
        from optuna.trial import TrialState  # noqa: PLC0415 - heavy

        storage = self.optuna._storage  # noqa: SLF001 - only so can another process's trial be told
        storage.set_trial_user_attr(trial._trial_id, KILLED, True)  # noqa: FBT003, SLF001
        self.optuna.tell(trial.number, state=TrialState.FAIL)
        origin = str(trial.user_attrs.get(ORIGIN, "search"))
        self.optuna.enqueue_trial(dict(trial.params), user_attrs={ORIGIN: origin})

    def trials(self) -> tuple[StudyTrial, ...]:
        """What is known of each, in order; those that a kill cut off are left out."""
        found = self.optuna.get_trials(deepcopy=False)
        ended = [t for t in found if t.state.is_finished() and KILLED not in t.user_attrs]
        return tuple(self._trial(t) for t in ended)

    def go(self, count: int, until: float = math.inf) -> tuple[StudyTrial, ...]:
        """Train until so many trials have ended, or until that time by the monotonic clock."""
        while (left := count - len(self.trials())) > 0 and time.monotonic() < until:
            self._round(min(ROUND, left))
        return self.trials()

    # ---- one round ---------------------------------------------------------------------------

    def _round(self, count: int) -> None:
        sampled = len(self.optuna.get_trials(deepcopy=False))
        self.optuna.sampler = self.sample(self.seed + sampled)
        asked = [self.optuna.ask() for _ in range(count)]
        bars = self._bars()
        arms = [self._arm(trial, bars) for trial in asked]
        begun = time.monotonic()
        limit = longest(self.reach, arms)
        ended: dict[int, core.Trained] = {}
        following = 0
        for place, trained in self.crew.train(self.fit, arms, seconds=limit):
            ended[place] = trained
            while following in ended:
                seconds = (time.monotonic() - begun) / len(ended)
                self._tell(asked[following], arms[following], ended[following], seconds)
                following += 1

    def _arm(self, trial: Trial, bars: tuple[core.Bar, ...]) -> core.Arm:
        point = {d.name: _suggested(trial, d) for d in self.space.dimensions}
        changes = self.space.changes(point)
        trial.set_user_attr(CHANGES, [str(c) for c in changes])
        return core.Arm(changes=changes, bars=bars)

    def _bars(self) -> tuple[core.Bar, ...]:
        """What half of the trials so far had reached by then; below it one is pruned."""
        known = [t for t in self.trials() if t.state != "failed"]
        whole = sum(t.state == "finished" for t in known)
        bars = []
        for i, share in enumerate(SHARES):
            reached = [t.reached[i] for t in known if len(t.reached) > i]
            reached = [r for r in reached if math.isfinite(r)]
            least = float(np.median(reached)) if whole >= FIRST_WHOLE and reached else -math.inf
            bars.append(core.Bar(share=share, what=self.what, least=least))
        return tuple(bars)

    def _tell(self, trial: Trial, arm: core.Arm, trained: core.Trained, seconds: float) -> None:
        from optuna.trial import TrialState  # noqa: PLC0415 - heavy

        trial.set_user_attr("seconds", seconds)
        reached: tuple[float, ...] = ()
        cause, why, value = "", "", math.nan
        if isinstance(trained, core.Signals):
            value = measure(trained, self.what)
            history = trained.recorded.get(core.HISTORY)
            reached = history.reached if isinstance(history, core.History) else ()
            if _came_to_nothing(trained):
                cause, why = self.why(arm, trained)
        elif isinstance(trained, core.BelowBar):
            reached = trained.reached
        else:
            cause, why = self.why(arm, trained)
        for name, said in (("reached", list(reached)), ("cause", cause), ("why", why)):
            trial.set_user_attr(name, said)
        for step, one in enumerate(reached):
            if math.isfinite(one):
                trial.report(one, step)
        if isinstance(trained, core.BelowBar):
            self.optuna.tell(trial, state=TrialState.PRUNED)
        elif math.isfinite(value):
            self.optuna.tell(trial, value)
        else:
            self.optuna.tell(trial, state=TrialState.FAIL)
        self.told(self._trial(self.optuna.get_trials(deepcopy=False)[trial.number]))

    def _trial(self, trial: Any) -> StudyTrial:
        point: dict[str, Value] = {**self.space.plain, **trial.params}
        notes: Mapping[str, Any] = trial.user_attrs
        reached = tuple(float(r) for r in notes.get("reached", ()))
        value = trial.value if trial.state.name == "COMPLETE" else math.nan
        if trial.state.name == "PRUNED" and reached:
            value = reached[-1]
        return StudyTrial(
            number=trial.number,
            point=point,
            changes=self.space.changes(point),
            state=STATES[trial.state.name],  # type: ignore[arg-type]  # one of the three
            value=float(value),
            reached=reached,
            cause=str(notes.get("cause", "")),
            why=str(notes.get("why", "")),
            origin=str(notes.get(ORIGIN, "search")),
            seconds=float(notes.get("seconds", 0.0)),
        )


def _suggested(trial: Trial, dimension: core.Dimension) -> Value:
    if dimension.choices:
        return cast("Value", trial.suggest_categorical(dimension.name, list(dimension.choices)))
    return trial.suggest_float(dimension.name, dimension.low, dimension.high, log=True)


def _distribution(dimension: core.Dimension) -> Any:
    """As Optuna keeps what `_suggested` asks for."""
    from optuna.distributions import (  # noqa: PLC0415 - heavy
        CategoricalDistribution,
        FloatDistribution,
    )

    if dimension.choices:
        return CategoricalDistribution(dimension.choices)
    return FloatDistribution(dimension.low, dimension.high, log=True)


def _came_to_nothing(signals: core.Signals) -> bool:
    answers = signals.recorded.get(core.TRAIN_ANSWERS)
    return isinstance(answers, core.Predictions) and not answers.finite


def starts(
    space: Space, known: Known, measured_rate: float = math.nan
) -> Iterator[tuple[str, Point]]:
    """Points to begin with: the script as it is, what the diagnosis speaks for, what was measured.

    Then what is usual: a few settings that do well on most tasks find a good one sooner than a cold
    search (Feurer et al., 2022, JMLR 23, Auto-sklearn 2.0, on portfolios).

    Args:
        space: The dimensions.
        known: What the diagnosis speaks for.
        measured_rate: What a confirmed range test found; nan for none.
    """
    measured = [core.SetLearningRate(measured_rate)] if measured_rate > 0 else []
    brief = [c for c in known.proven if not isinstance(c, core.SetEpochs)]
    together: list[tuple[str, Sequence[core.Change]]] = [
        ("script", ()),
        ("diagnosis", brief),  # a longer training is dear: first what may do without
        ("diagnosis", known.proven),
        ("diagnosis", [*known.proven, *known.likely]),
        ("measured", [*known.proven, *known.likely, *measured]),
    ]
    alone: list[tuple[str, Sequence[core.Change]]] = [("diagnosis", [c]) for c in known.all]
    alone += [("measured", measured)]
    points = [(origin, space.point(changes)) for origin, changes in (*together, *alone)]
    usual = [("usual", point) for point in space.usual()]
    # With nothing proven or likely, what is usual promises more than a note or a rate alone.
    first = points[:1] if not (known.proven or known.likely) else points[: len(together)]
    seen: list[Point] = []
    for origin, point in (*first, *usual, *points):
        if point not in seen:
            seen.append(point)
            yield origin, point
