"""The observation of one fit, from the data handed in to the answers of the trained model."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator
from typing import Any

from convalesce import core
from convalesce.observe.answers import read_answers
from convalesce.observe.arguments import Handed, first_leaf, is_indexable, read_handed
from convalesce.observe.callback import make_callback
from convalesce.observe.guard import Stopwatch, guarded, kept_random_state, plain_float
from convalesce.observe.model import read_model
from convalesce.observe.options import Options
from convalesce.observe.sample import sample_arrays, sample_dataset
from convalesce.observe.setup import read_setup

ANSWERS_SHARE = 0.02  # of the training's time, for the answers of one split
ANSWERS_FLOOR_S = 1.0


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
        self.handed: Handed | None = None
        self.metrics: dict[str, list[float]] = {}
        self.rates: list[float] = []
        self.begun = 0.0
        self._tees: dict[str, Any] = {}
        self._train_scan: Any = None
        self._validation_scan: Any = None

    # ---- before training ---------------------------------------------------------------------

    def begin(self) -> dict[str, Any]:
        """Scan what can be scanned beforehand; the arguments to train with."""
        arguments = dict(self.arguments)
        self.handed = handed = read_handed(arguments)
        self.scan_arrays(handed)
        with guarded(self.remarks, "following the batches"):
            if handed.x is arguments.get("x"):
                arguments["x"] = self._handed_on("train", handed.x)
            self._tee_validation(arguments, handed)
        callbacks = arguments.get("callbacks")
        watching = make_callback(self, self.options.cut)
        if (
            callbacks is not None
            and not isinstance(callbacks, list)
            and hasattr(callbacks, "append")
        ):
            callbacks.append(watching)
        elif callbacks is None or isinstance(callbacks, list | tuple):
            arguments["callbacks"] = [*(callbacks or ()), watching]
        else:
            arguments["callbacks"] = [callbacks, watching]
        if self.options.cut is not None:
            asked = arguments.get("validation_steps")
            arguments["validation_steps"] = min(int(asked), 8) if asked else 8
        self.start_clock()
        return arguments

    def start_clock(self) -> None:
        """Training is about to begin."""
        self.begun = time.perf_counter()

    def scan_arrays(self, handed: Handed) -> None:
        """Scan what can be read without changing what Keras will see."""
        with self.clock.on("scan"), guarded(self.remarks, "the scan of the training data"):
            self._train_scan = self._scan(handed.x, handed.y, handed.sample_weight, "train")
        if handed.validation is not None:
            with self.clock.on("scan"), guarded(self.remarks, "the scan of the validation data"):
                self._validation_scan = self._scan(*handed.validation, "validation")

    def _scan(self, x: Any, y: Any, weight: Any, role: core.Role) -> Any:
        from convalesce.observe.scan import scan

        return scan(x, y, weight, role=role)

    def _handed_on(self, role: core.Role, x: Any) -> Any:
        """What Keras gets: `x` itself, or a proxy that sees the batches pass by."""
        from convalesce.observe.scan import Tee

        if is_indexable(x):
            return x
        tee = Tee(x, role)
        if tee.handed is x:
            return x
        self._tees[role] = tee
        return tee.handed

    def _tee_validation(self, arguments: dict[str, Any], handed: Handed) -> None:
        if handed.validation is None or arguments.get("validation_data") is None:
            return
        x, *rest = handed.validation
        passed = self._handed_on("validation", x)
        if passed is not x:
            given = arguments["validation_data"]
            arguments["validation_data"] = passed if given is x else (passed, *rest)

    # ---- while Keras trains ------------------------------------------------------------------

    def attach(self, model: Any) -> None:
        """From set_model: before Keras makes its train function."""
        with self._own("attaching the monitor"):
            self.instrument.attach(model)

    def train_begins(self) -> None:
        """From on_train_begin: the model is built, no weight has changed yet."""
        handed = self.handed
        with self._own("reading the model"):
            self.recorded[core.MODEL] = read_model(self.model, self._symbolic_inputs())
        with self._own("reading the set-up"):
            self.recorded[core.SETUP] = read_setup(
                self.model,
                self.arguments,
                batch_size=handed.batch_size if handed else None,
                steps_per_epoch=handed.steps if handed else None,
                site=self.site,
            )

    def epoch_ends(self, epoch: int, logs: dict[str, Any]) -> None:
        """From on_epoch_end, with Keras's figures of the epoch."""
        with self._own("reading an epoch"):
            for name, value in logs.items():
                self.metrics.setdefault(name, []).append(plain_float(value))
            optimizer = getattr(self.model, "optimizer", None)
            if optimizer is not None:
                self.rates.append(plain_float(optimizer.learning_rate))
            self.instrument.epoch_end(epoch)

    @contextlib.contextmanager
    def _own(self, what: str) -> Iterator[None]:
        """Our own work while Keras trains: timed, guarded, no trace in the random state."""
        with self.clock.on("own"), guarded(self.remarks, what), kept_random_state():
            yield

    # ---- after training ----------------------------------------------------------------------

    def end(self, stopped: str) -> core.Fit:
        """The whole record of this fit."""
        seconds = time.perf_counter() - self.begun
        with guarded(self.remarks, "detaching the monitor"):
            self.instrument.detach()
        training = max(seconds - self.clock["own"], 0.0)
        self._record_series()
        self._record_history(stopped, training)
        with self.clock.on("scan"):
            self._record_splits()
        if not stopped:
            with self.clock.on("answers"):
                self._record_answers(training)
        return core.Fit(
            index=self.index,
            signals=core.Signals(self.recorded),
            cost=core.Cost(
                training_s=training,
                monitor_s=self.clock["own"] + self.clock["answers"] + self.instrument.seconds,
                scan_s=self.clock["scan"],
            ),
            site=self.site,
            remarks=tuple(dict.fromkeys([*self.remarks, *self.instrument.remarks])),
        )

    def _record_history(self, stopped: str, seconds: float) -> None:
        planned = int(self.arguments.get("epochs") or 1) - int(
            self.arguments.get("initial_epoch") or 0
        )
        ran = max(map(len, self.metrics.values()), default=0)
        if not stopped and self.options.cut is not None:
            stopped = "cut by check"
        elif not stopped and ran < planned:
            stopped = "early stopping"
        setup = self.recorded.get(core.SETUP)
        callbacks = setup.callbacks if setup is not None else ()
        kept = any(
            c.settings.get("restore_best_weights") or c.settings.get("save_best_only")
            for c in callbacks
        )
        losses = self.recorded.get(core.LOSS)
        self.recorded[core.HISTORY] = core.History(
            metrics={k: tuple(v) for k, v in self.metrics.items()},
            learning_rate=tuple(self.rates),
            planned=planned,
            steps=int(losses.steps[-1]) + 1 if losses is not None else 0,
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

    def _record_splits(self) -> None:
        from convalesce.observe.scan import compare, from_batches

        for role, signal in (("train", core.TRAIN), ("validation", core.VALIDATION)):
            with guarded(self.remarks, f"the scan of the {role} data"):
                found = self._scan_of(role)
                if found is not None:
                    self.recorded[signal] = found.split
        with guarded(self.remarks, "the scan of the batches as fed"):
            batches = self.instrument.fed()
            if batches and not (self.handed and is_indexable(self.handed.x)):
                fed = from_batches(batches, role="train", source="other")
                self.recorded[core.FED] = fed.split
                if core.TRAIN not in self.recorded or not self.recorded[core.TRAIN].scanned:
                    self.recorded[core.TRAIN] = fed.split
                    self._train_scan = fed
        with guarded(self.remarks, "the comparison of the splits"):
            train, other = self._scan_of("train"), self._scan_of("validation")
            if train is not None and other is not None and train.split.scanned:
                self.recorded[core.ACROSS] = compare(train, other)

    def _scan_of(self, role: str) -> Any:
        if role in self._tees:
            return self._tees[role].scan()
        return self._train_scan if role == "train" else self._validation_scan

    def _record_answers(self, training: float) -> None:
        limit = max(ANSWERS_FLOOR_S, ANSWERS_SHARE * training)
        handed = self.handed
        if handed is None:
            return
        parts: list[tuple[core.Role, Any, Any, Any]] = [
            ("train", core.TRAIN_ANSWERS, (handed.x, handed.y), core.TRAIN)
        ]
        if handed.validation is not None:
            data = handed.validation[:2]
            parts.append(("validation", core.VALIDATION_ANSWERS, data, core.VALIDATION))
        for role, signal, (x, y), split in parts:
            with guarded(self.remarks, f"the answers on the {role} data"):
                batches = self._batches(role, x, y)
                facts = self.recorded.get(split) or self.recorded.get(core.TRAIN)
                if not batches or facts is None or not facts.targets:
                    continue
                answers = read_answers(
                    self.model, batches, role=role, form=facts.targets[0].form, seconds=limit
                )
                if answers is not None:
                    self.recorded[signal] = answers

    def _batches(self, role: str, x: Any, y: Any) -> list[Any]:
        if is_indexable(x):
            return sample_arrays(x, y)
        if role in self._tees:
            return [(bx, by, None) for bx, by, *_ in self._tees[role].kept]
        if role == "train":
            return [(bx, by, None) for bx, by, *_ in self.instrument.fed()]
        return sample_dataset(x, self.remarks)

    # ---- hold-out data -----------------------------------------------------------------------

    def has_seen(self, x: Any) -> bool:
        """`x` is what this fit trained or validated on."""
        handed = self.handed
        if handed is None:
            return False
        known = [handed.x, self.arguments.get("x")]
        known += [handed.validation[0]] if handed.validation else []
        leaf = first_leaf(x)
        return any(x is k or leaf is first_leaf(k) or _same(leaf, first_leaf(k)) for k in known)

    def hold_out(self, x: Any, y: Any, weight: Any) -> tuple[Any, Any]:
        """A hold-out split and how it stands against training."""
        from convalesce.observe.scan import compare

        scanned = self._scan(x, y, weight, "held_out")
        train = self._scan_of("train")
        comparable = train is not None and train.split.scanned
        return scanned.split, compare(train, scanned) if comparable else None

    def _symbolic_inputs(self) -> Any:
        """The model's inputs as symbolic tensors, from what is handed to it."""
        import keras

        x = self.handed.x if self.handed else None
        tee = self._tees.get("train")
        if is_indexable(x):
            structure = x
        elif (spec := getattr(x, "element_spec", None)) is not None:
            structure = spec[0] if isinstance(spec, tuple) else spec
            return keras.tree.map_structure(
                lambda s: keras.KerasTensor((None, *tuple(s.shape)[1:]), s.dtype.name), structure
            )
        elif tee is not None and tee.kept:
            structure = tee.kept[0][0]
        else:
            return None
        return keras.tree.map_structure(
            lambda a: keras.KerasTensor((None, *a.shape[1:]), _dtype(a)), structure
        )


def _same(a: Any, b: Any) -> bool:
    """Views of the same memory."""
    import numpy as np

    both = isinstance(a, np.ndarray) and isinstance(b, np.ndarray)
    return both and np.may_share_memory(a, b)


def _dtype(array: Any) -> str:
    return str(getattr(array.dtype, "name", array.dtype))
