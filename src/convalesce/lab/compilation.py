"""How a model is compiled, put aside and back again, so that nothing is traced twice."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from convalesce import core
from convalesce.lab.setting import optimizer_like
from convalesce.observe.guard import plain_float
from convalesce.observe.kept import State

# What `compile` and `make_…_function` leave on a model.
PARTS = (
    "optimizer",
    "loss",
    "compiled",
    "jit_compile",
    "run_eagerly",
    "auto_scale_loss",
    "stop_training",
    "train_function",
    "test_function",
    "predict_function",
    "_steps_per_execution",
    "steps_per_execution",
    "_compile_loss",
    "_compile_metrics",
    "_compile_config",
    "_compiled_trainable_state",
    "_loss_tracker",
    "_jit_compile",
    "_run_eagerly",
)


def put_aside(model: Any) -> dict[str, Any]:
    """The parts of a model that compile made."""
    return {name: vars(model)[name] for name in PARTS if name in vars(model)}


def put_back(model: Any, parts: Mapping[str, Any]) -> None:
    """Make a model as compiled as it was when they were put aside.

    Past Keras's own bookkeeping, which would follow the optimizer's variables a second time.
    """
    for name in PARTS:
        vars(model).pop(name, None)
    vars(model).update(parts)


def compile_anew(model: Any, keywords: Mapping[str, Any]) -> None:
    """Compile with a fresh copy of the optimizer.

    Raises:
        core.CannotChange: The model's own `compile` or train step takes no other set-up.
    """
    if not type(model).compile.__module__.startswith("keras."):
        raise core.CannotChange(f"{type(model).__name__} has a compile of its own")
    optimizer = keywords.get("optimizer")
    try:
        made = optimizer_like(optimizer) if optimizer is not None else None
        model.compile(**{**keywords, "optimizer": made})
        if made is not None:
            made.build(model.trainable_variables)
    except core.CannotChange:
        raise
    except Exception as error:
        raise core.CannotChange(f"it can't be compiled so: {error}") from error


def restore(model: Any, state: State, seed: int | None = None) -> None:
    """Weights of a snapshot; with a seed, what dropout and augmentation draw depends on it alone.

    Raises:
        core.CannotChange: The model has other variables than when it was kept.
    """
    if [tuple(v.shape) for v in model.variables] != [a.shape for a in state.model]:
        raise core.CannotChange("the model has other variables now than when it trained")
    for number, (variable, value) in enumerate(zip(model.variables, state.model, strict=True)):
        if seed is not None and "seed_generator_state" in variable.path:
            value = np.array([7919 * (seed + 1), number]).astype(value.dtype)  # noqa: PLW2901
        variable.assign(value)


def restore_optimizer(model: Any, state: State, factor: float = 1.0) -> None:
    """Slots and counters of a snapshot, and the rate times a factor."""
    optimizer = model.optimizer
    if optimizer is None:
        return
    for variable, value in zip(optimizer.variables, state.optimizer, strict=True):
        variable.assign(value)
    if factor != 1.0:
        optimizer.learning_rate = plain_float(optimizer.learning_rate) * factor
