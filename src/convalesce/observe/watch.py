"""The observation of one fit, from the data handed in to the answers of the trained model."""

from __future__ import annotations

import contextlib
import hashlib
import math
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

from convalesce import core
from convalesce.observe import effort
from convalesce.observe.answers import output_names, read_answers
from convalesce.observe.arguments import Handed, read_handed
from convalesce.observe.callback import make_callback
from convalesce.observe.guard import Stopwatch, guarded, kept_random_state, plain_float
from convalesce.observe.model import first_kinds, read_model
from convalesce.observe.options import Options
from convalesce.observe.setup import read_setup, resolved
from convalesce.observe.splits import ROLES, Splits
from convalesce.observe.telling import Told

ANSWERS_SHARE = 0.02  # of the training's time, for the answers of one split
ANSWERS_FLOOR_S = 1.0
HOPELESS_EPOCHS = 3  # in fewer, a loss that does not fall tells nothing
ANSWERS_CUT_S = 0.1  # what a model answers after a hundred steps tells little


class Watch:
    """One fit under observation: `begin`, then Keras trains and calls back, then `end`."""

    def __init__(
        self,
        options: Options,
        model: Any,
        arguments: dict[str, Any],
        site: core.Site | None,
        *,
        index: int,
    ) -> None:
        from convalesce.observe.monitor import Instrument

        self.options, self.model, self.arguments = options, model, arguments
        self.site, self.index = site, index
        self.remarks: list[str] = []
        self.clock = Stopwatch()
        self.recorded: dict[core.Signal[Any], Any] = {}
        self.instrument: Any = Instrument(options.every)
        self.splits: Splits | None = None
        self._scanning: threading.Thread | None = None
        self.metrics: dict[str, list[float]] = {}
        self.rates: list[float] = []
        self.begun = effort.now()
        self.marks: list[effort.Moment] = []
        self._ended_with = b""
        self.told = Told(options.tell, index, self.remarks)

    # ---- before training ---------------------------------------------------------------------

    def begin(self) -> dict[str, Any]:
        """Scan what can be scanned beforehand; the arguments to train with."""
        arguments = dict(self.arguments)
        self.look_at(read_handed(arguments))
        with guarded(self.remarks, "following the batches"):
            if self.splits is not None:
                self.splits.follow(arguments)
        callbacks = arguments.get("callbacks")
        watching = make_callback(self, self.options.cut)
        keras_list = getattr(callbacks, "append", None) and not isinstance(callbacks, list)
        if callbacks is not None and keras_list:
            callbacks.append(watching)
        elif callbacks is None or isinstance(callbacks, list | tuple):
            arguments["callbacks"] = [*(callbacks or ()), watching]
        else:
            arguments["callbacks"] = [callbacks, watching]
        if self.options.cut is not None:
            asked = arguments.get("validation_steps")
            arguments["validation_steps"] = min(int(asked), 8) if asked else 8
        return arguments

    def look_at(self, handed: Handed) -> None:
        """Scan the data of the fit that is about to begin, and start its clock."""
        if not self.options.reads_data:
            self.begun = effort.now()
            return
        self.splits = Splits(handed, self.instrument.fed, self.remarks, first_kinds(self.model))
        if self.options.cut is not None:
            # A cut fit is over soon: its data are read while Keras builds and makes its steps.
            self._scanning = threading.Thread(target=self._scan, args=(self.splits, None))
            self._scanning.start()
        else:
            with self.options.progress("looking at the data", self.splits.rows) as seen:
                self._scan(self.splits, seen)
        self.begun = effort.now()

    def _scan(self, splits: Splits, seen: Callable[[int], object] | None) -> None:
        with self.clock.on("scan"):
            splits.scan_beforehand(seen)

    # ---- while Keras trains ------------------------------------------------------------------

    def attach(self, model: Any) -> None:
        """From set_model: before Keras makes its train function."""
        with self._own("attaching the monitor"):
            self.instrument.attach(model)

    def train_begins(self) -> None:
        """From on_train_begin: the model is built, no weight has changed yet."""
        handed = self.splits.handed if self.splits is not None else None
        with self._own("reading the model"):
            inputs = self.splits.symbolic_inputs() if self.splits is not None else None
            self.recorded[core.MODEL] = read_model(self.model, inputs)
        with self._own("reading the set-up"):
            self.recorded[core.SETUP] = read_setup(
                self.model,
                self.arguments,
                batch_size=handed.batch_size if handed else None,
                steps_per_epoch=handed.steps if handed else None,
                site=self.site,
            )
        if self.options.shelf is not None:
            with self._own("keeping the fit for experiments"):
                self.options.shelf.begin(self.index, self.model, self.arguments, handed, self.site)
        with self._own("telling of a fit"):
            self.told.begins(self._planned, self.recorded, self.so_far)

    def epoch_ends(self, epoch: int, logs: dict[str, Any]) -> None:
        """From on_epoch_end, with Keras's figures of the epoch."""
        self.marks.append(effort.now())
        if self.options.hopeless:
            self._give_up(logs)
        with self._own("reading an epoch"):
            for name, value in logs.items():
                self.metrics.setdefault(name, []).append(plain_float(value))
            optimizer = getattr(self.model, "optimizer", None)
            if optimizer is not None:
                self.rates.append(plain_float(optimizer.learning_rate))
            self.instrument.epoch_end(epoch)
            if self.splits is not None:
                self.splits.epoch_ends()
        with self._own("telling of an epoch"):
            self.told.epoch(epoch, logs, self.rates[-1:], self.so_far)

    def so_far(self) -> core.Fit:
        """The record as it would be if training were broken off now."""
        remarks = list(self.instrument.remarks)  # what it says of all its steps is said at the end
        recorded = {**self.recorded, **self.instrument.series()}
        self.instrument.remarks[:] = remarks
        if self.splits is not None and self._scanning is None:
            recorded |= self.splits.scanned()
        if self.metrics:
            recorded[core.HISTORY] = self._history(
                "interrupted", effort.now().wall - self.begun.wall, recorded.get(core.LOSS)
            )
        return core.Fit(index=self.index, signals=core.Signals(recorded), site=self.site)

    @property
    def _planned(self) -> int:
        first = int(self.arguments.get("initial_epoch") or 0)
        return int(self.arguments.get("epochs") or 1) - first

    def _give_up(self, logs: dict[str, Any]) -> None:
        """End a training that cannot come to anything; only ever where the person asked for it."""
        losses = [*self.metrics.get("loss", ()), plain_float(logs.get("loss"))]
        planned = int(self.arguments.get("epochs") or 1)
        broken = not math.isfinite(losses[-1])
        late = len(losses) >= max(HOPELESS_EPOCHS, planned / 2)
        if broken or (late and not min(losses[1:]) < losses[0]):
            self.model.stop_training = True
            why = "its loss is no number" if broken else "its loss has not fallen"
            self.remarks.append(
                f"The training was ended after epoch {len(losses)} of {planned}, as "
                f"--stop-when-hopeless asks: {why}."
            )

    @contextlib.contextmanager
    def _own(self, what: str) -> Iterator[None]:
        """Our own work while Keras trains: timed, guarded, no trace in the random state."""
        with self.clock.on("own"), guarded(self.remarks, what), kept_random_state():
            yield

    # ---- after training ----------------------------------------------------------------------

    def end(self, stopped: str) -> core.Fit:
        """The whole record of this fit."""
        ended = effort.now()
        seconds, work = ended.wall - self.begun.wall, ended - self.begun
        with guarded(self.remarks, "detaching the monitor"):
            self.instrument.detach()
        training, work = (max(s - self.clock["own"], 0.0) for s in (seconds, work))
        if self._scanning is not None:
            self._scanning.join()
        self._record_series()
        self._record_history(stopped, training)
        with self.clock.on("scan"):
            if self.splits is not None:
                self.recorded.update(self.splits.record(stopped=bool(stopped)))
        with guarded(self.remarks, "reading the set-up"):
            self._record_resolved()
        if not stopped:
            with self.clock.on("answers"):
                self._record_answers(training)
        put_off = [self.splits.put_off] if self.splits is not None and self.splits.put_off else []
        if put_off:
            with guarded(self.remarks, "noting the weights that a fit ended with"):
                self._ended_with = _digest(self.model)
        with self.clock.on("own"), guarded(self.remarks, "keeping the fit for experiments"):
            self._keep(stopped, work)
        return core.Fit(
            index=self.index,
            signals=core.Signals(self.recorded),
            cost=core.Cost(
                training_s=training,
                work_s=work,
                monitor_s=self.clock["own"] + self.clock["answers"] + self.instrument.seconds,
                scan_s=self.clock["scan"],
            ),
            site=self.site,
            remarks=tuple(dict.fromkeys([*self.remarks, *self.instrument.remarks, *put_off])),
        )

    @property
    def waits(self) -> bool:
        """Something is to be read once the script is over."""
        return self.splits is not None and bool(self.splits.put_off or self.splits.may_draw)

    def read_put_off(self, fit: core.Fit) -> core.Fit:
        """The fit with what reading its data once more shows, now that nothing can come of it."""
        if self.splits is None:
            return fit
        read: dict[core.Signal[Any], Any] = {}
        train = fit.signals.recorded.get(core.TRAIN)
        if isinstance(train, core.Split) and self.splits.drawn_anew():
            read[core.TRAIN] = replace(train, draws=True)
        fit = replace(fit, signals=core.Signals({**fit.signals.recorded, **read}))
        return self._with_validation(fit, self.splits) if self.splits.put_off else fit

    def _with_validation(self, fit: core.Fit, splits: Splits) -> core.Fit:
        """The same with validation's part, where the model is as the fit left it."""
        if self._ended_with != _digest(self.model):
            return fit
        said, history = splits.put_off, fit.signals.recorded.get(core.HISTORY)
        before = self.clock["answers"]
        with self.clock.on("answers"):
            self.recorded = {**fit.signals.recorded, **splits.read_put_off()}
            self._record_answers(history.seconds if isinstance(history, core.History) else 0.0)
        return replace(
            fit,
            signals=core.Signals(self.recorded),
            cost=replace(fit.cost, monitor_s=fit.cost.monitor_s + self.clock["answers"] - before),
            remarks=tuple(r for r in fit.remarks if r != said),
        )

    def _keep(self, stopped: str, work: float) -> None:
        shelf, splits = self.options.shelf, self.splits
        if shelf is None or splits is None:
            return
        if stopped:
            shelf.drop(self.index, f"the training was {stopped}")
            return
        history, setup = self.recorded.get(core.HISTORY), self.recorded.get(core.SETUP)
        steps = history.steps if history is not None else 0
        each = setup.steps_per_epoch if setup is not None else None
        planned = history.planned * each if history is not None and each else steps
        names = output_names(self.model)
        forms = {role: splits.form(role, names) or "" for role in ROLES}
        known = {"forms": forms, "steps": steps, "planned": planned}
        shelf.end(self.index, **known, seconds=self._settled_seconds(work))
        for role in ROLES:
            shelf.fill(self.index, role, splits.kept(role))

    def _settled_seconds(self, work: float) -> float:
        """What the training would have taken without what only its first epoch takes.

        Args:
            work: Seconds that it took, without those of other programs.
        """
        between = sorted(b - a for a, b in zip(self.marks, self.marks[1:], strict=False))
        if not between:
            return work
        return min(work, between[len(between) // 2] * len(self.marks))

    def _record_history(self, stopped: str, seconds: float) -> None:
        ran = max(map(len, self.metrics.values()), default=0)
        if not stopped and self.options.cut is not None:
            stopped = "cut by check"
        elif not stopped and ran < self._planned:
            stopped = "early stopping"
        losses = self.recorded.get(core.LOSS)
        self.recorded[core.HISTORY] = self._history(stopped, seconds, losses)

    def _history(self, stopped: str, seconds: float, losses: core.Series | None) -> core.History:
        setup = self.recorded.get(core.SETUP)
        callbacks = setup.callbacks if setup is not None else ()
        kept = any(
            (c.settings.get("restore_best_weights") or c.settings.get("save_best_only"))
            and str(c.settings.get("monitor", "val_")).startswith("val_")
            for c in callbacks
        )
        return core.History(
            metrics={k: tuple(v) for k, v in self.metrics.items()},
            learning_rate=tuple(self.rates),
            planned=self._planned,
            steps=int(losses.steps[-1]) + 1 if losses is not None and len(losses) else 0,
            seconds=seconds,
            stopped=stopped,
            best_restored=kept,
        )

    def _record_series(self) -> None:
        with guarded(self.remarks, "reading the monitor"):
            self.recorded.update({s: v for s, v in self.instrument.series().items() if len(v)})
            origin = self.instrument.origin()
            if origin is not None:
                self.recorded[core.ORIGIN] = origin
            idle = self.instrument.idle()
            if idle is not None:
                self.recorded[core.IDLE] = idle

    def _record_answers(self, training: float) -> None:
        least = ANSWERS_FLOOR_S if self.options.cut is None else ANSWERS_CUT_S
        limit = max(least, ANSWERS_SHARE * training)
        if self.splits is None:
            return
        signals = {"train": core.TRAIN_ANSWERS, "validation": core.VALIDATION_ANSWERS}
        for role in ROLES:
            with guarded(self.remarks, f"the answers on the {role} data"):
                batches = self.splits.batches(role)
                form = self.splits.form(role, output_names(self.model))
                if not batches or form is None:
                    continue
                answers = read_answers(self.model, batches, role=role, form=form, seconds=limit)
                if answers is not None:
                    self.recorded[signals[role]] = answers

    def _record_resolved(self) -> None:
        """What only training shows: Keras's names of losses and metrics, the size of a batch."""
        setup = self.recorded.get(core.SETUP)
        if setup is not None:
            losses, metrics = resolved(self.model)
            self.recorded[core.SETUP] = replace(
                setup,
                losses=losses or setup.losses,
                metrics=metrics or setup.metrics,
                batch_size=self.splits.batch_size if self.splits is not None else setup.batch_size,
            )


def _digest(model: Any) -> bytes:
    """Of the model's variables: equal for equal weights."""
    made = hashlib.blake2b()
    for variable in model.variables:
        made.update(variable.numpy().tobytes())
    return made.digest()
