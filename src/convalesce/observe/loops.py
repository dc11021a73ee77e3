"""Hand-written training loops, seen in part: `train_on_batch`, and gradients given to an optimizer.

No callback runs in such a loop. What can be seen without changing it is the loss that
`train_on_batch` returns with its first batches, and the gradients of an eager `optimizer.apply`;
inside a `tf.function` only that it trains, and how often.
"""

from __future__ import annotations

import time
import weakref
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from convalesce import core
from convalesce.observe import sites
from convalesce.observe.arguments import by_name
from convalesce.observe.guard import guarded, kept_random_state, plain_float
from convalesce.observe.model import read_model
from convalesce.observe.options import Options
from convalesce.observe.setup import read_optimizer, read_setup

DENSE_STEPS = 20  # of an eager loop, all looked at; then every k-th
EVERY = 50
KEPT_BATCHES = 16
KEPT_BYTES = 32 << 20
TURNS = 3  # changes from one model to another that make a loop one of several models in turn

ON_BATCH = "train_on_batch"
TAPE = "GradientTape"


@dataclass(eq=False)
class Loop:
    """One hand-written loop: the updates of one model, or by one optimizer."""

    kind: str
    site: core.Site | None
    steps: int = 0
    turns: int = 0
    seconds: float = 0.0
    own_seconds: float = 0.0
    traced: bool = False
    start: int = 0
    optimizer: Callable[[], Any] = lambda: None
    facts: dict[core.Signal[Any], Any] = field(default_factory=dict)
    losses: list[float] = field(default_factory=list)
    rows: dict[core.Signal[Any], list[tuple[int, list[float]]]] = field(default_factory=dict)
    names: tuple[str, ...] = ()
    batches: list[tuple[Any, Any, Any]] = field(default_factory=list)
    kept_bytes: int = 0
    remarks: list[str] = field(default_factory=list)


class Loops:
    """The hand-written loops of one script; the hooks call `train_on_batch` and `apply`."""

    def __init__(self, options: Options) -> None:
        self.remarks: list[str] = []
        self._every = EVERY if options.every is None else options.every
        self._cut = options.cut is not None
        self._loops: dict[int, tuple[Callable[[], Any], Loop]] = {}
        self._order: list[Loop] = []
        self._last: Loop | None = None

    # ---- called by the hooks ------------------------------------------------------------------

    def train_on_batch(
        self,
        original: Callable[..., Any],
        model: Any,
        args: tuple[Any, ...],
        kwargs: Mapping[str, Any],
        site: core.Site | None,
    ) -> Any:
        """One update by Keras's own step: its loss and, of the first, its batch are kept."""
        loop = self._loop(model, ON_BATCH, site)
        data = by_name(original, args, kwargs) if loop.steps < KEPT_BATCHES else {}
        built = bool(getattr(model, "built", False))
        if loop.steps == 0 and built:
            self._read(loop, model, data)
        begun = time.perf_counter()
        result = original(model, *args, **kwargs)
        loop.seconds += time.perf_counter() - begun
        if loop.steps == 0 and not built:
            self._read(loop, model, data)
        with guarded(loop.remarks, "reading a batch of a hand-written loop"):
            loop.losses.append(_loss_of(result))
            if data:
                _keep(loop, (data.get("x"), data.get("y"), data.get("sample_weight")))
        loop.steps += 1
        return result

    def apply(
        self, original: Callable[..., Any], optimizer: Any, gradients: Any, variables: Any
    ) -> Any:
        """One update by an optimizer that the script handed gradients to."""
        begun = time.perf_counter()
        loop = self._loop(optimizer, TAPE, None)
        measured: Measured | None = None
        with guarded(loop.remarks, "reading the gradients of a hand-written loop"):
            gradients = list(gradients)
            given = optimizer._trainable_variables if variables is None else list(variables)  # noqa: SLF001 - what Keras itself takes then
            variables = given if variables is not None else None
            if loop.steps == 0:
                loop.site = sites.calling_site()
                self._read_tape(loop, optimizer, given)
            if _is_eager(gradients) and self._looks(loop.steps):
                measured = Measured(gradients, given)
        loop.own_seconds += time.perf_counter() - begun
        result = original(optimizer, gradients, variables)
        if measured is not None:
            begun = time.perf_counter()
            with guarded(loop.remarks, "reading the weights of a hand-written loop"):
                measured.write(loop)
            loop.own_seconds += time.perf_counter() - begun
        loop.steps += 1
        return result

    # ---- at the end ---------------------------------------------------------------------------

    def fits(self, first: int) -> list[core.Fit]:
        """What was seen, one `Fit` a loop, numbered from `first`."""
        in_turn = [loop for loop in self._order if loop.turns > TURNS]
        seen = [loop for loop in self._order if loop.steps]
        if len(in_turn) > 1:
            self.remarks.append(
                f"{len(in_turn)} models are trained in turn by hand-written loops, as in "
                "adversarial training: what is right for one of them cannot be judged alone, so "
                "only their losses and gradients are shown."
            )
            for loop in in_turn:
                loop.facts.clear()
                loop.batches.clear()
        return [self._fit(loop, first + i) for i, loop in enumerate(seen)]

    def _fit(self, loop: Loop, index: int) -> core.Fit:
        recorded = dict(loop.facts)
        if loop.losses:
            recorded[core.LOSS] = _series(enumerate(loop.losses), ())
        for signal, rows in loop.rows.items():
            recorded[signal] = _series(rows, loop.names)
        if loop.batches:
            with guarded(loop.remarks, "the scan of the batches of a hand-written loop"):
                recorded |= _scanned(loop)
        return core.Fit(
            index=index,
            signals=core.Signals(recorded),
            cost=core.Cost(training_s=loop.seconds, monitor_s=loop.own_seconds),
            site=loop.site,
            remarks=(_covered(loop, cut=self._cut), *dict.fromkeys(loop.remarks)),
        )

    # ---- inside -------------------------------------------------------------------------------

    def _looks(self, step: int) -> bool:
        return self._every > 0 and (step < DENSE_STEPS or step % self._every == 0)

    def _loop(self, owner: Any, kind: str, site: core.Site | None) -> Loop:
        known = self._loops.get(id(owner))
        if known is None or known[0]() is not owner:
            loop = Loop(kind, site, optimizer=_reference(owner))
            known = self._loops[id(owner)] = (loop.optimizer, loop)
            self._order.append(loop)
        loop = known[1]
        if loop is not self._last:
            loop.turns += 1
            self._last = loop
        return loop

    def _read(self, loop: Loop, model: Any, data: Mapping[str, Any]) -> None:
        """Model and set-up of a `train_on_batch` loop."""
        begun = time.perf_counter()
        what = "reading the model of a hand-written loop"
        with guarded(loop.remarks, what), kept_random_state():
            loop.facts[core.MODEL] = read_model(model, _symbolic(data.get("x")))
        with guarded(loop.remarks, "reading the set-up of a hand-written loop"):
            setup = read_setup(
                model, {}, batch_size=_rows(data.get("x")), steps_per_epoch=None, site=loop.site
            )
            loop.facts[core.SETUP] = replace(setup, partial=ON_BATCH, shuffle=None)
        loop.own_seconds += time.perf_counter() - begun

    def _read_tape(self, loop: Loop, optimizer: Any, variables: Sequence[Any]) -> None:
        """Model and set-up of a loop of its own, before its first update."""
        import tensorflow as tf

        with tf.init_scope(), kept_random_state():
            loop.start = int(plain_float(optimizer.iterations.numpy()))
            loop.facts[core.SETUP] = core.Setup(
                losses=(), optimizer=read_optimizer(optimizer, None), partial=TAPE
            )
            model = _model_of(variables)
            if model is not None:
                loop.facts[core.MODEL] = read_model(model)
        loop.traced = tf.inside_function()


class Measured:
    """Gradients of one eager update, and the weights before it."""

    def __init__(self, gradients: Sequence[Any], variables: Sequence[Any]) -> None:
        pairs = [(g, v) for g, v in zip(gradients, variables, strict=False) if g is not None]
        self.names = tuple(str(getattr(v, "path", v.name)) for _, v in pairs)
        self.variables = [v for _, v in pairs]
        dense = [_numpy(g) for g, _ in pairs]
        self.norms = [float(np.linalg.norm(g)) for g in dense]
        self.largest = [float(np.max(np.abs(g), initial=0.0)) for g in dense]
        self.nonfinite = [float(g.size - np.isfinite(g).sum()) for g in dense]
        self.before = [_numpy(v) for v in self.variables]

    def write(self, loop: Loop) -> None:
        """Add one row to each series."""
        if loop.names and loop.names != self.names:
            return  # another set of variables; the columns are those of the first
        loop.names = self.names
        after = [_numpy(v) for v in self.variables]
        weights = [float(np.linalg.norm(b)) for b in self.before]
        moved = [float(np.linalg.norm(a - b)) for a, b in zip(after, self.before, strict=True)]
        ratios = [m / w if w else np.nan for m, w in zip(moved, weights, strict=True)]
        for signal, row in (
            (core.GRADIENT_NORM, self.norms),
            (core.GRADIENT_MAX, self.largest),
            (core.GRADIENT_NONFINITE, self.nonfinite),
            (core.WEIGHT_NORM, weights),
            (core.UPDATE_RATIO, ratios),
        ):
            loop.rows.setdefault(signal, []).append((loop.steps, row))


def _covered(loop: Loop, *, cut: bool) -> str:
    """What of this loop was seen and what was not."""
    whole = " It ran to its end: only fit can be cut short." if cut else ""
    if loop.kind == ON_BATCH:
        return (
            f"A loop of {loop.steps} calls of train_on_batch is covered in part: seen are the "
            f"loss of each batch, the model, the set-up and the first {KEPT_BATCHES} batches; not "
            f"seen are epochs, validation, gradients and activations.{whole}"
        )
    if loop.traced:
        count = "an unknown number of"
        optimizer = loop.optimizer()
        if optimizer is not None:
            count = str(int(plain_float(optimizer.iterations.numpy())) - loop.start)
        return (
            f"A hand-written loop of {count} updates inside a tf.function is covered in part: seen "
            "are the model and the optimizer; not seen are data, losses and gradients. "
            f"Model.fit with a train_step of your own is covered in full.{whole}"
        )
    return (
        f"A hand-written loop of {loop.steps} updates is covered in part: seen are the model, the "
        "optimizer and the gradients; not seen are data, losses and activations. Model.fit with "
        f"a train_step of your own is covered in full.{whole}"
    )


def _scanned(loop: Loop) -> dict[core.Signal[Any], Any]:
    from convalesce.observe.scan import from_batches

    found = from_batches(loop.batches, role="train", source="other")
    return {core.TRAIN: found.split, core.FED: found.split}


def _series(rows: Any, names: tuple[str, ...]) -> core.Series:
    listed = list(rows)
    values = np.array([row for _, row in listed], np.float64)
    return core.Series(np.array([step for step, _ in listed], np.int64), values, names)


def _loss_of(result: Any) -> float:
    if isinstance(result, Mapping):
        return plain_float(result.get("loss"))
    return plain_float(result[0] if isinstance(result, list | tuple) else result)


def _keep(loop: Loop, batch: tuple[Any, Any, Any]) -> None:
    """A copy of an early batch: the script may fill the same array again."""
    import keras

    copied = keras.tree.map_structure(lambda a: None if a is None else np.asarray(a).copy(), batch)
    size = sum(a.nbytes for a in keras.tree.flatten(copied) if a is not None)
    if loop.kept_bytes + size <= KEPT_BYTES:
        loop.kept_bytes += size
        loop.batches.append(copied)


def _rows(x: Any) -> int | None:
    import keras

    leaves = [a for a in keras.tree.flatten(x) if a is not None]
    shape: Sequence[Any] = getattr(leaves[0], "shape", ()) if leaves else ()
    return int(shape[0]) if len(shape) else None


def _symbolic(x: Any) -> Any:
    """The model's inputs as symbolic tensors; None where `x` holds no arrays."""
    import keras

    if x is None or not all(hasattr(a, "shape") for a in keras.tree.flatten(x)):
        return None
    return keras.tree.map_structure(
        lambda a: keras.KerasTensor((None, *a.shape[1:]), str(getattr(a.dtype, "name", a.dtype))), x
    )


def _model_of(variables: Sequence[Any]) -> Any:
    """The smallest model that holds all these variables."""
    import keras

    wanted = {id(v) for v in variables}
    models = [
        (len(held), i, m)
        for i, m in enumerate(o for o in sites.noted_objects() if isinstance(o, keras.Model))
        if getattr(m, "built", False) and (held := {id(v) for v in m.variables}) >= wanted
    ]
    return min(models)[2] if models else None


def _is_eager(gradients: Sequence[Any]) -> bool:
    import tensorflow as tf

    return tf.executing_eagerly() and any(g is not None for g in gradients)


def _numpy(value: Any) -> Any:
    import tensorflow as tf

    return np.asarray(tf.convert_to_tensor(value)).astype(np.float64)


def _reference(obj: Any) -> Callable[[], Any]:
    try:
        return weakref.ref(obj)
    except TypeError:
        return lambda: obj
