"""EarlyStopping and ReduceLROnPlateau, set up from the curves of an earlier training.

How long to wait is read off the curve: while it still improved, so many epochs passed between one
record and the next. A patience below that would have stopped a training that was getting better.
Prechelt, *Early Stopping - But When?*, in Neural Networks: Tricks of the Trade, 1998, on curves
with many local minima.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from convalesce.readings import waiting

FEWEST = 5  # epochs below which a curve tells nothing about noise
SMALL = 0.5  # noise that a record has to beat, for a plateau
FACTOR = 0.3  # of the rate, on a plateau
HIGHER_IS_BETTER = ("acc", "auc", "precision", "recall", "f1", "iou", "r2", "score", "dice")


@dataclass(frozen=True, slots=True)
class Wait:
    """What a curve says about waiting.

    Attributes:
        longest: Most epochs between one record and the next, up to the best epoch.
        noise: Standard deviation of the curve from one epoch to the next, its course taken off.
        mode: `min` or `max`: what is better.
    """

    longest: int
    noise: float
    mode: Literal["min", "max"]


def early_stopping(history: Any, monitor: str = "val_loss", **settings: Any) -> Any:
    """A `keras.callbacks.EarlyStopping` that gives back the best weights.

    Args:
        history: What `fit` returned, or its `history`: figures by name, one an epoch.
        monitor: The curve to follow. For accuracies and scores higher is better, for all else
            lower.
        settings: Other arguments of the callback, before those that are read off the curve.

    Returns:
        Patience is 1.5 times the longest wait for a record while the curve improved, 3 to 50
        epochs; `restore_best_weights=True`.

    Raises:
        ValueError: The curve is not there, or is shorter than 5 epochs.
    """
    import keras

    wait = read_wait(history, monitor)
    return keras.callbacks.EarlyStopping(
        **{
            "monitor": monitor,
            "mode": wait.mode,
            "patience": patience(wait),
            "restore_best_weights": True,
            **settings,
        }
    )


def reduce_on_plateau(history: Any, monitor: str = "val_loss", **settings: Any) -> Any:
    """A `keras.callbacks.ReduceLROnPlateau` that acts before early stopping would.

    Args:
        history: What `fit` returned, or its `history`.
        monitor: The curve to follow.
        settings: Other arguments of the callback, before those that are read off the curve.

    Returns:
        Patience is half of that of `early_stopping`, two epochs at the least; only an improvement
        of half the noise counts; the rate goes to 0.3 of what it was, and a pause as long as
        the patience follows.

    Raises:
        ValueError: The curve is not there, or is shorter than 5 epochs.
    """
    import keras

    wait = read_wait(history, monitor)
    epochs = waiting.on_plateau(wait.longest)
    return keras.callbacks.ReduceLROnPlateau(
        **{
            "monitor": monitor,
            "mode": wait.mode,
            "patience": epochs,
            "factor": FACTOR,
            "min_delta": SMALL * wait.noise,
            "cooldown": epochs,
            **settings,
        }
    )


def patience(wait: Wait) -> int:
    """Epochs without a record after which no further one is waited for."""
    return waiting.patience(wait.longest)


def read_wait(history: Any, monitor: str) -> Wait:
    """Longest wait and noise of one curve.

    Raises:
        ValueError: The curve is not there, or is shorter than 5 epochs.
    """
    curves = getattr(history, "history", history)
    if not isinstance(curves, Mapping):
        raise ValueError(  # noqa: TRY004 - one kind of error for what does not fit
            f"history is of type {type(history).__name__}; what fit returned is expected"
        )
    if monitor not in curves:
        there = ", ".join(sorted(curves)) or "no curve"
        raise ValueError(
            f"the history has no {monitor}; there are {there}. Give fit its validation_data, or "
            "name another curve to monitor"
        )
    values = _finite(curves[monitor])
    if len(values) < FEWEST:
        raise ValueError(
            f"{monitor} has {len(values)} finite values; {FEWEST} at the least are needed to tell "
            "noise from a course"
        )
    higher = any(word in monitor for word in HIGHER_IS_BETTER)
    seen = waiting.waited(-values if higher else values)
    return Wait(seen.longest, seen.noise, "max" if higher else "min")


def _finite(curve: Sequence[float]) -> NDArray[np.float64]:
    values = np.asarray(curve, np.float64)
    return values[np.isfinite(values)]
