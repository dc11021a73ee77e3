"""What the trained model answers on a sample of a split, in inference mode."""

from __future__ import annotations

import contextlib
import math
import time
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
    end = time.monotonic() + seconds
    with unheard():
        for x, y, numbers in batches:
            if y is None or (parts and time.monotonic() > end):
                break
            parts.append(_answer(model, x, y))
            rows.append(numbers if numbers is not None else np.full(len(parts[-1][0]), -1))
    if not parts:
        return None
    truth = np.concatenate([p[0] for p in parts])
    given = np.concatenate([p[1] for p in parts])
    losses = [p[2] for p in parts if p[2] is not None]
    loss = np.concatenate(losses) if len(losses) == len(parts) else None
    answered = score(form, truth, given, _loss_name(model))
    return _predictions(role, answered, given, loss, np.concatenate(rows))


def _answer(model: Any, x: Any, y: Any) -> tuple[Floats, Floats, Floats | None]:
    """True values, answers and loss of each example, for the first output."""
    import keras

    takes_training = getattr(model, "_call_has_training_arg", True)
    out = model(x, training=False) if takes_training else model(x)
    given = keras.tree.flatten(out)[0]
    truth = keras.tree.flatten(y)[0]
    compiled = getattr(model, "_compile_loss", None)
    flat = getattr(compiled, "_flat_losses", None)
    loss: Floats | None = None
    if flat:
        with contextlib.suppress(Exception):
            loss = _loss_per_example(flat[0].loss, truth, given)
    return _array(truth), _array(given), loss


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


def _loss_name(model: Any) -> str:
    flat = getattr(getattr(model, "_compile_loss", None), "_flat_losses", None)
    if not flat:
        return ""
    loss = flat[0].loss
    return str(getattr(getattr(loss, "fn", None), "__name__", type(loss).__name__))


def _floats(values: Any) -> tuple[float, ...]:
    return tuple(float(v) for v in np.atleast_1d(values))
