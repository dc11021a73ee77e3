"""What the trained model answers on a sample of a split, in inference mode."""

from __future__ import annotations

import contextlib
import math
import time
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from convalesce import core
from convalesce.observe.guard import unheard
from convalesce.observe.score import Answered, score

MOST_EXAMPLES = 2048
BATCH = 128
HARDEST = 32

Floats = NDArray[np.float64]


def read_answers(
    model: Any,
    batches: list[tuple[Any, Any, NDArray[np.int64] | None]],
    *,
    role: core.Role,
    form: str,
    seconds: float,
) -> core.Predictions | None:
    """Answers on a sample; None where the model keeps state between batches or has no target.

    Args:
        model: A built model.
        batches: `(x, y, rows)`: structures of numpy arrays, row numbers where they are known.
        role: The split that they are from.
        form: `core.Targets.form` of the first target.
        seconds: No further batch is begun after so many.
    """
    layers = getattr(model, "_flatten_layers", list)
    if any(getattr(layer, "stateful", False) for layer in layers()):
        return None
    parts: list[tuple[Floats, Floats, Floats | None]] = []
    rows: list[NDArray[np.int64]] = []
    end, output = time.monotonic() + seconds, ""
    with unheard():
        for x, y, numbers in batches:
            if y is None or (parts and time.monotonic() > end):
                break
            output, truth, given, each = _answer(model, x, y)
            parts.append((truth, given, each))
            rows.append(numbers if numbers is not None else np.full(len(parts[-1][0]), -1))
    if not parts:
        return None
    truth = np.concatenate([p[0] for p in parts])
    given = np.concatenate([p[1] for p in parts])
    losses = [p[2] for p in parts if p[2] is not None]
    loss = np.concatenate(losses) if len(losses) == len(parts) else None
    answered = score(form, truth, given, _name_of(_loss_at(model, output)))
    return _predictions(role, answered, given, loss, np.concatenate(rows))


def _answer(model: Any, x: Any, y: Any) -> tuple[str, Floats, Floats, Floats | None]:
    """Name of the first output; true values, answers and loss of each example there."""
    takes_training = getattr(model, "_call_has_training_arg", True)
    out = model(x, training=False) if takes_training else model(x)
    given, truth, name = _first(model, out, y)
    asked = _loss_at(model, name)
    loss: Floats | None = None
    if asked is not None:
        with contextlib.suppress(Exception):
            loss = _loss_per_example(asked, truth, given)
    return name, _array(truth), _array(given), loss


def _first(model: Any, out: Any, y: Any) -> tuple[Any, Any, str]:
    """The first output, its targets and its name; no name where there is one only."""
    names, given, truths = outputs_and_targets(model, out, y)
    return given[0], truths[0], names[0] if len(names) > 1 else ""


def outputs_and_targets(model: Any, out: Any, y: Any) -> tuple[list[str], list[Any], list[Any]]:
    """Names, outputs and targets, side by side as far as their names tell.

    Targets by name come in the order of their names, a model's outputs in its own. Names are empty
    where there are none.
    """
    import keras

    given, truths = keras.tree.flatten(out), keras.tree.flatten(y)
    keyed = isinstance(out, Mapping)
    names = sorted(map(str, out)) if keyed else list(output_names(model))
    if len(names) != len(given):
        return [], given, truths
    if isinstance(y, Mapping) and set(map(str, y)) <= set(names):
        answered = [(n, g) for n, g in zip(names, given, strict=True) if n in y]
        names, given = [n for n, _ in answered], [g for _, g in answered]
        truths = [keras.tree.flatten(y[name])[0] for name in names]
    return names, given, truths


def first_targets(model: Any, y: Any) -> Any:
    """Targets of the first output that has some."""
    import keras

    named = [y[n] for n in output_names(model) if n in y] if isinstance(y, Mapping) else []
    return keras.tree.flatten(named or y)[0]


def output_names(model: Any) -> tuple[str, ...]:
    """Names of the outputs, in the model's order; none of a subclassed model."""
    return tuple(map(str, getattr(model, "output_names", None) or ()))


def _loss_at(model: Any, name: str) -> Any:
    """The loss of one output; None before the first step of a compiled model."""
    flat = getattr(getattr(model, "_compile_loss", None), "_flat_losses", None) or []
    named = [entry for entry in flat if str(entry.name) == name]
    return (named or flat)[0].loss if flat else None


def _loss_per_example(loss: Any, truth: Any, given: Any) -> Floats | None:
    import keras

    truth = keras.ops.convert_to_tensor(truth)
    if truth.dtype != given.dtype and "int" not in str(truth.dtype):
        truth = keras.ops.cast(truth, given.dtype)
    if len(truth.shape) == len(given.shape) - 1 and given.shape[-1] == 1:
        truth = keras.ops.expand_dims(truth, -1)
    each = _array(loss.call(truth, given))
    count = int(given.shape[0])
    if each.shape[:1] != (count,):
        return np.full(count, float(each.mean()))
    return np.asarray(each.reshape(count, -1).mean(-1))


def _array(tensor: Any) -> Floats:
    if hasattr(tensor, "numpy"):
        tensor = tensor.numpy()
    values = np.asarray(tensor)
    if values.dtype.kind not in "biuf" and values.dtype.name != "bfloat16":
        return np.zeros((len(values),))
    return np.asarray(values, np.float64)


def _predictions(
    role: core.Role,
    answered: Answered,
    given: Floats,
    loss: Floats | None,
    rows: NDArray[np.int64],
) -> core.Predictions:
    units = given.reshape(-1, given.shape[-1]) if given.ndim > 1 else given.reshape(-1, 1)
    units = units[:, :256]
    finite = bool(np.isfinite(units).all())
    with np.errstate(all="ignore"):
        std = units.std(0)
        scale = float(np.abs(units).max(initial=0.0))
        constant = len(given) > 1 and finite and bool((_spread(given) <= 1e-6 * scale).all())
        hardest = (
            np.argsort(np.nan_to_num(loss, nan=np.inf))[::-1][:HARDEST]
            if loss is not None
            else np.zeros(0, np.int64)
        )
        mean_loss = float(loss.mean()) if loss is not None and loss.size else math.nan
        return core.Predictions(
            role=role,
            examples=len(given),
            loss=mean_loss,
            baseline_loss=answered.baseline_loss,
            accuracy=answered.accuracy,
            baseline_accuracy=answered.baseline_accuracy,
            r2=answered.r2,
            minimum=_floats(units.min(0)),
            maximum=_floats(units.max(0)),
            mean=_floats(units.mean(0)),
            std=_floats(std),
            finite=finite,
            constant=constant,
            confusion=answered.confusion,
            positive_share=answered.positive_share,
            iou=answered.iou,
            surer_error=answered.surer_error,
            hardest=tuple(int(r) for r in rows[hardest] if r >= 0),
            hardest_loss=_floats(loss[hardest]) if loss is not None else (),
        )


def _spread(given: Floats) -> Floats:
    """Largest difference between examples, at each output position."""
    return np.asarray(given.max(0) - given.min(0)).reshape(-1)


def _name_of(loss: Any) -> str:
    if loss is None:
        return ""
    return str(getattr(getattr(loss, "fn", None), "__name__", type(loss).__name__))


def _floats(values: Any) -> tuple[float, ...]:
    return tuple(float(v) for v in np.atleast_1d(values))
