"""Observes each fit of a script: joins the scan, the readings, the monitor and the answers."""

from __future__ import annotations

import threading
import weakref
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from convalesce import core
from convalesce.observe.arguments import by_name, is_indexable, unpack
from convalesce.observe.guard import guarded, kept_random_state, plain_float
from convalesce.observe.options import Options
from convalesce.observe.watch import Watch

WAITING = 2  # fits whose validation data are read once the script is over: the last ones


class Course:
    """Everything observed of one script, in order.

    The hooks call `fit` and `evaluate` in place of Keras's own; both always call the original.
    """

    def __init__(self, options: Options | None = None) -> None:
        self.options = options or Options()
        self.fits: list[core.Fit] = []
        self.remarks: list[str] = []
        self._within = threading.local()
        self._last: Watch | None = None
        self._waiting: list[Watch] = []
        self._trained: weakref.WeakKeyDictionary[Any, int] = weakref.WeakKeyDictionary()

    def fit(
        self,
        original: Callable[..., Any],
        model: Any,
        args: tuple[Any, ...],
        kwargs: Mapping[str, Any],
        site: core.Site | None,
    ) -> Any:
        """Train as asked, watched; the arguments reach Keras with one callback more."""
        arguments = by_name(original, args, kwargs)
        if self.inside or not arguments:
            return original(model, *args, **kwargs)
        watch = Watch(self.options, model, arguments, site, index=len(self.fits))
        self._within.depth = 1
        stopped = ""
        try:
            with guarded(self.remarks, "preparing the observation of a fit"), kept_random_state():
                arguments = watch.begin()
            return original(model, **arguments)
        except KeyboardInterrupt:
            stopped = "interrupted"
            raise
        except BaseException:
            stopped = "crashed"
            raise
        finally:
            try:
                with guarded(self.remarks, "ending the observation of a fit"), kept_random_state():
                    before = self._trained.get(model)
                    seen = replace(watch.end(stopped), continues=before)
                    self.fits.append(seen)
                    self._trained[model] = len(self.fits) - 1
                    if watch.waits and not stopped:
                        self._waiting = [*self._waiting, watch][-WAITING:]
                    watch.told.ends(seen, stopped)
            finally:
                self._within.depth = 0
                self._last = watch

    def evaluate(
        self,
        original: Callable[..., Any],
        model: Any,
        args: tuple[Any, ...],
        kwargs: Mapping[str, Any],
    ) -> Any:
        """Evaluate as asked; data that the last fit did not see are noted as a hold-out."""
        result = original(model, *args, **kwargs)
        last = self._last
        if self.inside or last is None or last.model is not model or not self.fits:
            return result
        with guarded(self.remarks, "reading an evaluation"), kept_random_state():
            arguments = by_name(original, args, kwargs)
            data = (arguments.get("x"), arguments.get("y"), arguments.get("sample_weight"))
            x, y, weight = unpack(data) or data
            if x is None or last.splits is None or last.splits.include(x):
                return result
            metrics = {k: plain_float(v) for k, v in model.get_metrics_result().items()}
            found = last.splits.hold_out(x, y, weight) if is_indexable(x) else (None, None)
            if found is None:
                return result
            split, across = found
            call = core.Evaluation(metrics=metrics, split=split, across=across)
            self.fits[-1] = _with_evaluation(self.fits[-1], call)
        return result

    def read_put_off(self) -> None:
        """Once the script is over: read what could not be read without changing what it sees."""
        for watch in self._waiting:
            with guarded(self.remarks, "reading data once more"), kept_random_state():
                self.fits[watch.index] = watch.read_put_off(self.fits[watch.index])
        self._waiting = []

    @property
    def inside(self) -> bool:
        """This thread is inside a watched fit."""
        return bool(getattr(self._within, "depth", 0))


def _with_evaluation(fit: core.Fit, call: core.Evaluation) -> core.Fit:
    recorded = dict(fit.signals.recorded)
    before = recorded.get(core.EVALUATIONS, core.Evaluations())
    recorded[core.EVALUATIONS] = core.Evaluations(calls=(*before.calls, call))
    return replace(fit, signals=core.Signals(recorded))
