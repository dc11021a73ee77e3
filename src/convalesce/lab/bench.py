"""The Lab on Keras: trains arms from the snapshots of a run's fits."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

from convalesce import core
from convalesce.lab import arms, compilation, feed
from convalesce.lab.apply import apply, repair_labels
from convalesce.lab.callbacks import acting, all_known
from convalesce.lab.edits import edited
from convalesce.lab.outcomes import Outcomes
from convalesce.lab.prepared import Prepared, set_flags
from convalesce.lab.randomness import kept_random_state
from convalesce.lab.setting import Setting, optimizer_like
from convalesce.observe import effort
from convalesce.observe.guard import unheard
from convalesce.observe.kept import Kept, State, state_of
from convalesce.observe.shelf import Shelf

RATE_STEPS = 500  # of a range test and the short trainings that confirm it, about
PATIENT = 4.0  # times the expected time
RATES = (core.SetLearningRate, core.ScaleLearningRate)
ARM_S = 2.0  # what an arm takes beside its steps: compiling, tracing, asking for answers


class KerasLab:
    """Trains arms; every one begins from the same snapshot of its fit.

    Attributes:
        taken_s: Wall-clock seconds so far.

    Args:
        shelf: What was kept of the fits.
        fits: The observed fits, for appliers that need facts.
    """

    def __init__(self, shelf: Shelf, fits: tuple[core.Fit, ...]) -> None:
        self._shelf = shelf
        self._fits = {fit.index: fit for fit in fits}
        self._bases: dict[int, Setting] = {}
        self._prepared: dict[tuple[Any, ...], Prepared] = {}
        self._outcomes = Outcomes()
        self._spent = 0.0
        self.taken_s = 0.0

    @property
    def spent_s(self) -> float:
        """Seconds of work so far, those left out in which the machine did other programs'."""
        return self._spent

    def waited(self, seconds: float) -> None:
        """So long it was waited for arms that others trained."""
        self._spent += seconds
        self.taken_s += seconds

    def reach(self, fit: int) -> core.Reach:
        """What can be done on a fit of the run."""
        kept = self._shelf.kept.get(fit)
        if kept is None:
            return core.Reach(why_not=self._shelf.missing.get(fit, "the fit was not kept"))
        try:
            base = self._base(fit)
        except core.CannotChange as error:
            return core.Reach(why_not=str(error))
        return core.Reach(
            steps=base.epochs * base.steps_per_epoch,
            epochs=base.epochs,
            seconds_a_step=kept.seconds / max(kept.steps, 1),
            overhead_s=ARM_S,
            whole=base.train.whole,
            validated=base.validation is not None,
            redrawn=base.train.redrawn is not None,
            alike=base.train.whole and all_known(kept.arguments.get("callbacks")),
        )

    def train(self, fit: int, arm: core.Arm, *, seconds: float) -> core.Signals:
        """What one arm showed; see `core.Lab`."""
        with self._counted(), unheard(), kept_random_state():
            return self._train(fit, arm, seconds)

    def why_not(self, fit: int, change: core.Change) -> str:
        """Why a change can't be made on a fit; empty where it can."""
        kept = self._shelf.kept[fit]
        try:
            with unheard(), kept_random_state():
                set_flags(kept, self._base(fit))
                self._changed(kept, (change,))
        except core.CannotChange as error:
            return str(error)
        return ""

    def find_rate(self, fit: int, changes: tuple[core.Change, ...], *, seconds: float) -> float:
        """The learning rate that a confirmed range test finds; see `core.Lab`."""
        reach = self.reach(fit)
        if (expected := reach.overhead_s + reach.seconds_a_step * RATE_STEPS) > seconds:
            raise core.OutOfTime(f"a range test takes about {expected:.0f} s")
        arm = core.Arm(changes=(*changes, core.FindLearningRate()), steps=1)
        self.train(fit, arm, seconds=PATIENT * seconds)
        prepared = self._prepared[fit, arm.changes]
        return float(prepared.setting.model.optimizer.learning_rate)

    def exact(self, fit: int, changes: tuple[core.Change, ...]) -> tuple[core.Change, ...]:
        """The same changes, with what only the data tell of them; see `core.Lab`."""
        if not any(isinstance(c, core.RepairLabels) for c in changes):
            return changes
        kept, told = self._shelf.kept[fit], list(changes)
        with unheard(), kept_random_state():
            set_flags(kept, self._base(fit))
            for i, change in enumerate(changes):
                if isinstance(change, core.RepairLabels):
                    told[i] = repair_labels.exact(change, self._changed(kept, tuple(told[:i])))
        return tuple(told)

    def ask(self, fit: int, instrument: core.Instrument, *, seconds: float) -> core.Answered:
        """What an instrument answers on a fit; see `core.Lab`."""
        from convalesce.lab.answering import answer

        return answer(self, fit, instrument, seconds)

    @contextlib.contextmanager
    def standing(self, fit: int, *, after: bool = False) -> Iterator[Setting]:
        """The training as observed, its model compiled and at its beginning (or its end).

        Raises:
            core.CannotChange: Its weights were not kept.
        """
        kept = self._shelf.kept[fit]
        if after and kept.after is None:
            raise core.CannotChange("its trained weights were not kept")
        with self._counted(), unheard(), kept_random_state():
            prepared = self._ready(kept, core.Arm())
            model = prepared.setting.model
            compilation.put_back(model, prepared.parts)
            state = kept.after if after and kept.after is not None else prepared.state
            compilation.restore(model, replace(prepared.state, model=state.model))
            try:
                yield prepared.setting
            finally:
                prepared.parts.update(compilation.put_aside(model))

    @contextlib.contextmanager
    def _counted(self) -> Iterator[None]:
        """What this takes is spent."""
        begun = effort.now()
        try:
            yield
        finally:
            ended = effort.now()
            self._spent += ended - begun
            self.taken_s += ended.wall - begun.wall

    @contextlib.contextmanager
    def handed_over(self, fit: int) -> Iterator[tuple[Kept, Setting]]:
        """What another lab needs to train arms of a fit, its data sets read; see `of`.

        Raises:
            core.CannotChange: Its weights were not kept, or its examples can't be handed over.
        """
        with self.standing(fit) as base:
            if base.train.redrawn is not None:
                raise core.CannotChange(
                    "the data pipeline draws its examples anew in each epoch, by steps that can "
                    "only run here"
                )
            kept = self._shelf.kept[fit]
            yield (
                replace(kept, arguments={}, train=base.train, validation=base.validation),
                base,
            )

    @classmethod
    def of(cls, kept: Kept, base: Setting) -> KerasLab:
        """A lab on what another one has handed over."""
        shelf = Shelf()
        shelf.kept[kept.index] = kept
        lab = cls(shelf, ())
        lab._bases[kept.index] = base
        return lab

    def save(self, fit: int, changes: tuple[core.Change, ...], path: Path) -> None:
        """The model as the latest whole training with these changes left it, as a `.keras` file.

        Raises:
            core.CannotChange: No whole training made these changes, or Keras can't save the model.
        """
        prepared, left = self._prepared.get((fit, changes)), self._outcomes.get((fit, changes))
        if prepared is None or left is None:
            raise core.CannotChange("no whole training has made these changes")
        setting, model = prepared.setting, prepared.setting.model
        with unheard(), edited(setting.edits):
            set_flags(self._shelf.kept[fit], setting)
            compilation.put_back(model, prepared.parts)
            compilation.restore(model, left)
            compilation.restore_optimizer(model, left)
            try:
                model.save(path)
            except Exception as error:
                raise core.CannotChange(f"Keras can't save the model: {error}") from error

    @contextlib.contextmanager
    def open(self) -> Iterator[KerasLab]:
        """While this lasts, arms are trained; afterwards the user's models are as they were."""
        models = {id(k.model): k.model for k in self._shelf.kept.values()}
        before = [
            (
                model,
                compilation.put_aside(model),
                state_of(model),
                [(layer, layer.trainable) for layer in model._flatten_layers()],  # noqa: SLF001
            )
            for model in models.values()
        ]
        try:
            yield self
        finally:
            for model, parts, state, flags in before:
                for layer, flag in flags:
                    layer.trainable = flag
                compilation.put_back(model, parts)
                compilation.restore(model, state)
                compilation.restore_optimizer(model, state)

    # ---- one arm -----------------------------------------------------------------------------

    def _train(self, fit: int, arm: core.Arm, seconds: float) -> core.Signals:
        import keras

        kept = self._shelf.kept[fit]
        prepared = self._ready(kept, arm)
        keras.utils.set_random_seed(arm.seed + 1)  # whether or not something was made just now
        set_flags(kept, prepared.setting)
        with edited(prepared.setting.edits):
            return self._trained(kept, prepared, arm, seconds)

    def _trained(
        self, kept: Kept, prepared: Prepared, arm: core.Arm, seconds: float
    ) -> core.Signals:
        setting = prepared.setting
        model = setting.model
        compilation.put_back(model, prepared.parts)
        state = prepared.state
        if arm.after:
            if setting.fresh or kept.after is None:
                raise core.CannotChange("another model can't go on from the trained weights")
            same = [a.shape for a in kept.after.optimizer] == [a.shape for a in state.optimizer]
            state = kept.after if same else replace(state, model=kept.after.model)
        compilation.restore(model, state, arm.seed)
        compilation.restore_optimizer(model, state, setting.rate)
        for begins in setting.begins:
            begins(model)
        steps = setting.epochs * setting.steps_per_epoch
        if arm.steps is not None:  # of the observed training: with other batches, as many examples
            each = self._base(kept.index).steps_per_epoch
            steps = max(1, round(arm.steps * setting.steps_per_epoch / each))
        try:
            if arm.closely:
                found = arms.watched(setting, arm, steps, seconds, kept.site)
            else:
                found = arms.fitted(setting, arm, steps, seconds)
            if arm.steps is None:
                self._outcomes.keep((kept.index, arm.changes), state_of(model))
            return found
        finally:
            prepared.parts.update(compilation.put_aside(model))

    def _ready(self, kept: Kept, arm: core.Arm) -> Prepared:
        """The arm's setting with its model compiled; made once for each combination of changes.

        Arms whose changes compile nothing anew share the functions that are traced already.
        """
        key = (kept.index, arm.changes)
        if key in self._prepared:
            return self._prepared[key]
        if len(arm.changes) > 1 and isinstance(arm.changes[-1], RATES):
            first = self._ready(kept, replace(arm, changes=arm.changes[:-1]))
            setting = apply(arm.changes[-1], first.setting)
            if setting.compiled is first.setting.compiled:  # a rate is set without a retrace
                self._prepared[key] = Prepared(setting, first.state, first.parts)
                return self._prepared[key]
        set_flags(kept, self._base(kept.index))
        setting = self._changed(kept, arm.changes)
        compiled = (kept.index, "as observed")
        if setting.recompiled:
            set_flags(kept, setting)
            with edited(setting.edits):
                compilation.compile_anew(setting.model, setting.compiled)
            parts, state = compilation.put_aside(setting.model), state_of(setting.model)
            if not setting.fresh:
                state = replace(state, model=self._before(kept).model)
        elif compiled in self._prepared:
            shared = self._prepared[compiled]
            parts, state = shared.parts, shared.state
        else:
            parts, state = self._as_observed(kept, setting)
            self._prepared[compiled] = Prepared(setting, state, parts)
        self._prepared[key] = Prepared(setting, state, parts)
        return self._prepared[key]

    def _changed(self, kept: Kept, changes: tuple[core.Change, ...]) -> Setting:
        """The setting with changes made; appliers find the model as it was when the fit began."""
        import keras

        setting = self._base(kept.index)
        if changes:
            keras.utils.set_random_seed(setting.seed + 1)
            compilation.restore(kept.model, self._before(kept))
        for change in changes:
            setting = apply(change, setting)
        return setting

    def _as_observed(self, kept: Kept, setting: Setting) -> tuple[dict[str, Any], State]:
        """The model as it was compiled when the fit began."""
        model, before = kept.model, self._before(kept)
        if model.optimizer is kept.compiled["optimizer"]:
            return compilation.put_aside(model), before
        compilation.compile_anew(model, setting.compiled)
        fresh = state_of(model)
        same = [a.shape for a in fresh.optimizer] == [a.shape for a in before.optimizer]
        state = before if same else replace(fresh, model=before.model)
        return compilation.put_aside(model), state

    def _before(self, kept: Kept) -> State:
        """The state that the observed training began from; of an optimizer that had none, fresh."""
        if kept.before is None:
            raise core.CannotChange("its weights were not kept")
        model, optimizer = kept.model, self._base(kept.index).compiled["optimizer"]
        slots = len(kept.before.optimizer)
        if optimizer is None or (kept.after is not None and slots == len(kept.after.optimizer)):
            return kept.before
        fresh = optimizer_like(optimizer)
        fresh.build(model.trainable_variables)
        return replace(kept.before, optimizer=[v.numpy().copy() for v in fresh.variables])

    def _base(self, fit: int) -> Setting:
        """The training as it was observed."""
        if fit not in self._bases:
            self._bases[fit] = self._made(self._shelf.kept[fit])
        return self._bases[fit]

    def _made(self, kept: Kept) -> Setting:
        original = self._fits[kept.index].signals
        split = original.recorded.get(core.TRAIN)
        train = feed.dealt_as(feed.read(kept.train, training=True), split)
        validation = kept.validation
        if validation is not None:
            try:
                validation = feed.read(validation, training=False)
            except core.CannotChange:
                validation = None
        if train.y is None:
            raise core.CannotChange("there are no targets to train on")
        compiled = dict(kept.compiled)
        if kept.rate is not None:
            compiled["optimizer"] = optimizer_like(compiled["optimizer"], learning_rate=kept.rate)
        given = kept.arguments
        return Setting(
            model=kept.model,
            compiled=compiled,
            train=train,
            judged=train,
            validation=validation,
            class_weight=given.get("class_weight"),
            epochs=max(1, int(given.get("epochs") or 1) - int(given.get("initial_epoch") or 0)),
            callbacks=acting(given.get("callbacks")),
            form=kept.forms.get("train", ""),
            original=original,
        )
