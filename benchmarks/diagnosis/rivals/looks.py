"""Readings of a record that the rivals share: what is there, what stood at an epoch's end."""

from __future__ import annotations

from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from convalesce import core
from convalesce.readings import flow, structure

T = TypeVar("T")
Floats = NDArray[np.float64]

ACCURACIES = (
    "accuracy",
    "acc",
    "sparse_categorical_accuracy",
    "categorical_accuracy",
    "binary_accuracy",
)


def seen(signals: core.Signals, signal: core.Signal[T]) -> T | None:
    """The recorded value; None where there is none."""
    found: T | None = signals.recorded.get(signal)
    return found


def curve(signals: core.Signals, *names: str, validation: bool = False) -> Floats:
    """The first of these metrics that was measured, one value an epoch; empty where none was."""
    history = seen(signals, core.HISTORY)
    prefix = "val_" if validation else ""
    for name in names:
        values = history.curve(prefix + name) if history is not None else ()
        if values:
            return np.asarray(values, np.float64)
    return np.zeros(0)


def epochs(signals: core.Signals) -> int:
    """Epochs that ran to their end."""
    history = seen(signals, core.HISTORY)
    return history.epochs if history is not None else 0


def at_epoch_ends(signals: core.Signals, series: core.Series) -> list[int | None]:
    """For each epoch, the last look within it; None where no step of it was looked at."""
    history, count = seen(signals, core.HISTORY), epochs(signals)
    if not count or history is None or not history.steps or not len(series):
        return [None] * count
    loss = seen(signals, core.LOSS)
    start = loss.steps[0] if loss is not None and len(loss) else series.steps[0]
    each = history.steps / count
    found: list[int | None] = []
    for epoch in range(count):
        last = int(np.searchsorted(series.steps, start + (epoch + 1) * each)) - 1
        inside = last >= 0 and series.steps[last] >= start + epoch * each
        found.append(last if inside else None)
    return found


def kernels(signals: core.Signals, signal: core.Signal[core.Series]) -> dict[str, Floats]:
    """Columns of the main weights, in the order of calls: layer name to values over time."""
    model, series = seen(signals, core.MODEL), seen(signals, signal)
    if model is None or series is None:
        return {}
    return _known(flow.of_kernels(model, series))


def sizes(signals: core.Signals) -> dict[str, int]:
    """Entries of each main weight."""
    model = seen(signals, core.MODEL)
    layers = structure.weighted(model) if model is not None else ()
    return {layer.name: max(structure.count(layer.kernel_shape), 1) for layer in layers}


def layers(signals: core.Signals) -> tuple[core.Layer, ...]:
    """Layers of the model, in the order of calls."""
    model = seen(signals, core.MODEL)
    return model.layers if model is not None else ()


def activations(
    signals: core.Signals, signal: core.Signal[core.Series], *kinds: str
) -> dict[str, Floats]:
    """Columns of layers with one of these activations (of all, without): name to values."""
    model, series = seen(signals, core.MODEL), seen(signals, signal)
    if model is None or series is None:
        return {}
    chosen = flow.of_layers(model, series, lambda layer: not kinds or layer.activation in kinds)
    return _known(chosen)


def _known(columns: dict[str, Floats]) -> dict[str, Floats]:
    """Without those that were not recorded at any look: some compiled steps hide them."""
    return {name: values for name, values in columns.items() if not np.isnan(values).all()}


def losses(signals: core.Signals) -> core.Series | None:
    """Loss of each step; None where it was not recorded, or could not be read at any step."""
    series = seen(signals, core.LOSS)
    if series is None or not np.isnan(series.values).all():
        return series
    return None if np.isfinite(curve(signals, "loss")).any() else series


def input_range(signals: core.Signals) -> tuple[float, float]:
    """Smallest and largest number that enters the model; nan where none is known.

    Token ids are left out, in the rivals' favour: their rules are meant for pixels and features.
    """
    train = seen(signals, core.TRAIN)
    if train is None:
        return np.nan, np.nan
    low, high = seen(signals, core.INPUT_MIN), seen(signals, core.INPUT_MAX)
    found: list[float] = []
    for i, given in enumerate(train.inputs):
        if given.kind == "tokens":
            continue
        fed = [s for s in (low, high) if s is not None and s.values.ndim == 2]
        if len(fed) == 2 and all(s.values.shape[1] == len(train.inputs) for s in fed):
            found += [float(v) for s in fed for v in s.values[:, i]]
        else:
            found += [*given.minimum, *given.maximum]
    finite = [v for v in found if np.isfinite(v)]
    return (min(finite), max(finite)) if finite else (np.nan, np.nan)


def any_nonfinite(*values: Any) -> bool:
    """A recorded count of non-finite entries is above zero, or a value itself is not finite."""
    return any(bool((~np.isfinite(np.asarray(v, np.float64))).any()) for v in values)


def first_output(signals: core.Signals) -> core.Output | None:
    """The first output of the model; None where it is not known."""
    model = seen(signals, core.MODEL)
    return model.outputs[0] if model is not None and model.outputs else None


def first_loss(signals: core.Signals) -> core.Loss | None:
    """The loss of the first output; None where it is not known."""
    setup = seen(signals, core.SETUP)
    return setup.losses[0] if setup is not None and setup.losses else None
