"""The order in which a subclassed model calls its layers, found by one symbolic call."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from typing import Any

_lock = threading.RLock()


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """One call of a layer, shapes without the batch axis.

    Attributes:
        operands: Number of tensors that came in.
        output: Place among the outputs of the model of what came out; None where it is none.
    """

    layer: Any
    input_shape: tuple[int | None, ...] = ()
    output_shape: tuple[int | None, ...] = ()
    connects: tuple[str, ...] = ()
    operands: int = 1
    output: int | None = None


def symbolic_calls(model: Any, inputs: Any) -> tuple[list[Call], list[tuple[str, Any]]]:
    """Calls of leaf layers in order (one that is called again is listed once), and the outputs.

    Outputs come in Keras's order, each with its name: its key, or empty where there is none.

    The call is symbolic: no numbers flow, no variable changes, no random number is drawn.

    Args:
        model: A built model.
        inputs: Symbolic tensors (`keras.KerasTensor`), in the structure that the model takes.
    """
    import keras

    calls, outputs = _trace(model, inputs)
    flat = list(keras.tree.flatten(outputs))
    keyed = isinstance(outputs, dict) and len(outputs) == len(flat)
    names = map(str, sorted(outputs)) if keyed else ("" for _ in flat)
    return calls, list(zip(names, flat, strict=True))


def _trace(model: Any, inputs: Any) -> tuple[list[Call], Any]:
    import keras
    from keras.src import backend
    from keras.src.layers.layer import Layer

    original = Layer.__call__
    thread = threading.get_ident()
    tracing = _Tracing()

    def call(self: Any, *args: Any, **kwargs: Any) -> Any:
        if threading.get_ident() != thread:
            return original(self, *args, **kwargs)
        if tracing.depth:
            tracing.holders.add(id(tracing.depth[-1]))
        tracing.depth.append(self)
        try:
            out = original(self, *args, **kwargs)
        finally:
            tracing.depth.pop()
        tracing.seen.append(
            (self, _tensors(keras, (args, kwargs)), _tensors(keras, out), bool(tracing.depth))
        )
        return out

    with _lock:
        Layer.__call__ = call
        try:
            outputs = backend.compute_output_spec(
                lambda x: tracing.end(model(x, training=False)), inputs
            )
        finally:
            Layer.__call__ = original
    return tracing.calls, outputs


class _Tracing:
    """What one symbolic call shows while its graph is alive."""

    def __init__(self) -> None:
        self.depth: list[Any] = []
        self.holders: set[int] = set()
        self.seen: list[tuple[Any, list[Any], list[Any], bool]] = []
        self.calls: list[Call] = []

    def end(self, outputs: Any) -> Any:
        """Read the calls before the graph goes; hands `outputs` on."""
        import keras

        finals = _tensors(keras, outputs)
        places = {id(t): place for place, t in enumerate(finals)}
        # A model that is built by a call calls its layers twice, and the last ones are handed on.
        ends = {
            id(layer): places[id(t)]
            for layer, _, out, _ in self.seen
            for t in out
            if id(t) in places
        }
        producer: dict[int, str] = {}
        done: set[int] = set()
        for layer, flat_in, flat_out, within in self.seen:
            if not within or (id(layer) in self.holders and not _is_wrapper(layer)):
                continue
            names = tuple(n for t in flat_in for n in self._upstream(t, producer))
            producer.update({id(t): layer.name for t in flat_out})
            if id(layer) in done:
                continue
            done.add(id(layer))
            self.calls.append(
                Call(
                    layer=layer,
                    input_shape=shape_of(flat_in[0]) if flat_in else (),
                    output_shape=shape_of(flat_out[0]) if flat_out else (),
                    connects=tuple(dict.fromkeys(names)),
                    operands=len(flat_in),
                    output=ends.get(id(layer)),
                )
            )
        for tensor in finals:
            if id(tensor) not in producer:
                self._upstream(tensor, producer, output=places[id(tensor)])
        return outputs

    def _upstream(
        self, tensor: Any, producer: dict[int, str], *, output: int | None = None
    ) -> tuple[str, ...]:
        """Names of what feeds a tensor; plain operations on the way become calls of their own."""
        if id(tensor) in producer:
            return (producer[id(tensor)],)
        operation = getattr(tensor, "op", None)
        if operation is None or len(producer) > MOST_OPERATIONS:
            return ()
        kind = OPERATIONS.get(operation.type, "")
        names = tuple(
            dict.fromkeys(n for t in operation.inputs for n in self._upstream(t, producer))
        )
        merges = operation.type in MERGES and len(names) > 1
        if not names or not (kind or merges):
            return names
        plain = Operation(kind or operation.type, f"{operation.type.lower()}_{len(producer)}")
        producer[id(tensor)] = plain.name
        shape = shape_of(tensor)
        self.calls.append(
            Call(
                layer=plain,
                input_shape=shape,
                output_shape=shape,
                connects=names,
                operands=len(names),
                output=output,
            )
        )
        return (plain.name,)


@dataclass(frozen=True, slots=True)
class Operation:
    """A plain operation between layers that matters to what a model can learn."""

    kind: str
    name: str

    @property
    def activation(self) -> str | None:
        """Name of the function, None where it merges branches."""
        return None if self.kind in MERGES | {"stop_gradient"} else self.kind


MOST_OPERATIONS = 20_000
MERGES = {"AddV2", "Add", "ConcatV2", "AddN"}
OPERATIONS = {
    "Relu": "relu",
    "Relu6": "relu6",
    "LeakyRelu": "leaky_relu",
    "Elu": "elu",
    "Selu": "selu",
    "Tanh": "tanh",
    "Sigmoid": "sigmoid",
    "Softmax": "softmax",
    "Softplus": "softplus",
    "Softsign": "softsign",
    "Erf": "gelu",
    "Exp": "exponential",
    "Maximum": "maximum",
    "Abs": "abs",
    "Sin": "sin",
    "StopGradient": "stop_gradient",
}


def _tensors(keras: Any, structure: Any) -> list[Any]:
    return [t for t in keras.tree.flatten(structure) if hasattr(t, "shape")]


def _is_wrapper(layer: Any) -> bool:
    """Keras's own layers that hold another one (Bidirectional, RNN) count as one layer."""
    import keras

    own = type(layer).__module__.startswith("keras.")
    return own and not isinstance(layer, keras.Model)


def shape_of(tensor: Any) -> tuple[int | None, ...]:
    """Shape of a symbolic tensor without its batch axis."""
    return tuple(None if d is None else int(d) for d in tuple(tensor.shape)[1:])
