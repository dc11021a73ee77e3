"""Reads a Keras model: layers in the order of calls, shapes, weights at the start, outputs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from convalesce import core
from convalesce.observe import layers as reading
from convalesce.observe.calls import Call, shape_of, symbolic_calls
from convalesce.observe.guard import unheard


def read_model(model: Any, inputs: Any = None) -> core.Model:
    """The model as it stands, built.

    Args:
        model: A built `keras.Model`.
        inputs: Symbolic tensors in the structure that the model takes; without them the layers
            of a subclassed model are listed in the order in which they were made, shapes unknown.
    """
    style = _style(model)
    calls, ends = _calls(model, style, inputs)
    layers = tuple(_layer(call, model) for call in calls)
    layers = _with_receptive_fields(layers)
    return core.Model(
        name=str(getattr(model, "name", "")),
        style=style,
        layers=layers,
        outputs=_outputs(model, style, calls, ends),
        input_shapes=_input_shapes(model, calls),
        parameters=sum(int(np.prod(w.shape)) for w in model.weights),
        trainable_parameters=sum(int(np.prod(w.shape)) for w in model.trainable_weights),
        skips=sum(call.operands > 1 for call in calls),
        weights_loaded=any(reading.as_initialized(call.layer) is False for call in calls),
    )


def first_kinds(model: Any) -> list[str] | None:
    """Class name of the layer that reads each input; None where the model does not tell."""
    functional = getattr(model, "_functional", None) or model
    inputs = getattr(functional, "inputs", None)
    if not isinstance(inputs, list) or not inputs:
        return None
    readers: dict[int, str] = {}
    for operation in getattr(functional, "operations", None) or ():
        for node in getattr(operation, "_inbound_nodes", ()):
            for tensor in node.input_tensors:
                readers.setdefault(id(tensor), type(operation).__name__)
    return [readers.get(id(tensor), "") for tensor in inputs]


def _style(model: Any) -> Any:
    import keras

    if isinstance(model, keras.Sequential):
        return "sequential"
    if type(model).__name__ == "Functional" or getattr(model, "_is_graph_network", False):
        return "functional"
    from keras.src.models.functional import Functional

    plain_call = type(model).call is Functional.call if isinstance(model, Functional) else False
    return "functional" if plain_call else "subclassed"


def _calls(model: Any, style: str, inputs: Any) -> tuple[list[Call], list[tuple[str, Any]]]:
    if style != "subclassed" and not any(map(_is_composite, model.layers)):
        return list(_static_calls(model)), []
    if style != "subclassed" and inputs is None:
        inputs = model._inputs_struct if hasattr(model, "_inputs_struct") else model.inputs  # noqa: SLF001
    if inputs is None:
        leaves = [x for x in model._flatten_layers(include_self=False) if not x._layers]  # noqa: SLF001
        return [Call(layer=leaf) for leaf in leaves], []
    with unheard():
        return symbolic_calls(model, inputs)


def _is_composite(layer: Any) -> bool:
    """A layer of the user's own, or a subclassed model, that holds further layers."""
    import keras

    if isinstance(layer, keras.Sequential):
        return any(map(_is_composite, layer.layers))
    if isinstance(layer, keras.Model):
        return _style(layer) == "subclassed" or any(map(_is_composite, layer.layers))
    own = not type(layer).__module__.startswith("keras.")
    return own and bool(getattr(layer, "_layers", ()))


def _static_calls(model: Any) -> Iterator[Call]:
    """Calls read off the graph of a Sequential or Functional model, nested ones opened."""
    import keras

    functional = getattr(model, "_functional", None) or model
    for layer in getattr(functional, "operations", None) or model.layers:
        if isinstance(layer, keras.Model):
            yield from _static_calls(layer)
        elif not isinstance(layer, keras.layers.InputLayer):
            yield _static_call(layer, functional)


def _static_call(layer: Any, functional: Any) -> Call:
    known = {id(n) for nodes in getattr(functional, "_nodes_by_depth", {}).values() for n in nodes}
    nodes = [n for n in getattr(layer, "_inbound_nodes", ()) if id(n) in known]
    nodes = nodes or list(getattr(layer, "_inbound_nodes", ()))
    if not nodes:
        return Call(layer=layer)
    inputs = nodes[0].input_tensors
    outputs = nodes[0].output_tensors
    return Call(
        layer=layer,
        input_shape=shape_of(inputs[0]) if inputs else (),
        output_shape=shape_of(outputs[0]) if outputs else (),
        connects=tuple(
            p.operation.name for p in nodes[0].parent_nodes if getattr(p, "operation", None)
        ),
        operands=len(inputs),
    )


def _layer(call: Call, model: Any) -> core.Layer:
    layer = call.layer
    facts = reading.read_layer(layer)
    return replace(
        facts,
        input_shape=call.input_shape,
        output_shape=call.output_shape,
        connects=call.connects,
        trainable_parameters=facts.trainable_parameters if model.trainable else 0,
    )


def _with_receptive_fields(layers: tuple[core.Layer, ...]) -> tuple[core.Layer, ...]:
    """Receptive field and jump, propagated along the connections (or the order of calls)."""
    seen: dict[str, tuple[float, float] | None] = {}
    previous: tuple[float, float] | None = (1.0, 1.0)
    out = []
    for layer in layers:
        feeding = [seen[name] for name in layer.connects if name in seen]
        if layer.connects and not feeding:
            feeding = [(1.0, 1.0)]
        if not layer.connects:
            feeding = [previous]
        start = None if None in feeding else max((f for f in feeding if f), key=lambda f: f[0])
        field = _field(layer, start)
        seen[layer.name] = previous = field
        out.append(replace(layer, receptive_field=round(field[0]) if field else None))
    return tuple(out)


def _field(layer: core.Layer, start: tuple[float, float] | None) -> tuple[float, float] | None:
    """(field, jump) after a layer; Araujo, Norris and Sim, Distill 2019, equations 1 and 2."""
    if start is None or layer.kind in {"Flatten", "Dense"} or layer.kind.startswith("Global"):
        return None
    size, jump = start
    if layer.kind.startswith("UpSampling"):
        return size, jump / max(float(layer.settings.get("size_0", 2.0)), 1.0)
    if not layer.kernel_size:
        return start
    kernel, dilation = max(layer.kernel_size), max(layer.dilation or (1,))
    stride = max(layer.strides or (1,))
    if layer.kind.endswith("Transpose"):
        return size + (kernel - 1) * jump / stride, jump / stride
    return size + (kernel - 1) * dilation * jump, jump * stride


# Layers that pass values on without changing what they mean.
TRANSPARENT = {"Dropout", "Flatten", "Reshape", "Identity", "Permute", "Cropping2D", "Rescaling"}


def _outputs(
    model: Any, style: str, calls: list[Call], ends: list[tuple[str, Any]]
) -> tuple[core.Output, ...]:
    outputs = getattr(model, "outputs", None) or []
    names = list(getattr(model, "output_names", None) or [])
    if style != "subclassed" and outputs:
        return tuple(
            _graph_output(tensor, names[i] if i < len(names) else f"output_{i}")
            for i, tensor in enumerate(outputs)
        )
    last = {c.output: c for c in calls if c.output is not None}
    if last:
        return tuple(
            core.Output(
                name=(ends[place][0] if place < len(ends) else "") or call.layer.name,
                layer=call.layer.name,
                shape=call.output_shape,
                width=_width(call.output_shape),
                activation=reading.activation_of(call.layer) or "linear",
            )
            for place, call in sorted(last.items())
        )
    return tuple(
        core.Output(
            name=name or f"output_{i}",
            layer="",
            shape=shape_of(t),
            width=_width(shape_of(t)),
            activation=None,
        )
        for i, (name, t) in enumerate(ends)
    )


def _width(shape: tuple[int | None, ...]) -> int:
    return int(shape[-1] or 0) if shape else 1


def _graph_output(tensor: Any, name: str) -> core.Output:
    shape = shape_of(tensor)
    operation, activation = getattr(tensor, "_keras_history").operation, None  # noqa: B009
    current = tensor
    for _ in range(64):
        history = getattr(current, "_keras_history", None)
        if history is None:
            break
        layer = history.operation
        inner = getattr(layer, "outputs", None)
        if inner and hasattr(layer, "layers"):  # a nested model: go inside
            current = inner[history.tensor_index]
            continue
        activation = reading.activation_of(layer)
        nodes = getattr(layer, "_inbound_nodes", ())
        node = nodes[history.node_index] if len(nodes) > history.node_index else None
        transparent = type(layer).__name__ in TRANSPARENT
        if not transparent or node is None or not node.input_tensors:
            if activation is None:
                activation = "linear" if reading.has_kernel(layer) else None
            break
        current = node.input_tensors[0]
    return core.Output(
        name=str(name),
        layer=operation.name,
        shape=shape,
        width=_width(shape),
        activation=activation,
    )


def _input_shapes(model: Any, calls: list[Call]) -> tuple[tuple[int | None, ...], ...]:
    inputs = getattr(model, "inputs", None)
    if inputs:
        return tuple(shape_of(t) for t in inputs)
    if isinstance(inputs, Mapping):
        return tuple(shape_of(t) for t in inputs.values())
    return (calls[0].input_shape,) if calls else ()
