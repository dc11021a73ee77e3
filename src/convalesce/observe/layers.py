"""Reads one Keras layer: kind, activation, initialiser, weights, geometry, penalties."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from convalesce import core
from convalesce.observe.calls import Operation
from convalesce.observe.sites import site_of

MOST_ENTRIES = 2_000_000  # of a kernel that are read; beyond that, a part stands for the whole

ACTIVATION_LAYERS = {
    "ReLU": "relu",
    "LeakyReLU": "leaky_relu",
    "PReLU": "prelu",
    "ELU": "elu",
    "Softmax": "softmax",
    "Relu": "relu",
    "Sigmoid": "sigmoid",
    "Tanh": "tanh",
    "Gelu": "gelu",
    "Silu": "silu",
}


def read_layer(layer: Any) -> core.Layer:
    """Everything of a layer that does not depend on where it stands in the model."""
    if isinstance(layer, Operation):
        return core.Layer(
            name=layer.name, path=layer.name, kind=layer.kind, activation=layer.activation
        )
    kernel = kernel_of(layer)
    values = _numbers(kernel)
    initializer, numbers = _initializer(layer)
    penalties = _penalties(layer)
    return core.Layer(
        name=str(getattr(layer, "name", type(layer).__name__)),
        path=str(getattr(layer, "path", getattr(layer, "name", ""))),
        kind=type(layer).__name__,
        activation=activation_of(layer),
        parameters=_count(getattr(layer, "weights", ())),
        trainable_parameters=_count(getattr(layer, "trainable_weights", ())),
        trainable=bool(getattr(layer, "trainable", False)),
        kernel_shape=tuple(int(d) for d in kernel.shape) if kernel is not None else (),
        initializer=initializer,
        initializer_values=numbers,
        kernel_mean=float(values.mean()) if values is not None and values.size else math.nan,
        kernel_std=float(values.std()) if values is not None and values.size else math.nan,
        kernel_columns_equal=_equal_columns(values),
        fan_in=fan_in(kernel) if kernel is not None else None,
        l1=penalties[0],
        l2=penalties[1],
        rate=_rate(layer),
        strides=_ints(getattr(layer, "strides", ())),
        kernel_size=_ints(getattr(layer, "kernel_size", None) or getattr(layer, "pool_size", ())),
        dilation=_ints(getattr(layer, "dilation_rate", ())),
        padding=str(getattr(layer, "padding", "") or ""),
        settings=plain_settings(_config(layer)) | _adapted(layer),
        site=site_of(layer),
    )


def _adapted(layer: Any) -> dict[str, float | str]:
    """Whether a layer that takes its figures from data has been shown any."""
    mean, variance = getattr(layer, "adapt_mean", None), getattr(layer, "adapt_variance", None)
    if mean is None or variance is None:
        return {}
    idle = not np.any(np.asarray(mean)) and bool(np.all(np.asarray(variance) == 1))
    return {"adapted": float(not idle)}


def activation_of(layer: Any) -> str | None:
    """Name of the activation; None for layers that have no such notion."""
    if isinstance(layer, Operation):
        return layer.activation
    kind = type(layer).__name__
    if kind in ACTIVATION_LAYERS:
        return ACTIVATION_LAYERS[kind]
    inner = getattr(layer, "layer", None) or getattr(layer, "forward_layer", None)
    if not hasattr(layer, "activation") and inner is not None:
        return activation_of(inner)
    activation = getattr(layer, "activation", None)
    if activation is None:
        return "linear" if has_kernel(layer) and hasattr(layer, "activation") else None
    name = getattr(activation, "__name__", None) or getattr(activation, "name", None)
    return str(name or type(activation).__name__)


def has_kernel(layer: Any) -> bool:
    """It multiplies its input by weights of its own."""
    return kernel_of(layer) is not None


def kernel_of(layer: Any) -> Any:
    """The main weight variable of a layer, or None."""
    holders = [layer, getattr(layer, "cell", None), getattr(layer, "layer", None)]
    holders.append(getattr(layer, "forward_layer", None))
    holders.append(getattr(getattr(layer, "forward_layer", None), "cell", None))
    for holder in holders:
        for name in ("_kernel", "kernel", "depthwise_kernel", "_embeddings", "embeddings"):
            try:
                value = getattr(holder, name, None)
            except (AttributeError, ValueError):  # Keras raises until the layer is built
                continue
            if value is not None and hasattr(value, "shape") and hasattr(value, "numpy"):
                return value
    return None


def fan_in(kernel: Any) -> int:
    """Inputs of one unit: all axes of the kernel but the last."""
    shape = tuple(int(d) for d in kernel.shape)
    return int(np.prod(shape[:-1])) if len(shape) > 1 else 1


def as_initialized(layer: Any) -> bool | None:
    """Whether the weights are as Keras's initialisers leave them; None where that can't be told.

    A bias that should be zero and is not, moving statistics that have moved, or a kernel outside
    its initialiser's range: the weights were loaded or trained before.
    """
    kind = type(layer).__name__
    if kind == "BatchNormalization":
        mean, var = _numbers(layer.moving_mean), _numbers(layer.moving_variance)
        if mean is None or var is None:
            return None
        return bool(np.all(mean == 0) and np.all(var == 1))
    kernel = _numbers(kernel_of(layer))
    if kernel is None or not kernel.size:
        return None
    bias = getattr(layer, "bias", None)
    zero_bias = type(getattr(layer, "bias_initializer", None)).__name__ == "Zeros"
    if bias is not None and zero_bias and np.any(_numbers(bias) != 0):
        return False
    initializer, numbers = _initializer(layer)
    bound = _bound(initializer, numbers, kernel_of(layer))
    if bound is None:
        return None
    return bool(np.abs(kernel).max() <= bound * 1.001)


def _bound(initializer: str | None, numbers: dict[str, float], kernel: Any) -> float | None:
    """Largest magnitude that an initialiser draws; truncated normals end at two deviations."""
    shape = tuple(int(d) for d in kernel.shape)
    receptive = int(np.prod(shape[:-2])) if len(shape) > 2 else 1
    rows, columns = (shape[-2], shape[-1]) if len(shape) > 1 else (shape[0], shape[0])
    inward, outward = rows * receptive, columns * receptive
    if initializer in {"GlorotUniform", "GlorotNormal"}:
        scale, fan = 1.0, (inward + outward) / 2
    elif initializer in {"HeUniform", "HeNormal"}:
        scale, fan = 2.0, inward
    elif initializer in {"LecunUniform", "LecunNormal"}:
        scale, fan = 1.0, inward
    elif initializer == "RandomUniform":
        return max(abs(numbers.get("minval", -0.05)), abs(numbers.get("maxval", 0.05)))
    elif initializer == "TruncatedNormal":
        return 2 * numbers.get("stddev", 0.05)
    else:
        return None
    if initializer.endswith("Uniform"):
        return math.sqrt(3 * scale / max(fan, 1))
    return 2 * math.sqrt(scale / max(fan, 1)) / 0.87962566103423978


def plain_settings(config: dict[str, Any]) -> dict[str, float | str]:
    """Numbers and words of a configuration; the parts of a tuple get `_0`, `_1`."""
    out: dict[str, float | str] = {}
    for key, value in config.items():
        if isinstance(value, bool | int | float | np.number):
            out[key] = float(value)
        elif isinstance(value, str):
            out[key] = value[:200]
        elif isinstance(value, list | tuple) and len(value) <= 8:
            parts = {f"{key}_{i}": part for i, part in enumerate(value)}
            out.update(plain_settings(parts))
    return out


def _config(layer: Any) -> dict[str, Any]:
    try:
        config = layer.get_config()
    except Exception:  # noqa: BLE001 - a user's own layer may have no configuration
        return {}
    return {k: v for k, v in config.items() if k not in {"name", "dtype", "trainable"}}


def _initializer(layer: Any) -> tuple[str | None, dict[str, float]]:
    for holder in (layer, getattr(layer, "cell", None), getattr(layer, "layer", None)):
        for name in ("kernel_initializer", "depthwise_initializer", "embeddings_initializer"):
            value = getattr(holder, name, None)
            if value is not None:
                return type(value).__name__, _initializer_numbers(value)
    return None, {}


def _initializer_numbers(initializer: Any) -> dict[str, float]:
    try:
        config = initializer.get_config()
    except Exception:  # noqa: BLE001 - a user's own initialiser may have no configuration
        return {}
    numbers = {k: v for k, v in config.items() if k != "seed"}
    return {
        k: float(v)
        for k, v in numbers.items()
        if isinstance(v, int | float) and not isinstance(v, bool)
    }


def _penalties(layer: Any) -> tuple[float, float]:
    regularizer = getattr(layer, "kernel_regularizer", None)
    regularizer = regularizer or getattr(layer, "embeddings_regularizer", None)
    if regularizer is None:
        return 0.0, 0.0
    return _number(getattr(regularizer, "l1", 0.0)), _number(getattr(regularizer, "l2", 0.0))


def _rate(layer: Any) -> float | None:
    if "Dropout" not in type(layer).__name__:
        return None
    return _number(getattr(layer, "rate", 0.0))


def _number(value: Any) -> float:
    try:
        return float(value)
    except (TypeError, ValueError):
        return 0.0


def _ints(value: Any) -> tuple[int, ...]:
    if isinstance(value, int):
        return (value,)
    try:
        return tuple(int(v) for v in value)
    except TypeError:
        return ()


def _count(weights: Any) -> int:
    return sum(int(np.prod(w.shape)) for w in weights)


def _numbers(variable: Any) -> NDArray[np.float64] | None:
    if variable is None:
        return None
    values = np.asarray(variable.numpy() if hasattr(variable, "numpy") else variable)
    if values.size > MOST_ENTRIES and values.ndim > 1:
        rows = max(1, MOST_ENTRIES // int(np.prod(values.shape[1:])))
        values = values[:rows]
    return values.astype(np.float64)


def _equal_columns(values: NDArray[np.float64] | None) -> float:
    """Share of output columns that equal an earlier one."""
    if values is None or values.ndim < 2 or values.shape[-1] < 2:
        return 0.0
    columns = values.reshape(-1, values.shape[-1]).T
    return 1 - len({column.tobytes() for column in columns[:4096]}) / len(columns[:4096])
