"""Trials on one fit: arms, their controls, and what follows."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace

import numpy as np

from convalesce import core
from convalesce.confirm.arms import Arms, NoTime, NotSettled
from convalesce.readings.pairs import Effect, effect
from convalesce.readings.yardstick import measure, sampling_error

PAIRS = 3
LEAST_SHARE = 0.5  # of a training: what shows only over a whole one can't be read off less
GOES_ON = 0.5  # of the training's updates, for a trial that goes on from its end
PLANNED = 0.8  # of what is left: arms take longer than expected, and second pairs are wanted
CLEARLY = 2.0  # times the relevant effect: beyond it the observed training is control enough
HALF = 0.5  # known with a change: with less, the next remedy of the cause is tried as well

Least = Callable[[float], float]  # from what is known without a change to the gain asked for


@dataclass(slots=True)
class Experiments:
    """Trials on one fit. Controls are shared, arms are never trained twice.

    Attributes:
        original: The record of the observed training.
        last: The record of the latest observation: the original, or that with the base made.
        base: Changes that every arm has made already: what was confirmed before.
        steps: Updates of each arm; None for a whole training.
        unsettled: Changes that there was no time to try over whole trainings.
        watches: First arms of whole trainings are watched closely, which takes seconds: they serve
            for the second look at what is mended.
    """

    arms: Arms
    original: core.Signals
    last: core.Signals = field(default_factory=lambda: core.Signals({}))
    base: tuple[core.Change, ...] = ()
    steps: int | None = None
    unsettled: list[core.Change] = field(default_factory=list)
    watches: bool = True

    def __post_init__(self) -> None:
        self.last = self.original

    @property
    def fit(self) -> int:
        """Index of the fit."""
        return self.arms.fit

    @property
    def reach(self) -> core.Reach:
        """What can be done on this fit."""
        return self.arms.reach

    @property
    def left(self) -> float:
        """Seconds left."""
        return self.arms.left

    def plan(self, arms: int, least: Sequence[int | None]) -> None:
        """Choose the length of the arms: as short as settles all trials and can be afforded.

        Args:
            arms: How many are to be trained.
            least: Updates that each trial needs; None for a whole training.

        Raises:
            NotSettled: There is too little time for any of them.
        """
        reach = self.reach
        if reach.why_not:
            raise NotSettled(reach.why_not)
        needed = [n if n is not None else int(LEAST_SHARE * reach.steps) for n in least]
        wanted = max([n if n is not None else reach.steps for n in least], default=reach.steps)
        each = PLANNED * self.left / max(arms, 1) - reach.overhead_s
        steps = min(wanted, int(each / max(reach.seconds_a_step, 1e-6)))
        self.steps = None if steps >= reach.steps else steps
        shortest = min(min(needed, default=1), reach.steps)
        if steps < shortest:
            raise NoTime(
                f"{arms} trainings of {shortest} updates take about "
                f"{reach.seconds(shortest) * arms:.0f} s; {self.left:.0f} s are left of the budget"
            )

    def long_enough(self, trial: core.Trial) -> bool:
        """The arms as planned can settle it."""
        if self.steps is None:
            return True
        if trial.steps is None:
            return self.steps >= LEAST_SHARE * self.reach.steps
        return self.steps >= min(trial.steps, self.reach.steps)

    def try_out(self, trial: core.Trial, *others: core.Change, pairs: int = 1) -> core.Tried:
        """The trial's change on top of the base, against the base alone.

        Args:
            trial: What is done and what must be seen.
            others: Changes that are made as well.
            pairs: The fewest that confirm it.

        Raises:
            NotSettled: It could not be made, or nothing could be measured.
        """
        outcome: core.Tried | None = None
        obstacle = NotSettled("no change could be made")
        for change in (trial.change, *trial.otherwise):
            try:
                one = self._tried(replace(trial, change=change), *others, pairs=pairs)
            except NotSettled as error:
                obstacle = error if outcome is None else obstacle
                continue
            if outcome is None or _rank(one) > _rank(outcome):
                outcome = one
            # A whole training that still knows little may owe its gain to a by-effect.
            whole = trial.steps is None and not trial.after
            if _rank(outcome)[0] and not (whole and np.mean(outcome.treated) < HALF):
                return outcome
        if outcome is None:
            raise obstacle
        if outcome.verdict is core.Verdict.REFUTED and not trial.decisive:
            outcome = replace(outcome, verdict=core.Verdict.UNDECIDED)
        return outcome

    def _tried(self, trial: core.Trial, *others: core.Change, pairs: int = 1) -> core.Tried:
        if trial.after:
            return self._going_on(trial)
        if not self.long_enough(trial):
            raise NoTime("it shows only over a whole training, for which there is no time")
        what = trial.predict.what
        changes = (*self.base, *others, trial.change)
        clear = self._beside_the_observed(trial, changes) if pairs == 1 else None
        if clear is not None:
            return clear
        control: list[float] = []
        treated: list[float] = []
        found = None
        for seed in range(PAIRS):
            if seed and self.reach.seconds(self.steps) * 2 > self.left:
                break
            self._pairs_ahead(changes, range(seed, PAIRS))
            control.append(self._value(self._control(seed), what))
            arm = self.arm(changes, seed, closely=self._closely(seed))
            treated.append(self._value(arm, what))
            same = self._same(what, control)
            # A change may leave fewer examples to judge by.
            sampling = max(sampling_error(one, what) for one in (self._control(0), arm))
            found = effect(control, treated, same, sampling)
            settled = found.verdict is not core.Verdict.UNDECIDED
            if settled and (len(treated) >= pairs or found.verdict is core.Verdict.REFUTED):
                break
        if found is None:
            raise NoTime("there was no time for a single pair")
        if found.verdict is core.Verdict.CONFIRMED and len(treated) < pairs:
            raise NoTime(f"there was no time for {pairs} pairs")
        arms = (tuple(control), tuple(treated))
        return _shown(changes, trial, found, arms, self.steps or self.reach.steps)

    def _beside_the_observed(
        self, trial: core.Trial, changes: tuple[core.Change, ...]
    ) -> core.Tried | None:
        """The first arm of a whole training against the observed one: where that is clear enough.

        The observed training is a control whose order is another one; a gain of twice what counts
        needs no closer one.
        """
        what = trial.predict.what
        observed = measure(self.original, what)
        if self.steps is not None or not self.observed_controls or not math.isfinite(observed):
            return None
        if self.reach.seconds(None) > self.left:
            return None
        arm = self.arm(changes, 0, closely=self._closely(0))
        treated = self._value(arm, what)
        sampling = max(sampling_error(one, what) for one in (self.original, arm))
        found = effect([observed], [treated], [observed], sampling)
        if found.low < CLEARLY * found.relevant:
            return None
        return _shown(changes, trial, found, ((observed,), (treated,)), self.reach.steps)

    @property
    def observed_controls(self) -> bool:
        """The observed training may be the control of whole trainings."""
        return not self.base and self.reach.alike

    @property
    def _as_observed(self) -> bool:
        """An arm without a change would be the observed training."""
        return not self.base and self.steps is None and self.reach.whole

    def seen(self, changes: tuple[core.Change, ...]) -> core.Signals | None:
        """A whole training with these changes that was watched closely; None where none was."""
        arm = core.Arm(changes=changes, seed=0, closely=True)
        if not self.arms.knows(arm):
            return None
        self.steps = None
        return self.arms.train(arm)

    def observed(self, what: core.Yardstick) -> float:
        """The yardstick of the training as it is: as observed, where an arm would be no other.

        Raises:
            NotSettled: It could not be trained or not be measured.
        """
        return self._value(self.original if self._as_observed else self._control(0), what)

    def promises(self, change: core.Change, what: core.Yardstick, least: Least) -> bool:
        """A single arm with this change gains so much: pairs may be worth their time.

        Raises:
            NotSettled: It could not be trained or not be measured.
        """
        arm = self.arm((*self.base, change), 0, closely=self._closely(0))
        before = self.observed(what)
        return self._value(arm, what) - before >= least(before)

    def arm(
        self, changes: tuple[core.Change, ...], seed: int, *, closely: bool = False
    ) -> core.Signals:
        """What one arm showed; trained once.

        Raises:
            NotSettled: It could not be trained.
        """
        return self.arms.train(
            core.Arm(changes=changes, seed=seed, steps=self.steps, closely=closely)
        )

    def _closely(self, seed: int) -> bool:
        return self.watches and self.steps is None and seed == 0

    def _control(self, seed: int) -> core.Signals:
        """The base alone; where it was watched already, what that showed."""
        return self.arms.train(self._control_arm(seed))

    def _control_arm(self, seed: int) -> core.Arm:
        plain = core.Arm(changes=self.base, seed=seed, steps=self.steps)
        watched = replace(plain, closely=True)
        return watched if self.arms.knows(watched) else plain

    def first_ahead(self, changes: Iterable[core.Change], *, control: bool = True) -> None:
        """Have a crew train the first arm of each change on top of the base, at the same time.

        Args:
            changes: That will be tried, as far as trials before them leave it open.
            control: The base alone as well.
        """
        closely = self._closely(0)
        arms = [self._control_arm(0)] if control else []
        arms += [
            core.Arm(changes=(*self.base, one), steps=self.steps, closely=closely)
            for one in changes
        ]
        self.arms.ahead(arms)

    def in_rounds(
        self, questions: Iterable[tuple[str, core.Change]], steps: int | None
    ) -> Iterator[tuple[str, core.Change]]:
        """Each question in turn; a crew trains the first arms of as many at once as it can.

        Args:
            questions: A cause, and the change that would prove it.
            steps: Updates that one needs; None for a whole training.
        """
        waiting = list(questions)
        for place, question in enumerate(waiting):
            width = self.arms.width
            if width > 1 and place % width == 0:
                with suppress(NotSettled):
                    self.plan(2, [steps])
                    together = waiting[place : place + width]
                    self.first_ahead((change for _, change in together), control=steps is not None)
            yield question

    def _pairs_ahead(self, changes: tuple[core.Change, ...], seeds: Sequence[int]) -> None:
        """The next pair, and as many of those that may follow as a crew can take at once."""
        arms = []
        for seed in seeds[: max(1, self.arms.width // 2)]:
            closely = self._closely(seed)
            treated = core.Arm(changes=changes, seed=seed, steps=self.steps, closely=closely)
            arms += [self._control_arm(seed), treated]
        self.arms.ahead(arms)

    def _going_on(self, trial: core.Trial) -> core.Tried:
        """Training that goes on from the trained weights, against its end as it was."""
        reach, what = self.reach, trial.predict.what
        if reach.why_not:
            raise NotSettled(reach.why_not)
        steps = max(1, int(GOES_ON * reach.steps))
        arm = core.Arm(seed=1, steps=steps, after=True)
        if self.base:  # from the start once more, and on: what was changed has no trained weights
            steps += reach.steps
            longer = core.SetEpochs(math.ceil((1 + GOES_ON) * reach.epochs))
            arm = core.Arm(changes=(*self.base, longer))
        if reach.seconds(steps) > self.left:
            raise NoTime(f"going on takes about {reach.seconds(steps):.0f} s")
        before = self._value(self.last, what)
        after = self._value(self.arms.train(arm), what)
        found = effect([before], [after], [], sampling_error(self.last, what))
        changes = (*self.base, trial.change)
        return _shown(changes, trial, found, ((before,), (after,)), steps)

    def _value(self, signals: core.Signals, what: core.Yardstick) -> float:
        value = measure(signals, what)
        if math.isnan(value):
            raise NotSettled(f"{what} could not be measured")
        return value

    def _same(self, what: core.Yardstick, control: list[float]) -> list[float]:
        """The yardstick of unchanged trainings, for the noise between seeds."""
        same = list(control)
        observed = measure(self.original, what)
        if self._as_observed and math.isfinite(observed):
            same.append(observed)
        return same


def _rank(tried: core.Tried) -> tuple[bool, float]:
    """The proven before all others, then by effect."""
    return tried.verdict is core.Verdict.CONFIRMED, tried.effect


def _shown(
    changes: tuple[core.Change, ...],
    trial: core.Trial,
    found: Effect,
    arms: tuple[tuple[float, ...], tuple[float, ...]],
    steps: int,
) -> core.Tried:
    """An experiment with its figures; `arms` are the controls and the treated."""
    return core.Tried(
        changes=changes,
        predict=trial.predict,
        control=arms[0],
        treated=arms[1],
        noise=found.noise,
        effect=found.mean,
        low=found.low,
        high=found.high,
        relevant=found.relevant,
        steps=steps,
        verdict=found.verdict,
    )
