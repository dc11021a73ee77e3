"""What one monitored step shows, gathered while it runs or is traced."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import keras
import tensorflow as tf

from convalesce.observe.monitor import statistics
from convalesce.observe.monitor.labels import classes_of, label_counts
from convalesce.observe.monitor.layout import Layout
from convalesce.observe.monitor.statistics import FLAT_ENDS, Seen, Tapped, Update

FED_ROWS = 64
FED_BYTES = 2 << 20  # of one batch
# Outside of training they give back what they are given.
DRAWING = (
    keras.layers.Dropout,
    keras.layers.SpatialDropout1D,
    keras.layers.SpatialDropout2D,
    keras.layers.SpatialDropout3D,
    keras.layers.GaussianNoise,
    keras.layers.GaussianDropout,
    keras.layers.AlphaDropout,
)
MOST_CALLS = 16  # of one activation layer that a model uses in several places


class Recorder:
    """Holds the tapped tensors of one step and makes their statistics.

    Attributes:
        layouts: The layout of each trace; a result names its own by its place here.
        remark: Where to say what could not be read.
    """

    def __init__(self, model: Any, remark: Callable[[str], None]) -> None:
        self.layouts: list[Layout] = []
        self.remark = remark
        self._model = model
        self._draws: dict[str, bool] = {}
        self._forget()

    def _forget(self) -> None:
        self._graph = None if tf.executing_eagerly() else tf.compat.v1.get_default_graph()
        self._taps: dict[tuple[int, int], tuple[str, Tapped]] = {}
        self._updates: dict[str, Update] = {}
        self._pending: list[tuple[str, Any, Any, Any]] = []
        self._loss: Any = None
        self._target: Any = None
        self._output: Any = None
        self._penalty: Any = None
        self._rate: Any = None
        self._scale: Any = None

    # ---- what the taps show ------------------------------------------------------------------

    @property
    def idle(self) -> tuple[str, ...]:
        """Dropout and noise layers, where all gave back their inputs in every step traced.

        Where one draws, another that doesn't may be part of a base that is run in inference mode.
        """
        return () if any(self._draws.values()) else tuple(self._draws)

    def layer(self, layer: Any, inputs: Any, output: Any) -> None:
        """Keeps the first output of the first call of a layer; of an activation, of each call."""
        self._safely(self._layer, layer, inputs, output)

    def loss(self, loss: Any) -> None:
        """Keeps the loss, unscaled."""
        if self._loss is None and self._here(loss):
            self._loss = loss

    def target(self, target: Any, sources: Any) -> None:
        """Keeps the first scalar that weights of the model are differentiated by."""
        self._safely(self._differentiated, target, sources)

    def before(self, optimizer: Any, gradients: list[Any], variables: list[Any]) -> None:
        """Keeps gradients, and weights before the update."""
        self._safely(self._before, optimizer, gradients, variables)

    def after(self) -> None:
        """Keeps weights after the update."""
        self._safely(self._after)

    def _safely(self, look: Callable[..., None], *args: Any) -> None:
        try:
            look(*args)
        except Exception as error:  # noqa: BLE001 - our fault must not end the user's training
            self.remark(f"A monitored step could not be read in part: {_short(error)}")

    def _here(self, tensor: Any) -> bool:
        return tf.is_tensor(tensor) and (
            self._graph is None or getattr(tensor, "graph", None) is self._graph
        )

    def _layer(self, layer: Any, inputs: Any, output: Any) -> None:
        if isinstance(layer, DRAWING) and _strength(layer) > 0:
            name = str(layer.name)
            self._draws[name] = self._draws.get(name, False) or output is not inputs
        if layer is self._model:
            self._output = output if self._output is None else self._output
            return
        call = sum(known == id(layer) for known, _ in self._taps)
        if call >= (1 if layer.weights else MOST_CALLS) or not worth_tapping(layer):
            return
        first: Any = next(iter(tf.nest.flatten(output)), None)
        if not isinstance(first, tf.Tensor) or not self._here(first):
            return
        if (
            not hasattr(first, "shape")
            or not first.dtype.is_floating
            or (first.shape.rank or 0) < 2
        ):
            return
        name = getattr(getattr(layer, "activation", None), "__name__", "")
        flat = None if isinstance(layer, keras.layers.RNN) else FLAT_ENDS.get(name)
        tapped = Tapped(first, _channels(layer), flat)
        self._taps[id(layer), call] = (str(getattr(layer, "path", None) or layer.name), tapped)

    def _differentiated(self, target: Any, sources: Any) -> None:
        if self._target is not None or not self._here(target) or target.shape.rank != 0:
            return
        known = {id(v) for v in self._model.trainable_variables}
        if any(id(source) in known for source in tf.nest.flatten(sources)):
            self._target = target

    def _before(self, optimizer: Any, gradients: list[Any], variables: list[Any]) -> None:
        present = [g for g in gradients if g is not None]
        values = [getattr(g, "values", g) for g in present]
        if not all(self._here(g) for g in values):
            self.remark("Gradients are applied inside a branch or loop; they are not monitored.")
            return
        if self._rate is None:
            self._rate = _rate(optimizer)
            self._scale = _loss_scale(optimizer)
            self._penalty = self._penalties()
        for gradient, variable in zip(gradients, variables, strict=False):
            name = str(getattr(variable, "path", variable.name))
            self._pending.append((name, variable, gradient, _value(variable)))

    def _after(self) -> None:
        for name, variable, gradient, old in self._pending:
            new = _value(variable)
            self._updates.setdefault(name, Update(gradient, old, new))
        self._pending.clear()

    def _penalties(self) -> Any:
        losses = [loss for loss in self._model.losses if self._here(loss)]
        return (
            tf.add_n([statistics.single(tf.reduce_sum(loss)) for loss in losses]) if losses else 0.0
        )

    # ---- the step ----------------------------------------------------------------------------

    def begin(self) -> None:
        """Forgets the step before."""
        self._forget()

    def finish(self, data: Any) -> dict[str, Any]:
        """The statistics of this step, its layout's number, and rows of its batch."""
        x, y, weight = keras.utils.unpack_x_y_sample_weight(data)
        inputs, targets = _named(x, "x"), _named(y, "y")
        classes = classes_of(self._model, y, self._output)
        taps = [pair for pair in self._taps.values() if pair[1].output is not None]
        updates = {n: u for n, u in self._updates.items() if u.old.dtype.is_floating}
        layout = Layout(
            inputs=tuple(inputs),
            targets=tuple(targets),
            classes=classes,
            variables=tuple(updates),
            absent=frozenset(n for n, u in updates.items() if u.gradient is None),
            layers=_unique([name for name, _ in taps]),
            scaled=self._scale is not None and hasattr(self._model.optimizer, "dynamic_scale"),
            exact=self._loss is not None or self._target is not None,
        )
        vector = statistics.joined(
            Seen(
                head=self._head(x),
                inputs=list(inputs.values()),
                targets=list(targets.values()),
                labels=label_counts(y, classes) if classes else None,
                updates=list(updates.values()),
                taps=[tapped for _, tapped in taps],
                scale=self._scale,
            )
        )
        if layout not in self.layouts:
            self.layouts.append(layout)
        number = tf.constant(self.layouts.index(layout))
        fed = {"x": _rows(x)}
        if y is not None:
            fed["y"] = _rows(y)
        if weight is not None:
            fed["weight"] = _rows(weight)
        self._forget()
        return {"vector": vector, "layout": number, "fed": fed}

    def _head(self, x: Any) -> list[Any]:
        loss = self._loss
        if loss is None and self._target is not None:
            loss = self._target
        nan = tf.constant(math.nan)
        first = next((t for t in tf.nest.flatten(x) if tf.is_tensor(t)), None)
        examples = nan if first is None else tf.cast(tf.shape(first)[0], tf.float32)
        return [
            nan if loss is None else tf.reduce_mean(statistics.single(loss)),
            nan if self._penalty is None else self._penalty,
            nan if self._rate is None else self._rate,
            examples,
        ]


def worth_tapping(layer: Any) -> bool:
    """Convolutions, dense, activation, normalisation, recurrent, embedding; a user's own leaves."""
    layers = keras.layers
    if isinstance(layer, keras.Model | layers.InputLayer | keras.metrics.Metric):
        return False
    kinds = (layers.Dense, layers.EinsumDense, layers.Embedding, layers.RNN, layers.Bidirectional)
    normal = (layers.BatchNormalization, layers.LayerNormalization, layers.GroupNormalization)
    if isinstance(layer, (*kinds, *normal)):
        return True
    module = type(layer).__module__
    if module.startswith("keras.src.layers."):
        return ".convolutional." in module or ".activations." in module
    return not module.startswith("keras.") and not layer._layers  # noqa: SLF001 - no public list


def _channels(layer: Any) -> int:
    """Axis of a layer's units or channels."""
    axis = getattr(layer, "axis", None)
    if isinstance(layer, keras.layers.BatchNormalization) and isinstance(axis, int):
        return axis
    return 1 if getattr(layer, "data_format", None) == "channels_first" else -1


def _value(variable: Any) -> Any:
    return tf.identity(tf.convert_to_tensor(getattr(variable, "value", variable)))


def _rate(optimizer: Any) -> Any:
    """Learning rate in force; nan for a user's own function, which may count its calls."""
    inner = getattr(optimizer, "inner_optimizer", optimizer)
    rate = inner._learning_rate  # noqa: SLF001 - the property would call a user's function
    schedule = isinstance(rate, keras.optimizers.schedules.LearningRateSchedule)
    if not schedule and not isinstance(rate, keras.Variable):
        return tf.constant(math.nan)
    return tf.cast(tf.convert_to_tensor(inner.learning_rate), tf.float32)


def _loss_scale(optimizer: Any) -> Any:
    """What the loss was multiplied by; None for 1."""
    scale = getattr(optimizer, "loss_scale_factor", None)
    if hasattr(optimizer, "initial_scale"):
        scale = optimizer.dynamic_scale if optimizer.built else optimizer.initial_scale
    return None if scale is None else tf.identity(tf.cast(tf.convert_to_tensor(scale), tf.float32))


def _named(structure: Any, default: str) -> dict[str, Any]:
    """Numeric tensors of a structure by their place in it."""
    if structure is None:
        return {}
    return {
        "/".join(map(str, path)) or default: leaf
        for path, leaf in keras.tree.flatten_with_path(structure)
        if isinstance(leaf, tf.Tensor) and _numeric(leaf.dtype)
    }


def _numeric(dtype: Any) -> bool:
    return bool(dtype.is_floating or dtype.is_integer)


def _rows(structure: Any) -> Any:
    """The first rows of a batch, at most 64 and at most 2 MB."""

    def head(leaf: Any) -> Any:
        if not isinstance(leaf, tf.Tensor) or not leaf.shape.rank:
            return leaf
        size = leaf.dtype.size * math.prod(d or 64 for d in leaf.shape[1:])
        return tf.identity(leaf[: max(1, min(FED_ROWS, FED_BYTES // max(size, 1)))])

    return tf.nest.map_structure(head, structure)


def _unique(names: list[str]) -> tuple[str, ...]:
    seen: dict[str, int] = {}
    found = []
    for name in names:
        seen[name] = seen.get(name, 0) + 1
        found.append(name if seen[name] == 1 else f"{name} ({seen[name]})")
    return tuple(found)


def _strength(layer: Any) -> float:
    """What a layer of dropout or noise draws with; 0 does nothing in any mode."""
    return float(getattr(layer, "rate", 0.0) or getattr(layer, "stddev", 0.0))


def _short(error: BaseException) -> str:
    return f"{type(error).__name__}: {str(error).partition(chr(10))[0][:200]}"
